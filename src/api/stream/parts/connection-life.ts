/**
 * The life of a connection: its state, its timeouts, and what it ended by. A connection has none until something has
 * happened to it but bytes: as long as that, it is open.
 */
import { connectionClose, connectionError } from '../../../core/observation/channels.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import type { Descriptor } from '../../../core/operations/operation.js';
import { SendProgress } from '../../../core/operations/send-progress.js';
import type { Deferred, Reactor } from '../../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../../core/reactor/timers.js';
import { IoError, wrongState } from '../../../sys/ffi/io-error.js';
import { endWriting } from '../../../sys/socket/socket.js';
import type { Detached } from '../../departure.js';
import { settling, type Settling } from '../../settling.js';
import { closeSocket, detachSocket, titleOf, type SocketPart } from '../../socket/socket.js';
import { setLinger } from '../../socket/socket-options.js';
import type { ConnectionDetails, ConnectionService, ConnectionTerms } from './connection-parts.js';
import {
  awaitsFlush,
  canSend,
  delivers,
  hasEnded,
  TRANSITIONS,
  type ConnectionState,
  type StateEvent,
} from './connection-states.js';
import { Timeouts, type TimeoutKind, type TimeoutOptions } from './timeouts.js';

/** The inbound half, as the life sees it. */
export interface InboundPart {
  /** Whether somebody receives, or has borrowed the read side. */
  readonly isTaken: boolean;
  updateReceiving(): void;
  /** Receives and keeps what is unread. */
  keepUnread(): void;
  watchAnew(): void;
  setHandler(handler: undefined): void;
  checkFree(call: string): void;
  checkNothingLost(): void;
  takeOut(): BufferList | undefined;
  onDescriptorGone(): void;
  tellClosed(failure: Error | undefined): void;
}

/** The outbound half, as the life sees it. */
export interface OutboundPart {
  readonly bytesSent: number;
  /** Whether everything is with the kernel. */
  readonly isFlushed: boolean;
  /** Whether something is to be sent and it is the peer that does not take it. */
  readonly waitsForPeer: boolean;
  checkNoTurns(call: string): void;
  /** What waits for the end of the turn goes to the kernel now. */
  hasten(): void;
  takeQueued(): Uint8Array;
  tellClosed(failure: Error | undefined): void;
}

/** The connection, as its life sees it. */
export interface LifeOwner extends SocketPart {
  readonly reactor: Reactor;
  readonly descriptor: Descriptor;
  readonly terms: ConnectionTerms;
  readonly ownFd: number;
  readonly isSocket: boolean;
  readonly inbound: InboundPart;
  /** Undefined while nothing was sent. */
  readonly outbound: OutboundPart | undefined;
  readonly onClose: ((failure: Error | undefined) => void) | undefined;
}

export class ConnectionLife implements TimerOwner, Deferred {
  /** What the connection broke with. */
  failure: Error | undefined = undefined;
  onTimeout: ((kind: TimeoutKind) => void) | undefined = undefined;
  service: ConnectionService | undefined = undefined;
  /** Whether the connection keeps the process alive. */
  isReferenced = true;
  /** The peer has ended, and for a while nobody has read, sent or asked to be told. */
  isUnattended = false;

  private timeouts: Timeouts | undefined = undefined;
  private closeTimer: Timer = NO_TIMER;
  /** Once a timeout was due. */
  private progress: SendProgress | undefined = undefined;
  private closing: Settling<void> | undefined = undefined;

  constructor(
    private readonly connection: LifeOwner,
    public state: ConnectionState,
  ) {}

  /** Resolves when the descriptor is closed; rejects if that was by a failure. */
  get closed(): Promise<void> {
    if (this.closing === undefined) {
      this.closing = settling();
      // A program that does not wait for it is told by onClose; it must not end the process as unhandled.
      this.closing.promise.catch(() => {});
      if (this.state === 'closed' || this.state === 'moved') this.settleClosed();
    }
    return this.closing.promise;
  }

