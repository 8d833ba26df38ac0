/** The sending half of a connection: what `send` takes, and transfers that write in between. */
import { isUint8Array } from '../../base/kinds.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import { enqueue } from '../../core/memory/enqueue.js';
import type { Descriptor } from '../../core/operations/operation.js';
import { WRITE_TURNS } from '../../core/limits.js';
import { Send, type SendOwner } from '../../core/operations/send.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { leaveReserve } from '../../core/memory/receive-buffer.js';
import { WriteTurns, type WriteSide, type WriteTurn } from '../../core/operations/write-turns.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkSendable, type Sendable } from '../socket/sendable.js';
import type { QueueLimits } from '../options.js';
import { ReceivingSocket } from './receiving-socket.js';
import { setLinger } from '../socket/socket-options.js';
import { settling, type Settling } from '../settling.js';
import { beginWith, type WaitOptions } from '../waiting.js';

export type { Sendable };

const RESOLVED = Promise.resolve();

/** What few connections have, so that the many idle ones don't carry room for it. */
interface Waiting {
  drained?: Settling<void>;
  /** While transfers write. */
  turns?: WriteTurns;
  /** Bytes sent by transfers that are over, and by `send` before them. */
  bytesSentBefore: number;
}

/** The side of a connection that sends: a queue with back-pressure. */
export abstract class SendingSocket extends ReceivingSocket implements SendOwner, WriteSide {
  /** The queue has sunk to the low-water mark after `send` had answered false. */
  onDrain: (() => void) | undefined = undefined;

  private sender: Send | undefined = undefined;
  private waiting: Waiting | undefined = undefined;
  private needsDrain = false;

  /**
   * Made by `listen`, `connect` and `adopt`.
   *
   * @param descriptor of a connected, non-blocking stream socket; it belongs to the connection from now on.
   * @internal
   */
  constructor(
    reactor: Reactor,
    descriptor: Descriptor,
    /** @internal */
    readonly limits: QueueLimits,
  ) {
    super(reactor, descriptor);
  }

  /** Bytes in memory that the kernel has not taken yet: those of `send`, and what goes before and after a file. */
  get queuedBytes(): number {
    const queuedBytes = this.sender?.queue.length ?? 0;
    const turns = this.waiting?.turns;
    return turns === undefined ? queuedBytes : queuedBytes + turns.queuedBytes;
  }

  /** Bytes that the kernel took, those of transfers included. */
  get bytesSent(): number {
    const { sender, waiting } = this;
    return (sender?.bytesSent ?? 0) + (waiting?.bytesSentBefore ?? 0) + (waiting?.turns?.bytesSent ?? 0);
  }

  /**
   * Sends: the path without promises. What the kernel takes at once goes at once; the rest is queued. Bytes and strings
   * are copied if they have to wait, so they are yours again when this returns; a BufferList is moved, and empty after.
   *
   * @returns false when the queue has reached its high-water mark: wait for `onDrain` before sending more. Also false once
   *   the stream broke, which `onClose` tells.
   * @throws TypeError something that can't be sent.
   * @throws RangeError more in one piece than the queue may ever hold.
   * @throws IoError EPIPE after `end` or `close`; ENOBUFS when back-pressure was ignored up to the queue's ceiling.
   */
  send(data: Sendable): boolean {
    checkSendable('data', data);
    if (!this.canSend) {
      // Broken under the user's hands: onClose is on its way. Ended by the user's own order: a mistake.
      if (this.failure !== undefined) return false;
      throw this.refusal();
    }
    if (data.length === 0) return !this.needsDrain;
    const part = typeof data === 'string' ? this.encode(data) : data;
    const lengthBytes = part.length;
    this.checkCeiling(lengthBytes);
    const sender = (this.sender ??= new Send(this));
    const { queue } = sender;
    const isOwn = typeof data === 'string';

    if (!sender.isWaiting && this.waiting?.turns === undefined) {
      queue.append(part);
      if (this.sendNow(sender)) return true;
      if (this.isClosed) return false;
      if (!isOwn && isUint8Array(part)) {
        const rest = queue.length;
        queue.release();
        queue.appendCopy(part.subarray(lengthBytes - rest));
      } else if (!isOwn) {
        leaveReserve(queue, this.reactor.slab);
      }
    } else {
      if (part instanceof BufferList) leaveReserve(part, this.reactor.slab);
      enqueue(queue, part, isOwn);
    }
    this.onBlocked();
    if (this.queuedBytes >= this.limits.highWaterBytes) this.needsDrain = true;
    return !this.needsDrain;
  }

