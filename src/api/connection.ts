/** A stream socket: TCP or Unix, accepted or connected. */
import { BufferList } from '../core/buffer-list.js';
import type { Descriptor } from '../core/operation.js';
import { Send, type SendOwner } from '../core/operations/send.js';
import type { Deferred, Reactor } from '../core/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../core/timers.js';
import { SHUT_WR } from '../sys/constants.js';
import { IoError } from '../sys/io-error.js';
import type { Address } from '../sys/sockaddr.js';
import { localAddress, remoteAddress, shutdown } from '../sys/socket.js';
import { awaitsFlush, canSend, delivers, TRANSITIONS, type State, type StateEvent } from './connection-states.js';
import { Deadlines, type Deadline, type TimeoutOptions } from './deadlines.js';
import type { QueueLimits } from './options.js';
import { ReceivingSocket } from './receiving-socket.js';
import { setLinger } from './socket-options.js';
import { settling, type Settling } from './settling.js';

/** What `send` and `write` take. A string goes out as UTF-8. */
export type Sendable = string | Uint8Array | BufferList;

const RESOLVED = Promise.resolve();
/** Tag of the timer that bounds an orderly close; the deadlines have an owner of their own. */
const CLOSE_TIMER = 0;

/** What few connections have, so that the many idle ones don't carry room for it. */
interface Rare {
  deadlines?: Deadlines;
  closeTimer?: Timer;
  closed?: Settling<void>;
  drained?: Settling<void>;
  failure?: Error;
  onTimeout?: (deadline: Deadline) => void;
}

export class Connection extends ReceivingSocket implements SendOwner, TimerOwner, Deferred {
  /** The peer sent its last byte. Without this handler a connection with `onData` closes itself then. */
  onEnd: (() => void) | undefined = undefined;
  /** The queue has sunk to the low-water mark after `send` had answered false. */
  onDrain: (() => void) | undefined = undefined;
  /** The descriptor is closed; `failure` says why unless it was by order. Called once. */
  onClose: ((failure: Error | undefined) => void) | undefined = undefined;