  setTimeouts(timeouts: TimeoutOptions): void {
    this.timeouts ??= new Timeouts(
      this.connection.reactor,
      () => this.hasProgressed(),
      kind => this.onExpired(kind),
    );
    this.timeouts.set(timeouts, this.waitsForPeer);
  }

  transition(event: StateEvent): void {
    const next = TRANSITIONS[this.state][event];
    if (next === undefined) return;
    if (event === 'end' || event === 'close') this.connection.outbound?.hasten();
    this.state = next;
    const { descriptor, terms, inbound } = this.connection;
    if (next === 'closed') {
      // Only the last close of a socket says FIN by itself, and others may have this one too.
      if (event === 'flushed' && descriptor.origin === 'shared') endWriting(descriptor.fd);
      return this.release();
    }
    const { closeTimeoutMs, lingerMs } = terms.limits;
    const refusal = next === 'ended' || next === 'lingering' ? endWriting(descriptor.fd) : undefined;
    if (refusal !== undefined) return this.fail(next === 'ended' ? refusal : undefined);
    if (!delivers(next) && next !== 'peer-ended') this.timeouts?.clear();
    if (next === 'closing' || next === 'flushing') this.armClose(closeTimeoutMs);
    if (next === 'lingering') this.armClose(lingerMs);
    inbound.updateReceiving();
    this.onFlushed();
  }

  fail(failure: Error | undefined): void {
    if (TRANSITIONS[this.state].fail === undefined) return;
    this.failure = failure;
    this.transition('fail');
  }

  reset(failure: Error | undefined): void {
    const { isSocket, descriptor } = this.connection;
    // A pipe that was adopted has no reset: its other end sees that it is closed.
    try {
      if (isSocket) setLinger(descriptor.fd, 0);
    } finally {
      // Closing is never refused: where a sandbox refuses the option, the caller learns that no reset was sent.
      this.fail(failure);
    }
  }

  /** Takes the descriptor out. What is queued and what is unread come along; what was not received is in the kernel. */
  detach(call: string): Detached<ConnectionDetails> {
    const { connection, state } = this;
    const { descriptor, inbound, outbound, terms } = connection;
    if (TRANSITIONS[state].detach === undefined) {
      const explanation = state === 'moved' ? 'the connection was moved already' : `the connection is ${state}`;
      throw new IoError('EBADF', call, titleOf(descriptor), explanation);
    }
    outbound?.checkNoTurns(call);
    inbound.setHandler(undefined);
    inbound.checkFree(call);
    inbound.checkNothingLost();
    this.stopTimers();
    // Before the descriptor goes: an operation that is taken off drops what it had to send.
    const unread = inbound.takeOut()?.toBytes() ?? new Uint8Array(0);
    const queued = outbound?.takeQueued() ?? new Uint8Array(0);
    inbound.onDescriptorGone();
    const fd = detachSocket(connection);
    this.service?.onReleased();
    terms.uncount?.();
    this.state = 'moved';
    this.settleClosed();
    return { fd, inFlight: { queued, unread }, details: { hasEnded: !canSend(state), limits: terms.limits } };
  }

  /** Gives the descriptor to the service that it was accepted for. */
  park(): void {
    const { outbound, descriptor } = this.connection;
    const title = titleOf(descriptor);
    if (hasEnded(this.state)) throw wrongState('EPIPE', 'park', 'the write side was ended; close() it', title);
    const hasQueued = canSend(this.state) && outbound?.isFlushed === false;
    if (hasQueued) throw wrongState('EBUSY', 'park', 'bytes are queued; await write() first', title);
    const { fd } = this.detach('park');
    this.service!.onIdle(fd);
  }

  // What the halves tell

  /** Bytes have come. */
  onArrival(): void {
    this.timeouts?.received();
  }

  /** The peer's FIN has come. */
  onPeerEnd(): void {
    this.timeouts?.readEnded();
    this.transition('peer-end');
  }

  /** Something has to wait before it can be sent. */
  onBlocked(): void {
    if (this.waitsForPeer) this.timeouts?.blocked();
  }

