/**
 * What a connection receives on its way to a file: received while what came before is being written, up to a bound, so that
 * a disk that lags holds the peer back by its own window.
 */
import { monotonicMs } from '../../../base/runtime-functions.js';
import type { Done } from '../../../sys/ffi/blocking-call.js';
import { EIO } from '../../../sys/ffi/errno.js';
import { pwritev } from '../../../sys/file/file-io.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { BufferList } from '../../memory/buffer-list.js';
import { diskPool } from '../../disk/pool.js';
import { IovecTable } from '../../memory/iovec-table.js';
import {
  IOVECS_PER_CALL,
  MIN_RECEIVE_BYTES,
  POCKET_BYTES,
  RECEIVES_PER_TURN,
  SOCKET_TO_FILE_BYTES,
} from '../../limits.js';
import type { Descriptor } from '../../operations/operation.js';
import { ReceiveInto } from '../../operations/receive-into.js';
import type { ReadEnd, ReadSide, ReadTurn } from '../../operations/read-turn.js';
import type { Deferred } from '../../reactor/reactor.js';
import type { Lease } from '../../memory/slab.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../reactor/timers.js';
import { TransferAccount } from '../account.js';
import { Pace } from '../pace.js';
import type { FileOnDevice } from './file-reads.js';

/** Where the bytes go, found out when the transfer begins. */
export interface FileReceiving {
  /** Open for writing. */
  readonly file: FileOnDevice & { readonly name: string };
  readonly offset: number;
  /** Infinity for "up to the end of the stream". */
  readonly lengthBytes: number;
  /** Called when the file is needed no longer. */
  readonly releaseFile: () => void;
}

/** Writes on a thread of the pool. @throws IoError ENOBUFS: too many wait for a disk already. */
export type WriteAt = (file: FileOnDevice, iovecs: number, count: number, offset: number, done: Done) => void;

export const nativeWriteAt: WriteAt = ({ fd, device }, iovecs, count, offset, done) => {
  diskPool.submit(device, answered => pwritev(fd, iovecs, count, offset, answered), done);
};

export class SocketToFile implements ReadTurn, TimerOwner, Deferred {
  readonly account = new TransferAccount('buffers');
  readonly pace = new Pace();
  readonly sourceName = 'source';
  onSettled: (failure: Error | undefined) => void = () => {};

  private receiving!: FileReceiving;
  private descriptor: Descriptor | undefined = undefined;
  /** Received and not yet given to the disk. */
  private readonly pending = new BufferList();
  /** What a write under way takes its bytes from. */
  private readonly leaving = new BufferList();
  private readonly table = new IovecTable(IOVECS_PER_CALL);
  private lease: Lease | undefined = undefined;
  private usedBytes = 0;
  private operation: ReceiveInto | undefined = undefined;
  private isWriting = false;
  private hasReads = true;
  private isPaused = false;
  private isDeferred = false;
  private timer: Timer = NO_TIMER;
  /** Nothing more will be received; what has been is still written. */
  private isEnding = false;
  private isOver = false;
  private failure: Error | undefined = undefined;
  private hasPeerEnded = false;
  private brokenBy: Error | undefined = undefined;

  constructor(
    private readonly from: ReadEnd,
    private readonly writeAt: WriteAt = nativeWriteAt,
  ) {}

  private get source(): ReadSide {
    return this.from.reads;
  }

  start(receiving: FileReceiving): void {
    this.receiving = receiving;
    try {
      if (this.source.hasPeerEnded) this.isEnding = true;
      else this.descriptor = this.source.borrowReads(this);
    } catch (error) {
      this.receiving.releaseFile();
      throw error;
    }
    this.takeAhead();
    this.pumpLater();
  }

  private takeAhead(): void {
    const { account, receiving, pending } = this;
    const bytes = this.source.takeUnread(receiving.lengthBytes);
    if (bytes === undefined) return;
    account.bytesIn += bytes.length;
    account.residueBytes += bytes.length;
    this.pace.spend(bytes.length);
    this.source.onTurnArrival(bytes.length);
    pending.append(bytes);
  }

  pause(): void {
    this.isPaused = true;
    this.stopReceiving();
    this.source.restReads(this);
  }

  resume(): void {
    this.isPaused = false;
    this.source.resumeReads(this);
    this.pumpLater();
  }

  paceChanged(): void {
    this.pumpLater();
  }

  /** What was received is still written, so that every byte taken from the stream is in the file. */
  cancel(reason: Error): void {
    this.end(reason);
  }

  readsTaken(): void {
    this.hasReads = false;
    this.stopReceiving();
  }

  sourceClosed(failure: Error): void {
    this.end(failure);
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.pump();
  }

  onDeferred(): void {
    this.isDeferred = false;
    this.pump();
  }

  private end(failure: Error | undefined): void {
    if (this.isOver) return;
    if (!this.isEnding) {
      this.isEnding = true;
      this.failure = failure;
    }
    this.stopReceiving();
    this.pump();
  }

  private stopReceiving(): void {
    this.source.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
    const { operation } = this;
    this.operation = undefined;
    if (operation !== undefined) this.source.reactor.driver.cancel(operation);
  }

