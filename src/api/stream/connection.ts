/** A stream socket: TCP or Unix, accepted or connected. */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Deferred, Reactor } from '../../core/reactor/reactor.js';
import { SendProgress } from '../../core/operations/send-progress.js';
import { NO_TIMER, type TimerOwner } from '../../core/reactor/timers.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import { endWriting, localAddress, remoteAddress } from '../../sys/socket/socket.js';
import { shownAddress, type ConnectionDetails, type ConnectionKeeper, type Rare } from './connection-parts.js';
import {
  awaitsFlush,
  canSend,
  delivers,
  TRANSITIONS,
  type ConnectionState,
  type StateEvent,
} from './connection-states.js';
import { Timeouts, type TimeoutKind, type TimeoutOptions } from './timeouts.js';
import { prepareMove, type InFlight, type Destination, type Detached } from '../departure.js';
import { SendingSocket, type Sendable } from './sending-socket.js';
import type { QueueLimits } from '../options.js';
import { FirstLook } from './peer-watching-socket.js';
import { settling } from '../settling.js';
import { endWith, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';

/** A stream of bytes in both directions, over TCP, a Unix socket or a pipe. `listen`, `connect` and `adopt` make one. */
export class Connection extends SendingSocket implements TimerOwner, Deferred {
  /** The peer sent its last byte. Without this handler a connection with `onData` closes itself then. */
  onEnd: (() => void) | undefined = undefined;
  /** The descriptor is closed; `failure` says why unless it was by order. Called once. */
  onClose: ((failure: Error | undefined) => void) | undefined = undefined;

  private rare: Rare | undefined = undefined;
  private moved = false;

  /** @param state what there is of it: both directions, or those of a pipe's end. */
  constructor(
    reactor: Reactor,
    descriptor: Descriptor,
    limits: QueueLimits,
    private state: ConnectionState = 'open',
  ) {
    super(reactor, descriptor, limits);
    reactor.defer(new FirstLook(this));
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

  // Ending

  /** Half-close: what is queued, and `data` after it, goes out, then FIN. Receiving goes on. */
  end(data?: Sendable): void {
    if (data !== undefined) this.send(data);
    this.transition('end');
  }

  /**
   * Orderly close: delivers what is queued, sends FIN, waits a bounded while for the peer's, closes the descriptor. What
   * still arrives is thrown away. Aborting `options.signal` ends the wait alone.
   *
   * @returns a promise that resolves when the descriptor is closed, and rejects with what prevented the delivery.
   */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      this.transition('close');
      this.tellWritersClosing();
      return this.closed;
    });
  }

  /** Closes at once. What is queued is dropped. @param failure told to `onClose` and to whoever waits. */
  destroy(failure?: Error): void {
    this.fail(failure);
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
    rare.timeouts ??= new Timeouts(
      this.reactor,
      () => this.hasProgressed(rare),
      kind => this.onTimeoutExpired(kind, rare),
    );
    rare.timeouts.set(timeouts, this.waitsForPeer);
  }

  /** Told of an expired timeout in place of the connection being destroyed with ETIMEDOUT. */
  set onTimeout(handler: ((kind: TimeoutKind) => void) | undefined) {
    (this.rare ??= {}).onTimeout = handler;
  }

  /**
   * Moves the connection to another thread, which has called `receiveConnections`. Bytes that the kernel holds and bytes
   * that were sent and still queue here go with it, and so does an ended write side; timeouts and handlers don't. This
   * object is of no more use, and `onClose` is not called. Aborting `options.signal` ends the wait alone.
   *
   * @param state what the other thread needs to go on, such as the beginning of a message: anything that can be cloned.
   * @returns a promise that resolves when the other thread has it.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the connection, as with the following two.
   * @throws IoError EBADF: it is closed or being closed, or was moved before.
   * @throws Error a read or a transfer is under way.
   * @throws IoError EPIPE: that thread has ended. From here on the connection is closed.
   * @throws Error that thread receives no connections, or has no descriptor left.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, async () => await prepareMove(peer, state).give('connection', this.detach()));
  }

  /**
   * Gives a connection of a service (`runtime.listen`) back to it, for as long as it is idle: it costs no thread anything,
   * and with its next bytes, or their end, it comes to a thread's `receiveConnections` as if it were new. That is this thread again, or
   * with `accept: 'combined'` whichever is free first. Timeouts and handlers end here, and this object is of no more use.
   *
   * @throws IoError EBADF: it is closed, being closed, or was moved before.
   * @throws Error it is of no service; what was sent has not gone out; a read or a transfer is under way; its write side has ended.
   */
  park(): void {
    const keeper = this.rare?.keeper;
    if (keeper === undefined) throw new Error('park: the connection was not accepted by a service of a runtime');
    if (['ending', 'ended'].includes(this.state)) throw new Error('park: the write side was ended; close() it');
    if (this.canSend && !this.isFlushed) throw new Error('park: bytes are queued; await write() first');
    const { fd } = this.detach('park');
    keeper.onIdle(fd);
  }

  // For the driver and the reactor

  /** @internal */
  set keeper(keeper: ConnectionKeeper) {
    (this.rare ??= {}).keeper = keeper;
  }

  /** @internal The end of patience with an orderly close. */
  onTimer(): void {
    this.rare!.closeTimer = NO_TIMER;
    if (delivers(this.state)) return this.onNobodyCame();
    if (this.state !== 'lingering' && this.hasProgressed(this.rare!)) {
      this.armClose(this.limits.closeTimeoutMs);
      return;
    }
    // A peer that keeps its side open has had our last byte and FIN; one that took nothing has not.
    const isDelivered = this.state === 'lingering';
    this.fail(isDelivered ? undefined : this.timedOut('close', 'the peer takes nothing of what is queued'));
  }

  /** @internal The descriptor is closed; everybody is told. */
  onDeferred(): void {
    const { rare, failure } = this;
    this.tellClosed(failure);
    this.tellWritersClosed();
    if (rare?.closed !== undefined) this.settleClosed();
    if (this.onClose !== undefined) this.scope.run(this.onClose, this, failure);
  }

  /** @internal */
  override get hasPeerEnded(): boolean {
    return this.state === 'peer-ended' || this.state === 'flushing' || (this.isClosed && this.hasUnread);
  }

  /** @internal */
  override get hasEnded(): boolean {
    return this.state === 'ending' || this.state === 'ended';
  }

  /** @internal */
  override get heedsEnd(): boolean {
    // A handler that is set and does not receive has paused: the end comes after its bytes.
    if (this.hasEnded) return this.onData === undefined && !this.isBorrowed;
    // A FIN behind bytes that were put back waits for whoever reads them.
    if (this.state !== 'open' || this.hasReader || this.hasUnread || this.isBorrowed) return false;
    return this.onClose !== undefined || this.onEnd !== undefined || this.rare?.nobodyCame === true;
  }

  /** @internal */
  override onHangUp(failure: Error | undefined): void {
    this.onReceiveEnd(failure);
    if (this.onEnd === undefined) this.transition('close');
  }

  /** @internal */
  override onEndIgnored(): void {
    if (!this.hasReader && !this.hasUnread && !this.isBorrowed) this.awaitSomebody();
  }

  /** @internal */
  override onUnreadAtEnd(): void {
    if (this.unreadPolicy !== 'kept' && this.mayKeep && !this.isBorrowed) this.awaitSomebody();
  }

  protected override onLateEnd(): void {
    if (this.onEnd !== undefined) this.scope.run(this.onEnd, this);
  }

  /** The peer has ended, and nobody reads or has asked to be told: whoever comes within a bounded while finds all as it was. */
  private awaitSomebody(): void {
    if ((this.rare?.closeTimer ?? NO_TIMER) === NO_TIMER) this.armClose(this.limits.lingerMs);
  }

  private onNobodyCame(): void {
    if (this.isBorrowed || this.wantsReceiving) return;
    if (this.hasEnded) {
      this.keepUnread();
    } else if (this.isFlushed) {
      this.rare!.nobodyCame = true;
      this.stopWatching();
      this.startWatching();
    } else {
      this.awaitSomebody();
    }
  }

  protected override get hasMoved() {
    return this.moved;
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

  protected override get canSend(): boolean {
    return canSend(this.state);
  }

  protected override onBlocked(): void {
    if (this.waitsForPeer) this.rare?.timeouts?.blocked();
  }

  protected override onWriteProgress(): void {
    const { rare } = this;
    if (rare === undefined) return;
    rare.timeouts?.sent(this.waitsForPeer);
    if (rare.closeTimer === undefined) return;
    // An orderly close has patience as long as bytes move.
    const { closeTimeoutMs, lingerMs } = this.limits;
    this.reactor.postpone(rare.closeTimer, delivers(this.state) ? lingerMs : closeTimeoutMs);
  }

  protected override onFlushed(): void {
    if (awaitsFlush(this.state)) this.transition('flushed');
  }

  protected override onArrival(): void {
    this.rare?.timeouts?.received();
  }

  protected override onPeerEnd(): void {
    this.rare?.timeouts?.readEnded();
    const told = delivers(this.state);
    this.transition('peer-end');
    if (!told) return;
    this.tellEnd();
    if (this.hasUnread) return; // Bytes that outlive the descriptor come before the end.
    if (this.onEnd !== undefined) this.scope.run(this.onEnd, this);
    else if (this.onData !== undefined) this.transition('close');
  }

  protected override fail(failure: Error | undefined): void {
    if (this.state === 'closed') return;
    if (failure !== undefined) (this.rare ??= {}).failure = failure;
    this.transition('fail');
  }

  /**
   * @internal Takes the descriptor out, for another owner. What is queued comes along; what was not received is in the kernel.
   *
   * @param what the call of the user's, for messages.
   * @throws IoError, Error as `moveTo`; nothing has happened to the connection then.
   */
  detach(what = 'moveTo'): Detached<ConnectionDetails> {
    const { descriptor, state, limits } = this;
    if (!['open', 'peer-ended', 'ending', 'ended'].includes(state)) {
      const explanation = this.moved ? 'the connection was moved already' : `the connection is ${state}`;
      throw new IoError('EBADF', what, `descriptor ${descriptor.fd}`, explanation);
    }
    if (this.hasTurns) throw new Error(`${what}: a transfer to the connection is under way; await it first`);
    this.onData = undefined;
    this.checkOneReader(what);
    this.checkNothingLost();
    this.rare?.timeouts?.clear();
    this.reactor.disarm(this.rare?.closeTimer ?? NO_TIMER);
    // Before the descriptor goes: an operation that is taken off drops what it had to send.
    const unread = this.takeOut()?.toBytes() ?? new Uint8Array(0);
    const inFlight: InFlight = { queued: this.takeQueued(), unread };
    const fd = this.detachDescriptor();
    this.rare?.keeper?.onReleased();
    this.moved = true;
    this.state = 'closed';
    if (this.rare?.closed !== undefined) this.settleClosed();
    return { fd, inFlight, details: { hasEnded: !canSend(state), limits } };
  }

  private transition(event: StateEvent): void {
    const next = TRANSITIONS[this.state][event];
    if (next === undefined) return;
    this.state = next;
    if (next === 'closed') return this.release();
    const refusal = next === 'ended' || next === 'lingering' ? endWriting(this.descriptor.fd) : undefined;
    if (refusal !== undefined) return this.fail(next === 'ended' ? refusal : undefined);
    if (!delivers(next) && next !== 'peer-ended') this.rare?.timeouts?.clear();
    if (next === 'closing' || next === 'flushing') this.armClose(this.limits.closeTimeoutMs);
    if (next === 'lingering') this.armClose(this.limits.lingerMs);
    this.updateReceiving();
    if (awaitsFlush(next) && this.isFlushed) this.transition('flushed');
  }

  private armClose(delayMs: number): void {
    const rare = (this.rare ??= {});
    this.reactor.disarm(rare.closeTimer ?? NO_TIMER);
    rare.closeTimer = this.reactor.arm(this, 0, delayMs);
  }

  private release(): void {
    const { reactor, rare } = this;
    rare?.timeouts?.clear();
    reactor.disarm(rare?.closeTimer ?? NO_TIMER);
    rare?.keeper?.onReleased();
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

  private hasProgressed(rare: Rare): boolean {
    return (rare.progress ??= new SendProgress()).look(this, this.bytesSent);
  }

  private onTimeoutExpired(kind: TimeoutKind, rare: Rare): void {
    if (rare.onTimeout !== undefined) this.scope.run(rare.onTimeout, rare, kind);
    else this.fail(this.timedOut(kind, `the ${kind} timeout expired`));
  }

  static {
    describeBy('Connection', Connection.prototype, connection => ({
      state: connection.moved ? 'moved' : connection.state,
      fd: connection.fd,
      local: shownAddress(() => connection.localAddress),
      remote: shownAddress(() => connection.remoteAddress),
      received: connection.bytesReceived,
      sent: connection.bytesSent,
      queuedBytes: connection.queuedBytes,
      failure: connection.rare?.failure?.message,
    }));
  }
}
shareAmongCopies({ Connection });