  /**
   * `send` for those who await: resolves when more may be sent, at once if the queue is short.
   *
   *     await connection.write(row, { signal });
   *
   * @param options aborting its `signal` ends the wait alone: what was given is queued, stays so and is sent. A byte stream
   *   could not go on without it. `destroy` drops what is queued.
   * @throws as `send`, by the promise; and what the stream broke with while it waited.
   */
  write(data: Sendable, options?: WaitOptions): Promise<void> {
    if (options !== undefined) return beginWith(options, signal => unlessAborted(this.write(data), signal));
    try {
      if (this.send(data)) return RESOLVED;
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.isClosed) return Promise.reject(this.failure ?? this.cancelled('send'));
    const waiting = (this.waiting ??= { bytesSentBefore: 0 });
    waiting.drained ??= settling();
    return waiting.drained.promise;
  }

  // For transfers

  /** @internal */
  checkTurn(name: string, queuedBytes: number): void {
    if (!this.canSend) throw this.refusal(name);
    this.checkCeiling(queuedBytes);
    if ((this.waiting?.turns?.length ?? 0) < WRITE_TURNS) return;
    const explanation = `${WRITE_TURNS} transfers wait already; await some of them first`;
    throw new IoError('ENOBUFS', 'send', this.title(name), explanation);
  }

  /** @internal Lets a transfer write, behind everything sent before and before everything sent later. */
  takeTurn(turn: WriteTurn): void {
    this.checkTurn(turn.sinkName, turn.queuedBytes);
    const waiting = (this.waiting ??= { bytesSentBefore: 0 });
    const turns = (waiting.turns ??= new WriteTurns(this.descriptor, sender => this.sendNow(sender)));
    if (this.sender !== undefined && this.sender.queue.length > 0) {
      turns.add(this.sender);
      this.sender = undefined;
    }
    turns.add(turn);
    this.advanceTurns();
    this.onBlocked();
  }

  /** @internal */
  endTurn(turn: WriteTurn, rest?: BufferList): void {
    const { waiting } = this;
    let sender: Send | undefined;
    if (rest !== undefined && rest.length > 0) {
      sender = new Send(this);
      sender.queue.append(rest);
    }
    if (waiting?.turns?.remove(turn, sender) !== true) return;
    waiting.bytesSentBefore += turn.bytesSent;
    if (!this.isClosed) this.advanceTurns();
  }

  /** @internal */
  onTurnProgress(): void {
    this.onWriteProgress();
  }

  /** @internal */
  breakTurn(failure: Error): void {
    this.reset(failure);
  }

  /** Closes at once and lets the peer know by a reset (RST). @param failure told to `onClose` and to whoever waits. */
  reset(failure?: Error): void {
    if (this.isClosed) return;
    // A pipe that was adopted has no reset: its other end sees that it is closed.
    try {
      if (this.isSocket) setLinger(this.descriptor.fd, 0);
    } finally {
      // Closing is never refused: where a sandbox refuses the option, the caller learns that no reset was sent.
      this.fail(failure);
    }
  }

  // For the driver

  /** @internal */
  onSendProgress(): void {
    this.onWriteProgress();
    if (!this.needsDrain || this.queuedBytes > this.limits.lowWaterBytes) return;
    this.needsDrain = false;
    const { waiting } = this;
    waiting?.drained?.resolve();
    if (waiting !== undefined) waiting.drained = undefined;
    if (this.canSend && this.onDrain !== undefined) this.scope.run(this.onDrain, this);
  }

  /** @internal */
  onSendEnd(failure: Error | undefined): void {
    if (failure !== undefined) this.fail(failure);
    else if (this.waiting?.turns !== undefined) this.advanceTurns();
    // Something may have been sent between the end and this telling of it.
    else if (this.isFlushed) this.onFlushed();
  }

  /** Whether everything is with the kernel. */
  protected get isFlushed(): boolean {
    return this.waiting?.turns === undefined && this.queuedBytes === 0;
  }

  /** Whether something is to be sent and it is the peer that does not take it. */
  protected get waitsForPeer(): boolean {
    const turns = this.waiting?.turns;
    return turns === undefined ? this.queuedBytes > 0 : !turns.isHeld;
  }

