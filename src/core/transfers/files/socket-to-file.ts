/**
 * What a connection receives on its way to a file: received while what came before is being written, up to a bound, so
 * that a disk that lags holds the peer back by its own window.
 */
import { monotonicMs } from '../../../base/runtime-functions.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { MIN_RECEIVE_BYTES, POCKET_BYTES, RECEIVES_PER_TURN, SOCKET_TO_FILE_BYTES } from '../../limits.js';
import type { Descriptor } from '../../operations/operation.js';
import { ReceiveInto } from '../../operations/receive-into.js';
import type { ReadEnd, ReadSide, ReadTurn } from '../../operations/read-turn.js';
import type { Deferred } from '../../reactor/reactor.js';
import type { Lease } from '../../memory/slab.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../reactor/timers.js';
import { TransferAccount } from '../account.js';
import { Pace } from '../pace.js';
import type { FileOnDevice } from './file-reads.js';
import { SOCKET_TO_FILE_TRANSITIONS, type SocketToFileEvent, type SocketToFileState } from './socket-to-file-states.js';
import { nativeWriteAt, WriteBehind, type WriteAt, type WriteBehindOwner } from './write-behind.js';

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

export class SocketToFile implements ReadTurn, TimerOwner, Deferred, WriteBehindOwner {
  readonly account = new TransferAccount('buffers');
  readonly pace = new Pace();
  readonly sourceName = 'source';
  onSettled: (failure: Error | undefined) => void = () => {};
  state: SocketToFileState = 'receiving';

  /** From `start` on. */
  private receiving!: FileReceiving;
  private descriptor: Descriptor | undefined = undefined;
  private readonly disk: WriteBehind;
  private lease: Lease | undefined = undefined;
  private usedBytes = 0;
  private operation: ReceiveInto | undefined = undefined;
  private isDeferred = false;
  private timer: Timer = NO_TIMER;
  private failure: Error | undefined = undefined;
  /** How the stream ended, if that was met here: its connection is told. */
  private streamEnd: Error | 'FIN' | undefined = undefined;

  constructor(
    private readonly from: ReadEnd,
    writeAt: WriteAt = nativeWriteAt,
  ) {
    this.disk = new WriteBehind(this, writeAt);
  }

  private get source(): ReadSide {
    return this.from.reads;
  }

  start(receiving: FileReceiving): void {
    this.receiving = receiving;
    try {
      if (this.source.hasPeerEnded) this.on('peer-end');
      else this.descriptor = this.source.borrowReads(this);
    } catch (error) {
      this.receiving.releaseFile();
      throw error;
    }
    this.takeAhead();
    this.pumpLater();
  }

  private takeAhead(): void {
    const { account, receiving, disk } = this;
    const bytes = this.source.takeUnread(receiving.lengthBytes);
    if (bytes === undefined) return;
    account.bytesIn += bytes.length;
    account.residueBytes += bytes.length;
    this.pace.spend(bytes.length);
    this.source.onTurnArrival(bytes.length);
    disk.pending.append(bytes);
  }

  pause(): void {
    this.on('pause');
  }

  resume(): void {
    if (this.state !== 'paused') return;
    this.source.resumeReads(this);
    this.on('resume');
  }

  paceChanged(): void {
    this.on('allowed');
  }

  /** What was received is still written, so that every byte taken from the stream is in the file. */
  cancel(reason: Error): void {
    this.end('cancel', reason);
  }

  readsTaken(): void {
    this.on('reads-taken');
  }

  sourceClosed(failure: Error): void {
    this.end('source-closed', failure);
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.on('allowed');
  }

  onDeferred(): void {
    this.isDeferred = false;
    this.pump();
  }

  onWriteOver(): void {
    this.pump();
  }

  /** What was received and not written is lost, and the account says how much. */
  onDiskFailed(errno: number): void {
    this.failure = new IoError(errno, 'pwritev', this.receiving.file.name);
    this.on('disk-failed');
    this.disk.drop();
  }

