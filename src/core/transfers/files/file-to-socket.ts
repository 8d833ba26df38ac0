/**
 * A file on its way to a connection: takes its turn on the write side, and has the disk, the pace and the user wait for
 * each other without keeping the thread.
 */
import { monotonicMs } from '../../../base/runtime-functions.js';
import type { Done } from '../../../sys/ffi/blocking-call.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { isLeftBlocking } from '../../../sys/file/open-description.js';
import { nativeSendfile, type SendfileCalls } from '../../../sys/socket/sendfile.js';
import type { BufferList } from '../../memory/buffer-list.js';
import type { DriverCounters } from '../../driver/driver.js';
import { READ_AHEAD_BYTES, READ_AHEAD_WINDOW_BYTES } from '../../limits.js';
import type { Descriptor } from '../../operations/operation.js';
import {
  COLD,
  FINISHED,
  PACED,
  SendFile,
  nameOf,
  type FileRange,
  type SendFileOwner,
} from '../../operations/send-file.js';
import { leaveReserve } from '../../memory/receive-buffer.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../reactor/timers.js';
import type { WriteEnd, WriteSide, WriteTurn } from '../../operations/write-turns.js';
import { TransferAccount } from '../account.js';
import { nativeFileReads, scratchAddress, type FileReads } from './file-reads.js';
import { Pace } from '../pace.js';

/** What to send, found out when the transfer begins. */
export interface FileSending {
  /** A promise where the file system may take its time to tell what the file is. */
  readonly range: FileRange | Promise<FileRange>;
  readonly before: BufferList;
  readonly after: BufferList;
  /** Called where it is refused before a byte moved: `before` and `after` are to be their owners' again. */
  readonly giveBack?: () => void;
  /** Called when the file is needed no longer. */
  readonly releaseFile?: () => void;
}

/** The kernel's part, in an object so that a test can play it. */
export interface FileToSocketCalls {
  readonly sendfile: SendfileCalls;
  readonly reads: FileReads;
}

export interface FileToSocketOptions {
  /** What the user calls the connection. */
  readonly sinkName?: string;
  readonly calls?: FileToSocketCalls;
}

/** Until the file system has told. */
const UNKNOWN_RANGE: FileRange = { fd: -1, device: -1, offset: 0, lengthBytes: 0 };