  /** Not within a call of the user's: an end of the stream runs handlers. */
  private pumpLater(): void {
    if (this.isDeferred || this.isOver) return;
    this.isDeferred = true;
    this.source.reactor.defer(this);
  }

  /** Does whatever can be done now. */
  private pump(): void {
    if (this.isOver) return;
    if (this.timer !== NO_TIMER) this.source.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
    for (let receives = 0; this.canReceive; receives++) {
      if (receives === RECEIVES_PER_TURN) {
        // Others have their turn; this one goes on after them.
        this.pumpLater();
        break;
      }
      if (!this.receive()) break;
    }
    if (!this.isWriting && this.pending.length > 0) this.write();
    if (this.isEnding && !this.isWriting && this.pending.length === 0) this.finish();
  }

  private get canReceive(): boolean {
    return (
      // A closed connection tells of it later in the turn, and its number may be another's by then.
      !this.source.isClosed &&
      this.hasReads &&
      !this.isEnding &&
      !this.isPaused &&
      this.operation === undefined &&
      this.pending.length + this.leaving.length < this.mostBytes
    );
  }

  /** How much may wait for the disk: where memory is scarce what is being written, and a pocket beside it. */
  private get mostBytes(): number {
    return this.source.reactor.slab.isScarce ? POCKET_BYTES : SOCKET_TO_FILE_BYTES;
  }

  /** @returns whether bytes came at once. */
  private receive(): boolean {
    const { account, receiving, source, pace } = this;
    const left = receiving.lengthBytes - account.bytesIn;
    if (left <= 0) {
      this.isEnding = true;
      return false;
    }
    const { reactor } = source;
    const lease = (this.lease ??= this.takeLease());
    const nowMs = monotonicMs();
    const allowed = pace.allow(Math.min(left, lease.chunkBytes - this.usedBytes), nowMs);
    if (allowed === 0) {
      this.timer = reactor.arm(this, 0, pace.delayMs(nowMs));
      return false;
    }
    const room = lease.bytes.subarray(this.usedBytes, this.usedBytes + allowed);
    account.calls++;
    const operation = new ReceiveInto(
      room,
      reactor.driver.counters,
      settled => this.onOperation(settled),
      // What has left the kernel is not to be lost.
      dropped => dropped.isOver && this.take(dropped),
    );
    this.operation = operation;
    try {
      if (!reactor.driver.submit(this.descriptor!, operation)) return false;
    } catch (error) {
      operation.fail(error as Error);
    }
    this.take(operation);
    return !this.isEnding;
  }

  private takeLease(): Lease {
    this.usedBytes = 0;
    return this.source.reactor.slab.borrow();
  }

  private onOperation(operation: ReceiveInto): void {
    if (this.operation !== operation) return;
    this.take(operation);
    this.pump();
  }

  private take({ received, failure }: ReceiveInto): void {
    this.operation = undefined;
    if (failure !== undefined) {
      this.isEnding = true;
      this.brokenBy = failure;
      this.failure ??= failure;
      return;
    }
    if (received === 0) {
      this.isEnding = true;
      this.hasPeerEnded = true;
      return;
    }
    const lease = this.lease!;
    lease.retain();
    this.pending.appendLease(lease, this.usedBytes, this.usedBytes + received);
    this.usedBytes += received;
    if (lease.chunkBytes - this.usedBytes < MIN_RECEIVE_BYTES) this.dropLease();
    const { account } = this;
    account.bytesIn += received;
    account.residueBytes += received;
    this.pace.spend(received);
    this.source.onTurnArrival(received);
    if (account.bytesIn >= this.receiving.lengthBytes) this.isEnding = true;
  }

  private write(): void {
    const { leaving, pending, table, receiving, account } = this;
    leaving.append(pending);
    this.isWriting = true;
    leaving.fillIovecs(table);
    account.calls++;
    const answered: Done = result => {
      this.isWriting = false;
      if (result > 0) {
        leaving.consume(result);
        account.bytesOut += result;
        account.residueBytes -= result;
        // What a short write left goes first.
        pending.prepend(leaving);
      } else {
        this.breakOff(result === 0 ? EIO : -result);
      }
      this.pump();
    };
    try {
      this.writeAt(receiving.file, table.address, table.count, receiving.offset + account.bytesOut, answered);
    } catch (error) {
      this.isWriting = false;
      this.breakOff((error as IoError).errno);
    }
  }

  /** The disk takes no more: what was received and not written is lost, and the account says how much. */
  private breakOff(errno: number): void {
    this.failure = new IoError(errno, 'pwritev', this.receiving.file.name);
    this.isEnding = true;
    this.stopReceiving();
    this.leaving.release();
    this.pending.release();
  }

  private dropLease(): void {
    this.lease?.release();
    this.lease = undefined;
  }

  private finish(): void {
    const { source, receiving } = this;
    this.isOver = true;
    this.dropLease();
    source.returnReads(this);
    receiving.releaseFile();
    this.onSettled(this.failure);
    // The connection learns of its own end, and tells its user, after the transfer has.
    if (this.hasPeerEnded) source.onTurnEnd(undefined);
    else if (this.brokenBy !== undefined) source.onTurnEnd(this.brokenBy);
  }
}