  /** Takes out what is queued, for another thread to send. Who waits for room waits no more. */
  protected takeQueued(): Uint8Array {
    const queue = this.sender?.queue;
    const bytes = new Uint8Array(queue?.length ?? 0);
    let offset = 0;
    for (const part of queue ?? []) {
      bytes.set(part, offset);
      offset += part.length;
    }
    queue?.release();
    this.waiting?.drained?.resolve();
    return bytes;
  }

  /** Whether a transfer has the write side, or waits for it. */
  protected get hasTurns(): boolean {
    return this.waiting?.turns !== undefined;
  }

  /** An orderly close waits for those who write; whoever has no end of his own learns of it later in the turn. */
  protected tellWritersClosing(): void {
    for (const turn of this.waiting?.turns?.turns() ?? []) {
      if (turn.sinkClosing === undefined) continue;
      const failure = this.cancelled('send', turn.sinkName);
      this.reactor.defer({ onDeferred: () => turn.sinkClosing!(failure) });
    }
  }

  /** The descriptor is closed: whoever still waits to write is refused. */
  protected tellWritersClosed(): void {
    const { waiting } = this;
    if (waiting === undefined) return;
    const { failure } = this;
    waiting.drained?.reject(failure ?? this.cancelled('send'));
    for (const turn of waiting.turns?.drop() ?? []) turn.broken(failure ?? this.cancelled('send', turn.sinkName));
    if (waiting.turns !== undefined) this.sender?.queue.release();
  }

  /** Those in line move on; when the last has gone, what was sent meanwhile follows. */
  private advanceTurns(): void {
    const waiting = this.waiting!;
    const { turns } = waiting;
    if (turns === undefined) return;
    const retired = turns.advance();
    waiting.bytesSentBefore += retired;
    // Whoever ended within `advance` has been here in its place.
    if (turns.length > 0 || waiting.turns !== turns || this.isClosed) return;
    waiting.turns = undefined;
    const { sender } = this;
    if (sender !== undefined && sender.queue.length > 0 && !this.sendNow(sender)) return;
    this.onSendProgress();
    if (this.isFlushed) this.onFlushed();
  }

  /** Tries to send what is queued. @returns whether all of it went. */
  private sendNow(sender: Send): boolean {
    try {
      if (!this.reactor.driver.submit(this.descriptor, sender)) return false;
    } catch (error) {
      this.fail(error as Error);
      return false;
    }
    if (sender.failure !== undefined) {
      this.fail(sender.failure);
      return false;
    }
    this.onWriteProgress();
    return true;
  }

  private refusal(name?: string): Error {
    const explanation = this.hasMoved
      ? 'the connection was moved to another thread'
      : this.isClosed
        ? 'the connection was closed here'
        : 'the write side was ended or closed here';
    return this.failure ?? new IoError('EPIPE', 'send', this.title(name), explanation);
  }

  /** A string that the queue has no room for is refused before memory is taken for its bytes. */
  private encode(text: string): Uint8Array {
    // Each character is one to three bytes.
    const roomBytes = this.limits.maxQueuedBytes - this.queuedBytes;
    if (text.length > roomBytes) this.checkCeiling(text.length);
    else if (text.length * 3 > roomBytes) this.checkCeiling(Buffer.byteLength(text));
    return Buffer.from(text);
  }

  private checkCeiling(lengthBytes: number): void {
    const { maxQueuedBytes } = this.limits;
    if (lengthBytes > maxQueuedBytes) {
      throw new RangeError(
        `data: ${lengthBytes} bytes; allowed: at most maxQueuedBytes (${maxQueuedBytes}) in one piece`,
      );
    }
    const { queuedBytes } = this;
    if (queuedBytes + lengthBytes > maxQueuedBytes) {
      const explanation = `${queuedBytes} bytes are queued already; allowed: maxQueuedBytes (${maxQueuedBytes}). Wait for onDrain`;
      throw new IoError('ENOBUFS', 'send', `descriptor ${this.descriptor.fd}`, explanation);
    }
  }

  /** Something has to wait. */
  protected abstract onBlocked(): void;
  /** Bytes have gone. */
  protected abstract onWriteProgress(): void;
  /** Everything is with the kernel. */
  protected abstract onFlushed(): void;
}