  private sender: Send | undefined = undefined;
  private rare: Rare | undefined = undefined;
  private state: State = 'open';
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
    private readonly limits: QueueLimits,
  ) {
    super(reactor, descriptor);
  }

  /** Bytes that `send` took and the kernel did not yet. */
  get queuedBytes(): number {
    return this.sender?.queue.length ?? 0;
  }

  get bytesSent(): number {
    return this.sender?.bytesSent ?? 0;
  }

  override get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Where this end is; undefined once closed. getsockname(2). */
  get localAddress(): Address | undefined {
    return this.state === 'closed' ? undefined : localAddress(this.descriptor.fd);
  }

  /** Where the peer is; undefined once closed or when the peer has gone. getpeername(2). */
  get remoteAddress(): Address | undefined {
    if (this.state === 'closed') return undefined;
    try {
      return remoteAddress(this.descriptor.fd);
    } catch {
      return undefined;
    }
  }

  // Sending

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
    const part = typeof data === 'string' ? Buffer.from(data) : data;
    if (!(part instanceof Uint8Array || part instanceof BufferList)) {
      throw new TypeError(`data: ${typeof data}; allowed: string, Uint8Array, BufferList`);
    }
    if (!canSend(this.state)) return this.refuseToSend();
    const sender = (this.sender ??= new Send(this));
    const { queue } = sender;
    const lengthBytes = part.length;
    if (lengthBytes === 0) return !this.needsDrain;
    this.checkCeiling(lengthBytes, queue.length);

    if (sender.descriptor === undefined) {
      queue.append(part);
      if (this.sendNow(sender)) return true;
      if (this.state === 'closed') return false;
      if (part === data && part instanceof Uint8Array) {
        const rest = queue.length;
        queue.release();
        queue.appendCopy(part.subarray(lengthBytes - rest));
      }
    } else if (part === data && part instanceof Uint8Array) {
      queue.appendCopy(part);
    } else {
      queue.append(part);
    }
    this.rare?.deadlines?.blocked();
    if (queue.length >= this.limits.highWaterBytes) this.needsDrain = true;
    return !this.needsDrain;
  }

  /**
   * `send` for those who await: resolves when more may be sent, at once if the queue is short.
   *
   * @throws as `send`, by the promise; and what the stream broke with while it waited.
   */
  write(data: Sendable): Promise<void> {
    try {
      if (this.send(data)) return RESOLVED;
    } catch (error) {
      return Promise.reject(error);
    }
    const rare = (this.rare ??= {});
    if (this.state === 'closed') return Promise.reject(rare.failure ?? this.cancelled('send'));
    rare.drained ??= settling();
    return rare.drained.promise;
  }

  /** Half-close: what is queued, and `data` after it, goes out, then FIN. Receiving goes on. */
  end(data?: Sendable): void {
    if (data !== undefined) this.send(data);
    this.transition('end');
  }

  // Ending

  /**
   * Orderly close: delivers what is queued, sends FIN, waits a bounded while for the peer's, closes the descriptor. What
   * still arrives is thrown away.
   *
   * @returns a promise that resolves when the descriptor is closed, and rejects with what prevented the delivery.
   */
  close(): Promise<void> {
    this.transition('close');
    return this.closed;
  }

  /** Closes at once. What is queued is dropped. @param failure told to `onClose` and to whoever waits. */
  destroy(failure?: Error): void {
    this.fail(failure);
  }

  /** Closes at once and lets the peer know by a reset (RST). */
  reset(): void {
    if (this.state === 'closed') return;
    setLinger(this.descriptor.fd, 0);
    this.fail(undefined);
  }

  /** Resolves when the descriptor is closed; rejects if that was by a failure. */
  get closed(): Promise<void> {
    const rare = (this.rare ??= {});
    if (rare.closed === undefined) {
      rare.closed = settling();
      // Whoever does not wait for it is told by onClose; it must not end the process as unhandled.
      rare.closed.promise.catch(() => {});
      if (this.state === 'closed') this.settleClosed();
    }
    return rare.closed.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // Settings

  /** Sets the timeouts anew; what is left out is off. An expired one destroys the connection unless `onTimeout` is set. */
  setTimeouts(timeouts: TimeoutOptions): void {
    if (this.state === 'closed') return;
    const rare = (this.rare ??= {});
    rare.deadlines ??= new Deadlines(this.reactor, deadline => this.onDeadline(deadline, rare));
    rare.deadlines.set(timeouts, this.queuedBytes > 0);
  }

  /** Told of an expired timeout in place of the connection being destroyed with ETIMEDOUT. */
  set onTimeout(handler: ((deadline: Deadline) => void) | undefined) {
    (this.rare ??= {}).onTimeout = handler;
  }

  // For the driver and the reactor

  /** @internal */
  onSendProgress(): void {
    const { rare } = this;
    rare?.deadlines?.sent(this.queuedBytes > 0);
    // An orderly close has patience as long as bytes move.
    if (rare?.closeTimer !== undefined) this.reactor.postpone(rare.closeTimer, this.limits.closeTimeoutMs);
    if (!this.needsDrain || this.queuedBytes > this.limits.lowWaterBytes) return;
    this.needsDrain = false;
    rare?.drained?.resolve();
    if (rare !== undefined) rare.drained = undefined;
    if (canSend(this.state)) this.onDrain?.();
  }

  /** @internal */
  onSendEnd(failure: Error | undefined): void {
    if (failure !== undefined) {
      this.fail(failure);
      return;
    }
    // Something may have been sent between the end and this telling of it.
    if (this.queuedBytes > 0) return;
    if (awaitsFlush(this.state)) this.transition('flushed');
  }

  /** @internal The end of patience with an orderly close. */
  onTimer(): void {
    this.rare!.closeTimer = NO_TIMER;
    // A peer that keeps its side open has had our last byte and FIN; one that took nothing has not.
    this.fail(
      this.state === 'lingering' ? undefined : this.timedOut('close', 'the peer takes nothing of what is queued'),
    );
  }

  /** @internal The descriptor is closed; everybody is told. */
  onDeferred(): void {
    const { rare, failure } = this;
    this.tellClosed(failure);
    rare?.drained?.reject(failure ?? this.cancelled('send'));
    if (rare?.closed !== undefined) this.settleClosed();
    this.onClose?.(failure);
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
    this.rare?.deadlines?.sent(false);
    return true;
  }

  protected override get isDelivering(): boolean {
    return delivers(this.state);
  }

  protected override get isDiscarding(): boolean {
    return this.state === 'closing' || this.state === 'lingering';
  }

  protected override get failure(): Error | undefined {
    return this.rare?.failure;
  }

  protected override onArrival(): void {
    this.rare?.deadlines?.received();
  }

  protected override onPeerEnd(): void {
    this.rare?.deadlines?.readEnded();
    const told = delivers(this.state);
    this.transition('peer-end');
    if (!told) return;
    this.tellEnd();
    if (this.onEnd !== undefined) this.onEnd();
    else if (this.onData !== undefined) this.transition('close');
  }

  private refuseToSend(): boolean {
    // Broken under the user's hands: onClose is on its way. Ended by the user's own order: a mistake.
    if (this.rare?.failure !== undefined) return false;
    throw new IoError('EPIPE', 'send', `descriptor ${this.descriptor.fd}`, 'the write side was ended or closed here');
  }

  private checkCeiling(lengthBytes: number, queuedBytes: number): void {
    const { maxQueuedBytes } = this.limits;
    if (lengthBytes > maxQueuedBytes) {
      throw new RangeError(
        `data: ${lengthBytes} bytes; allowed: at most maxQueuedBytes (${maxQueuedBytes}) in one piece`,
      );
    }
    if (queuedBytes + lengthBytes > maxQueuedBytes) {
      const explanation = `${queuedBytes} bytes are queued already; allowed: maxQueuedBytes (${maxQueuedBytes}). Wait for onDrain`;
      throw new IoError('ENOBUFS', 'send', `descriptor ${this.descriptor.fd}`, explanation);
    }
  }

  protected override fail(failure: Error | undefined): void {
    if (this.state === 'closed') return;
    if (failure !== undefined) (this.rare ??= {}).failure = failure;
    this.transition('fail');
  }

  private transition(event: StateEvent): void {
    const next = TRANSITIONS[this.state][event];
    if (next === undefined) return;
    this.state = next;
    if (next === 'closed') {
      this.release();
      return;
    }
    if (next === 'ended' || next === 'lingering') shutdown(this.descriptor.fd, SHUT_WR);
    if (!delivers(next) && next !== 'peer-ended') this.rare?.deadlines?.clear();
    if (next === 'closing' || next === 'last-words') this.armClose(this.limits.closeTimeoutMs);
    if (next === 'lingering') this.armClose(this.limits.lingerMs);
    this.updateReceiving();
    if (awaitsFlush(next) && this.queuedBytes === 0) this.transition('flushed');
  }

  private armClose(delayMs: number): void {
    const rare = (this.rare ??= {});
    this.reactor.disarm(rare.closeTimer ?? NO_TIMER);
    rare.closeTimer = this.reactor.arm(this, CLOSE_TIMER, delayMs);
  }

  private release(): void {
    const { reactor, rare } = this;
    rare?.deadlines?.clear();
    reactor.disarm(rare?.closeTimer ?? NO_TIMER);
    try {
      this.releaseDescriptor();
    } finally {
      // Everybody is told after this turn, and not within the call that closed it.
      reactor.defer(this);
    }
  }

  private settleClosed(): void {
    const { closed, failure } = this.rare!;
    if (failure === undefined) closed!.resolve();
    else closed!.reject(failure);
  }

  private onDeadline(deadline: Deadline, rare: Rare): void {
    if (rare.onTimeout !== undefined) rare.onTimeout(deadline);
    else this.fail(this.timedOut(deadline, `the ${deadline} timeout expired`));
  }

  private timedOut(what: string, explanation: string): IoError {
    return new IoError('ETIMEDOUT', what, `descriptor ${this.descriptor.fd}`, explanation);
  }
}