  /** What ended it first is what it fails with. */
  private end(event: SocketToFileEvent, failure: Error): void {
    if (SOCKET_TO_FILE_TRANSITIONS[this.state][event] === undefined) return;
    this.failure = failure;
    this.on(event);
    this.pump();
  }

  private on(event: SocketToFileEvent): void {
    const next = SOCKET_TO_FILE_TRANSITIONS[this.state][event];
    if (next !== undefined) this.enter(next);
  }

  /** Does what a state begins with. */
  private enter(state: SocketToFileState): void {
    this.state = state;
    switch (state) {
      case 'receiving':
        this.stopTimer();
        this.pumpLater();
        break;
      case 'pace':
        this.timer = this.source.reactor.arm(this, 0, this.pace.delayMs(monotonicMs()));
        break;
      case 'paused':
        this.stopReceiving();
        this.source.restReads(this);
        break;
      case 'taken':
        this.stopReceiving();
        break;
      case 'ending':
        this.stopReceiving();
        this.pumpLater();
        break;
      case 'over':
        this.finish();
    }
  }

  private stopReceiving(): void {
    this.stopTimer();
    const { operation } = this;
    this.operation = undefined;
    if (operation !== undefined) this.source.reactor.driver.cancel(operation);
  }

  private stopTimer(): void {
    this.source.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  /** Not within a user's call: an end of the stream runs handlers. */
  private pumpLater(): void {
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.source.reactor.defer(this);
  }

  /** Does whatever can be done now. */
  private pump(): void {
    const { account, disk, receiving } = this;
    for (let receives = 0; this.canReceive; receives++) {
      if (receives === RECEIVES_PER_TURN) {
        // Others have their turn; this one goes on after them.
        this.pumpLater();
        break;
      }
      if (!this.receive()) break;
    }
    disk.write(receiving.file, receiving.offset + account.bytesOut);
    if (disk.isEmpty) this.on('written');
  }

  private get canReceive(): boolean {
    return (
      this.state === 'receiving' &&
      // A closed connection tells of it later in the turn, and its number may be another's by then.
      !this.source.isClosed &&
      this.operation === undefined &&
      this.disk.heldBytes < this.mostBytes
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
      this.on('filled');
      return false;
    }
    const { reactor } = source;
    const lease = (this.lease ??= this.takeLease());
    const allowed = pace.allow(Math.min(left, lease.chunkBytes - this.usedBytes), monotonicMs());
    if (allowed === 0) {
      this.on('slow');
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
    return true;
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
      this.streamEnd = failure;
      this.failure ??= failure;
      this.on('broken');
    } else if (received === 0) {
      this.streamEnd = 'FIN';
      this.on('peer-end');
    } else {
      this.takeBytes(received);
    }
  }

  private takeBytes(received: number): void {
    const { account, disk } = this;
    const lease = this.lease!;
    lease.retain();
    disk.pending.appendLease(lease, this.usedBytes, this.usedBytes + received);
    this.usedBytes += received;
    if (lease.chunkBytes - this.usedBytes < MIN_RECEIVE_BYTES) this.dropLease();
    account.bytesIn += received;
    account.residueBytes += received;
    this.pace.spend(received);
    this.source.onTurnArrival(received);
    if (account.bytesIn >= this.receiving.lengthBytes) this.on('filled');
  }

  private dropLease(): void {
    this.lease?.release();
    this.lease = undefined;
  }

  private finish(): void {
    const { source, receiving, streamEnd } = this;
    this.dropLease();
    source.returnReads(this);
    receiving.releaseFile();
    this.onSettled(this.failure);
    // The connection learns of its own end, and tells its user, after the transfer has.
    if (streamEnd !== undefined) source.onTurnEnd(streamEnd === 'FIN' ? undefined : streamEnd);
  }
}