  /** Bytes have gone. */
  onWriteProgress(): void {
    this.timeouts?.sent(this.waitsForPeer);
    if (this.closeTimer === NO_TIMER) return;
    // An orderly close has patience as long as bytes move.
    const { closeTimeoutMs, lingerMs } = this.connection.terms.limits;
    this.connection.reactor.postpone(this.closeTimer, delivers(this.state) ? lingerMs : closeTimeoutMs);
  }

  /** Everything may be with the kernel. */
  onFlushed(): void {
    if (awaitsFlush(this.state) && this.isFlushed) this.transition('flushed');
  }

  /**
   * The peer has ended, and nobody reads or has asked to be told: a reader that comes within a bounded time finds all
   * as it was.
   */
  awaitReader(): void {
    if (this.closeTimer === NO_TIMER) this.armClose(this.connection.terms.limits.lingerMs);
  }

  // For the reactor

  /** The end of patience. */
  onTimer(): void {
    this.closeTimer = NO_TIMER;
    if (delivers(this.state)) return this.onNobodyCame();
    // A peer that keeps its side open has had our last byte and FIN; one that took nothing has not.
    if (this.state === 'lingering') return this.fail(undefined);
    if (this.hasProgressed()) this.armClose(this.connection.terms.limits.closeTimeoutMs);
    else this.fail(this.timedOut('close', 'the peer takes nothing of what is queued'));
  }

  /** The descriptor is closed; everybody is told. */
  onDeferred(): void {
    const { connection, failure } = this;
    if (failure !== undefined && connectionError.hasSubscribers)
      connectionError.publish({ connection, error: failure });
    if (connectionClose.hasSubscribers) connectionClose.publish({ connection, failure });
    connection.inbound.tellClosed(failure);
    connection.outbound?.tellClosed(failure);
    this.settleClosed();
    const { onClose, descriptor } = connection;
    if (onClose !== undefined) descriptor.scope.run(onClose, connection, failure);
  }

  private onNobodyCame(): void {
    const { inbound } = this.connection;
    if (inbound.isTaken) return;
    if (!canSend(this.state)) {
      inbound.keepUnread();
    } else if (this.isFlushed) {
      this.isUnattended = true;
      inbound.watchAnew();
    } else {
      this.awaitReader();
    }
  }

  private onExpired(kind: TimeoutKind): void {
    const { connection, onTimeout } = this;
    if (onTimeout !== undefined) connection.descriptor.scope.run(onTimeout, connection, kind);
    else this.fail(this.timedOut(kind, `the ${kind} timeout expired`));
  }

  private release(): void {
    const { connection } = this;
    this.stopTimers();
    this.service?.onReleased();
    connection.inbound.onDescriptorGone();
    try {
      closeSocket(connection);
    } finally {
      // Everybody is told after this turn, and not within the call that closed it.
      connection.reactor.defer(this);
      connection.terms.uncount?.();
    }
  }

  private stopTimers(): void {
    this.timeouts?.clear();
    this.connection.reactor.disarm(this.closeTimer);
    this.closeTimer = NO_TIMER;
  }

  private armClose(delayMs: number): void {
    const { reactor } = this.connection;
    reactor.disarm(this.closeTimer);
    this.closeTimer = reactor.arm(this, 0, delayMs);
  }

  private settleClosed(): void {
    if (this.failure === undefined) this.closing?.resolve();
    else this.closing?.reject(this.failure);
  }

  private get isFlushed(): boolean {
    return this.connection.outbound?.isFlushed ?? true;
  }

  private get waitsForPeer(): boolean {
    return this.connection.outbound?.waitsForPeer ?? false;
  }

  /** Whether the peer has taken bytes meanwhile that were with the kernel. */
  private hasProgressed(): boolean {
    const { connection } = this;
    return (this.progress ??= new SendProgress()).look(connection, connection.outbound?.bytesSent ?? 0);
  }

  private timedOut(what: string, explanation: string): IoError {
    return new IoError('ETIMEDOUT', what, titleOf(this.connection.descriptor), explanation);
  }
}