export class FileToSocket implements WriteTurn, SendFileOwner, TimerOwner {
  readonly account = new TransferAccount('sendfile');
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};

  readonly sinkName: string;

  /** From `start` on. */
  private operation!: SendFile;
  private readonly sendfile: SendfileCalls;
  private readonly reads: FileReads;
  private file!: FileRange;
  private releaseFile: () => void = () => {};
  private giveBack: () => void = () => {};
  private descriptor: Descriptor | undefined = undefined;
  private timer: Timer = NO_TIMER;
  private isOver = false;
  private isPaused = false;
  /** A call on the file is under way on the pool, and whether the operation waits for it. */
  private isReading = false;
  private isWaitingForRead = false;
  /** The file was read up to here, so that it may be in memory; how far it is, is looked at before each call. */
  private warmUntil = 0;
  /** While the answer to a read is being told: what it read. */
  private freshUntil = 0;
  /** What had gone at the last look. */
  private sentAtLook = 0;
  /** The file had to be read from the disk: it is read ahead from then on. */
  private isCold = false;

  constructor(
    private readonly end: WriteEnd,
    { sinkName = 'connection', calls }: FileToSocketOptions = {},
  ) {
    this.sinkName = sinkName;
    this.sendfile = calls?.sendfile ?? nativeSendfile();
    this.reads = calls?.reads ?? nativeFileReads;
  }

  private get target(): WriteSide {
    return this.end.writes;
  }

  start({ range: known, before, after, giveBack, releaseFile }: FileSending): void {
    this.releaseFile = releaseFile ?? this.releaseFile;
    this.giveBack = giveBack ?? this.giveBack;
    const range = known instanceof Promise ? UNKNOWN_RANGE : known;
    for (const list of [before, after]) leaveReserve(list, this.target.reactor.slab);
    this.operation = new SendFile(this, range, before, after, this.sendfile);
    if (known instanceof Promise) this.await(known);
    else this.setRange(known);
    try {
      this.target.takeTurn(this);
    } catch (error) {
      this.isOver = true;
      this.giveBack();
      this.operation.release();
      this.letGo();
      throw error;
    }
  }

  pause(): void {
    this.isPaused = true;
    // One that is over, and has not said so yet, has come to its end.
    if (this.operation.isWaiting) this.target.reactor.driver.cancel(this.operation);
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
    if (isLeftBlocking(descriptor.fd)) this.goByBuffers('others may share the socket, and have it wait');
    this.run();
  }

  broken(failure: Error): void {
    this.settle(failure);
  }

  // For the operation

  get counters(): DriverCounters {
    return this.target.reactor.driver.counters;
  }

  /** Looked at right before the call: what was in memory a while ago may have had to make room. */
  residentBytes(offset: number, wantedBytes: number): number {
    if (this.sendfile.refusesToWait) return wantedBytes;
    if (offset < this.freshUntil) return this.freshUntil - offset;
    const { bytesOut } = this.account;
    // No further than the socket takes: looking at 2 MiB for each 100 KiB that go costs more than sending them.
    const windowBytes = Math.max(READ_AHEAD_BYTES, 2 * (bytesOut - this.sentAtLook));
    this.sentAtLook = bytesOut;
    let lengthBytes = Math.min(wantedBytes, windowBytes);
    if (offset < this.warmUntil) lengthBytes = Math.min(lengthBytes, this.warmUntil - offset);
    const isResident = this.reads.isResident(this.file.fd, offset, lengthBytes);
    if (isResident === undefined) this.goByBuffers('this system does not tell what it has in memory');
    return isResident === true ? lengthBytes : 0;
  }

  onProgress(): void {
    this.target.onTurnProgress();
    if (this.isCold && !this.isReading) this.keepAhead();
  }

  onStop(): void {
    // A closed connection tells its turns later in the turn of the loop.
    if (this.isOver || this.target.isClosed) return;
    const { operation } = this;
    if (this.isPaused && operation.stop !== FINISHED) return;
    if (operation.stop === COLD) this.fetch();
    else if (operation.stop === PACED) this.waitForPace();
    else this.finish(operation.failure);
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.run();
  }

  /** Has the turn wait until the file system has told what the file is. */
  private await(range: Promise<FileRange>): void {
    this.isReading = true;
    this.isWaitingForRead = true;
    const settled = (tell: () => void): void => {
      this.isReading = false;
      if (this.isOver) this.letGo();
      else tell();
    };
    range.then(
      found =>
        settled(() => {
          this.setRange(found);
          this.operation.setRange(found);
          this.onRead();
        }),
      (failure: Error) =>
        settled(() => {
          this.operation.failFile(failure);
          this.finish(failure);
        }),
    );
  }

  private setRange(range: FileRange): void {
    this.file = range;
    // sendfile could not tell the end of a file that does not know its size from one that came early.
    if (range.lengthBytes === Infinity) this.goByBuffers('the file is made up as it is read');
    else if (range.lengthBytes === 0) this.account.path = 'none';
    else if (range.isRemote === true && !this.sendfile.refusesToWait) {
      this.goByBuffers('the file system may have to ask others');
    }
  }

  private goByBuffers(reason: string): void {
    this.account.path = 'buffers';
    this.account.fallback = reason;
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
    if (failure !== undefined) this.giveBack();
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
    const { operation } = this;
    const offset = this.warmUntil;
    const lengthBytes = Math.min(operation.end - offset, READ_AHEAD_BYTES);
    this.read(scratchAddress(), lengthBytes, offset, bytes => {
      if (bytes > 0) {
        this.warmUntil = offset + bytes;
        if (offset <= operation.position) this.freshUntil = this.warmUntil;
      } else if (lengthBytes > 0 && this.isWaitingForRead && offset === operation.position) {
        this.breakOff(bytes);
        return;
      } else {
        // The end came early, the disk fails, or too many wait for it: that is told when its turn has come.
        this.warmUntil = operation.end;
      }
      this.onRead();
      this.freshUntil = 0;
    });
  }

  /** Ends it where the file has no more to give, or the disk fails. @param result of the read. */
  private breakOff(result: number): void {
    const { operation } = this;
    this.isWaitingForRead = false;
    if (result === 0) operation.cutShort();
    else operation.failFile(new IoError(-result, 'pread', nameOf(this.file)));
    this.finish(operation.failure);
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
    const { operation, account, file, reads } = this;
    const lease = this.target.reactor.slab.borrow();
    const { position } = operation;
    const lengthBytes = Math.min(operation.end - position, lease.chunkBytes);
    account.calls++;
    const filled = (bytes: number): void => {
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
        this.breakOff(bytes);
        return;
      }
      this.onRead();
    };
    const now = file.isRemote === true ? undefined : reads.readNow?.(file, lease.address, lengthBytes, position);
    if (now !== undefined && now > 0) filled(now);
    else this.read(lease.address, lengthBytes, position, filled);
  }
}
