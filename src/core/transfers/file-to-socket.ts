/**
 * A file on its way to a connection: takes its turn on the write side, and has the disk, the pace and the user wait for
 * each other without keeping the thread.
 */
import { monotonicMs } from '../../base/runtime-functions.js';
import type { Done } from '../../sys/blocking-call.js';
import { IoError } from '../../sys/io-error.js';
import { nativeSendfile, type SendfileCalls } from '../../sys/sendfile.js';
import type { BufferList } from '../buffer-list.js';
import type { DriverCounters } from '../driver.js';
import { READ_AHEAD_BYTES, READ_AHEAD_WINDOW_BYTES } from '../limits.js';
import type { Descriptor } from '../operation.js';
import { COLD, PACED, SendFile, nameOf, type FileRange, type SendFileOwner } from '../operations/send-file.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../timers.js';
import type { WriteSide, WriteTurn } from '../write-turns.js';
import { TransferAccount } from './account.js';
import { nativeFileReads, scratchAddress, type FileReads } from './file-reads.js';
import { Pace } from './pace.js';

/** What to send, found out when the transfer begins. */
export interface FileSending {
  readonly range: FileRange;
  readonly before: BufferList;
  readonly after: BufferList;
  /** Called when the file is needed no longer. */
  readonly releaseFile?: () => void;
}

/** The kernel's part, in an object so that a test can play it. */
export interface FileToSocketCalls {
  readonly sendfile: SendfileCalls;
  readonly reads: FileReads;
}

