/**
 * A file on its way to a connection: takes its turn on the write side, and has the disk, the pace and the user wait for
 * each other without keeping the thread.
 */
import { monotonicMs } from '../../../base/runtime-functions.js';
import { isLeftBlocking } from '../../../sys/file/open-description.js';
import { nativeSendfile, type SendfileCalls } from '../../../sys/socket/sendfile.js';
import type { BufferList } from '../../memory/buffer-list.js';
import type { DriverCounters } from '../../driver/driver.js';
import type { Descriptor } from '../../operations/operation.js';
import { COLD, PACED, SendFile, type FileRange, type SendFileOwner } from '../../operations/send-file.js';
import { leaveReserve } from '../../memory/receive-buffer.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../reactor/timers.js';
import type { WriteEnd, WriteSide, WriteTurn } from '../../operations/write-turns.js';
import { TransferAccount } from '../account.js';
import { Pace } from '../pace.js';
import { nativeFileReads, type FileReads } from './file-reads.js';
import { FileSupply, type FileSupplyOwner } from './file-supply.js';
import { FILE_TO_SOCKET_TRANSITIONS, type FileToSocketEvent, type FileToSocketState } from './file-to-socket-states.js';

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

export class FileToSocket implements WriteTurn, SendFileOwner, FileSupplyOwner, TimerOwner {
  readonly account = new TransferAccount('sendfile');
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};
  state: FileToSocketState = 'in-line';

  readonly sinkName: string;

  /** From `start` on, as is `supply`. */
  private operation!: SendFile;
  private supply!: FileSupply;
  private readonly sendfile: SendfileCalls;
  private readonly reads: FileReads;
  private giveBack: () => void = () => {};
  /** From `begin` on. */
  private descriptor!: Descriptor;
  private timer: Timer = NO_TIMER;

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

  start({ range, before, after, giveBack, releaseFile }: FileSending): void {
    const { target, sendfile, reads } = this;
    const { slab } = target.reactor;
    this.giveBack = giveBack ?? this.giveBack;
    for (const list of [before, after]) leaveReserve(list, slab);
    const known = range instanceof Promise ? UNKNOWN_RANGE : range;
    const operation = (this.operation = new SendFile(this, known, before, after, sendfile));
    const { refusesToWait } = sendfile;
    this.supply = new FileSupply(this, { operation, reads, slab, refusesToWait, releaseFile });
    this.supply.open(range);
    try {
      target.takeTurn(this);
    } catch (error) {
      this.on('refused');
      this.giveBack();
      operation.release();
      this.supply.close();
      throw error;
    }
  }

  pause(): void {
    this.on('pause');
    if (isPaused(this.state)) this.target.onTurnProgress();
  }

  resume(): void {
    if (!isPaused(this.state)) return;
    this.on('resume');
    this.target.onTurnProgress();
  }

  paceChanged(): void {
    this.on('allowed');
  }

  cancel(reason: Error): void {
    this.settle('cancel', reason);
  }

  get bytesSent(): number {
    return this.account.bytesOut;
  }

  get queuedBytes(): number {
    const { before, buffer, after } = this.operation;
    return before.length + buffer.length + after.length;
  }

  get isHeld(): boolean {
    return this.state !== 'sending';
  }

  begin(descriptor: Descriptor): void {
    this.descriptor = descriptor;
    if (isLeftBlocking(descriptor.fd)) this.supply.goByBuffers('others may share the socket, and have it wait');
    this.on('begin');
  }

  broken(failure: Error): void {
    this.settle('broken', failure);
  }

  // For the operation

  get counters(): DriverCounters {
    return this.target.reactor.driver.counters;
  }

  residentBytes(offset: number, wantedBytes: number): number {
    return this.supply.residentBytes(offset, wantedBytes);
  }

  onProgress(): void {
    this.target.onTurnProgress();
    this.supply.keepAhead();
  }

  onStop(): void {
    const { stop } = this.operation;
    // A closed connection tells its turns later in the turn of the loop.
    if (this.target.isClosed) return;
    if (stop === COLD) this.on('cold');
    else if (stop === PACED) this.on('slow');
    else this.finish();
  }

  // For the file

  onSupplied(): void {
    this.on('warm');
    this.target.onTurnProgress();
  }

  onSupplyFailed(): void {
    this.finish();
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.on('allowed');
  }

  private on(event: FileToSocketEvent): void {
    const next = FILE_TO_SOCKET_TRANSITIONS[this.state][event];
    if (next !== undefined) this.enter(next);
  }

  /** Does what a state begins with. */
  private enter(state: FileToSocketState): void {
    this.state = state;
    switch (state) {
      case 'sending':
        this.stopTimer();
        this.run();
        break;
      case 'cold':
        this.target.onTurnProgress();
        this.supply.fetch();
        break;
      case 'pace':
        this.timer = this.target.reactor.arm(this, 0, this.pace.delayMs(monotonicMs()));
        this.target.onTurnProgress();
        break;
      case 'paused':
        // One that is over, and has not said so yet, has come to its end.
        if (this.operation.isWaiting) this.target.reactor.driver.cancel(this.operation);
        this.stopTimer();
        break;
      case 'over':
        this.target.reactor.driver.cancel(this.operation);
        this.stopTimer();
    }
  }

  private run(): void {
    if (this.target.isClosed) return;
    if (this.supply.state === 'awaited') return this.on('cold');
    try {
      if (!this.target.reactor.driver.submit(this.descriptor, this.operation)) return;
    } catch (error) {
      this.breakOff(error as Error);
      return;
    }
    this.onStop();
  }

  /** The operation has come to its end, or the file to its own. */
  private finish(): void {
    const { failure, isFileFailure } = this.operation;
    if (failure === undefined) this.settle('sent', undefined);
    else if (isFileFailure && this.account.bytesOut === 0) this.settle('refused', failure);
    else this.breakOff(failure);
  }

  /** Bytes were promised that will not come: whatever followed would be taken for them. */
  private breakOff(failure: Error): void {
    if (FILE_TO_SOCKET_TRANSITIONS[this.state].failed === undefined) return;
    this.on('failed');
    this.target.breakTurn(failure);
  }

  private settle(event: FileToSocketEvent, failure: Error | undefined): void {
    if (FILE_TO_SOCKET_TRANSITIONS[this.state][event] === undefined) return;
    this.on(event);
    if (event === 'refused') this.giveBack();
    if (event !== 'broken') this.target.endTurn(this);
    this.operation.release();
    this.supply.close();
    this.onSettled(failure);
  }

  private stopTimer(): void {
    this.target.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
  }
}

/** States in which the user has paused it. */
function isPaused(state: FileToSocketState): boolean {
  return state === 'paused' || state === 'in-line-paused';
}