export class FileToSocket implements WriteTurn, SendFileOwner, TimerOwner {
  readonly account = new TransferAccount('sendfile');
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};

  /** From `start` on. */
  private operation!: SendFile;
  private readonly sendfile: SendfileCalls;
  private readonly reads: FileReads;
  private file!: FileRange;
  private releaseFile: () => void = () => {};
  private descriptor: Descriptor | undefined = undefined;
  private timer: Timer = NO_TIMER;
  private isOver = false;
  private isPaused = false;
  /** A read is under way on the pool, and whether the operation waits for it. */
  private isReading = false;
  private isWaitingForRead = false;
  /** Bytes up to here were in memory when somebody looked. */
  private warmUntil = 0;
  /** The file had to be read from the disk: it is read ahead from then on. */
  private isCold = false;

  /**
   * @param prepare checks what the user gave. @throws what is wrong with it.
   * @param sinkName what the user calls the connection.
   */
  constructor(
    private readonly target: WriteSide,
    private readonly prepare: () => FileSending,
    calls?: FileToSocketCalls,
    readonly sinkName = 'connection',
  ) {
    this.sendfile = calls?.sendfile ?? nativeSendfile();
    this.reads = calls?.reads ?? nativeFileReads;
  }

  // For the transfer

  start(): void {
    const { range, before, after, releaseFile } = this.prepare();
    this.releaseFile = releaseFile ?? this.releaseFile;
    this.file = range;
    this.operation = new SendFile(this, range, before, after, this.sendfile);
    // A file that does not know its size is read to its end: sendfile could not tell that end from one that came early.
    if (range.lengthBytes === Infinity) {
      this.account.path = 'buffers';
      this.account.fallback = 'the file is made up as it is read';
    } else if (range.lengthBytes === 0) {
      this.account.path = 'none';
    }
    try {
      this.target.takeTurn(this);
    } catch (error) {
      this.isOver = true;
      this.operation.release();
      this.letGo();
      throw error;
    }
  }

  pause(): void {
    this.isPaused = true;
    this.target.reactor.driver.cancel(this.operation);
    this.stopTimer();
    this.target.onTurnProgress();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.run();
    this.target.onTurnProgress();
  }

  paceChanged(): void {
    if (this.timer === NO_TIMER) return;
    this.stopTimer();
    this.run();
  }

  cancel(reason: Error): void {
    if (this.isOver) return;
    this.target.reactor.driver.cancel(this.operation);
    this.target.endTurn(this);
    this.settle(reason);
  }

  // For the connection

  get bytesSent(): number {
    return this.account.bytesOut;
  }

  get queuedBytes(): number {
    const { before, buffer, after } = this.operation;
    return before.length + buffer.length + after.length;
  }

  get isHeld(): boolean {
    return this.isPaused || this.isWaitingForRead || this.timer !== NO_TIMER;
  }

  begin(descriptor: Descriptor): void {
    this.descriptor = descriptor;
    this.run();
  }

  broken(failure: Error): void {
    this.settle(failure);
  }

  // For the operation

  get counters(): DriverCounters {
    return this.target.reactor.driver.counters;
  }

  residentBytes(offset: number, wantedBytes: number): number {
    if (offset < this.warmUntil) return this.warmUntil - offset;
    if (this.sendfile.refusesToWait) return wantedBytes;
    const lengthBytes = Math.min(this.operation.end - offset, READ_AHEAD_WINDOW_BYTES);
    if (this.reads.isResident(this.file.fd, offset, lengthBytes) !== true) return 0;
    this.warmUntil = offset + lengthBytes;
    return lengthBytes;
  }

  onProgress(): void {
    this.target.onTurnProgress();
    if (this.isCold && !this.isReading) this.keepAhead();
  }

  onStop(): void {
    // A closed connection tells its turns later in the turn of the loop.
    if (this.isOver || this.isPaused || this.target.isClosed) return;
    const { operation } = this;
    if (operation.stop === COLD) this.fetch();
    else if (operation.stop === PACED) this.waitForPace();
    else this.finish(operation.failure);
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.run();
  }

  private run(): void {
    if (this.isOver || this.isHeld || this.descriptor === undefined || this.target.isClosed) return;
    try {
      if (!this.target.reactor.driver.submit(this.descriptor, this.operation)) return;
    } catch (error) {
      this.target.breakTurn(error as Error);
      return;
    }
    this.onStop();
  }

  private finish(failure: Error | undefined): void {
    if (failure !== undefined && (this.account.bytesOut > 0 || !this.operation.isFileFailure)) {
      // Bytes were promised that will not come: whatever followed would be taken for them.
      this.target.breakTurn(failure);
      return;
    }
    this.target.endTurn(this);
    this.settle(failure);
  }

  private settle(failure: Error | undefined): void {
    if (this.isOver) return;
    this.isOver = true;
    this.stopTimer();
    this.operation.release();
    this.letGo();
    this.onSettled(failure);
  }

  private waitForPace(): void {
    this.timer = this.target.reactor.arm(this, 0, this.pace.delayMs(monotonicMs()));
    this.target.onTurnProgress();
  }

  private stopTimer(): void {
    this.target.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  // Reading

  private fetch(): void {
    this.isWaitingForRead = true;
    this.target.onTurnProgress();
    if (this.isReading) return;
    if (this.operation.isBuffered) {
      this.fillBuffer();
    } else {
      this.isCold = true;
      // Also where it was in memory before: the system may have needed the room.
      this.warmUntil = this.operation.position;
      this.readAhead();
    }
  }

  private onRead(): void {
    if (!this.isWaitingForRead) return;
    this.isWaitingForRead = false;
    this.run();
    this.target.onTurnProgress();
  }

  /** Reads on where the disk would soon be waited for; what is in memory anyway is passed over. */
  private keepAhead(): void {
    const { operation } = this;
    if (this.warmUntil - operation.position > READ_AHEAD_WINDOW_BYTES / 2 || this.warmUntil >= operation.end) return;
    if (this.warmUntil < operation.position) this.warmUntil = operation.position;
    this.readAhead();
  }

  private readAhead(): void {
    const offset = this.warmUntil;
    const lengthBytes = Math.min(this.operation.end - offset, READ_AHEAD_BYTES);
    this.read(scratchAddress(), lengthBytes, offset, bytes => {
      // The end came early, the disk fails, or too many wait for it: the call that sends will find out, and say it of the right byte.
      this.warmUntil = bytes > 0 ? offset + bytes : this.operation.end;
      this.onRead();
    });
  }

  /** @param done told the answer: in a later turn, but at once if the pool refuses. */
  private read(address: number, lengthBytes: number, offset: number, done: Done): void {
    this.isReading = true;
    const answered: Done = bytes => {
      this.isReading = false;
      done(bytes);
      if (this.isOver) this.letGo();
    };
    try {
      this.reads.read(this.file, address, lengthBytes, offset, answered);
    } catch (error) {
      answered(-(error as IoError).errno);
    }
  }

  /** The file may be closed once nobody reads it any more, be the transfer over or not. */
  private letGo(): void {
    if (this.isReading) return;
    this.releaseFile();
    this.releaseFile = () => {};
  }

  private fillBuffer(): void {
    const { operation, account } = this;
    const lease = this.target.reactor.slab.borrow();
    const lengthBytes = Math.min(operation.end - operation.position, lease.chunkBytes);
    account.calls++;
    this.read(lease.address, lengthBytes, operation.position, bytes => {
      if (this.isOver || bytes <= 0) lease.release();
      if (this.isOver) return;
      if (bytes > 0) {
        operation.buffer.appendLease(lease, 0, bytes);
        operation.position += bytes;
        account.bytesIn += bytes;
        account.residueBytes += bytes;
      } else if (bytes === 0 && operation.end === Infinity) {
        operation.end = operation.position;
      } else {
        this.isWaitingForRead = false;
        if (bytes === 0) operation.cutShort();
        else operation.failFile(new IoError(-bytes, 'pread', nameOf(this.file)));
        this.finish(operation.failure);
        return;
      }
      this.onRead();
    });
  }
}
