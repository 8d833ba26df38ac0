/** A socket for datagrams: UDP or Unix. */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { OutgoingDatagram } from '../../core/operations/send-datagrams.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer } from '../../core/reactor/timers.js';
import { IoError, wrongState, type StateCode } from '../../sys/ffi/io-error.js';
import { formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import { connect } from '../../sys/socket/socket.js';
import { checkCallback } from '../../base/arguments.js';
import { checkedPart, DatagramOutbox } from './outbox.js';
import { DatagramInbox } from './inbox.js';
import { addReachMethods, type DatagramReach } from './reach.js';
import { destinationOf, resolvedTarget, type DatagramTarget } from './target.js';
import { withinBounds, type LookUpBounds } from '../socket/look-up-bounds.js';
import { prepareMove, type Destination, type Detached } from '../departure.js';
import { packDatagrams, type QueuedDatagram } from './queued-datagrams.js';
import type { Sendable } from '../socket/sendable.js';
import { settling } from '../settling.js';
import { closeSocket, detachSocket, titleOf, type Socket } from '../socket/socket.js';
import { addSocketMethods } from '../socket/socket-methods.js';
import { removeSocketFile } from '../socket/socket-file.js';
import type { DatagramDetails } from './datagram-details.js';
import type { DatagramCounters, DatagramHandler, DatagramInput, ReceivedDatagram } from './datagram-input.js';
import type { DatagramEnd } from './datagram-end.js';
import type { DatagramOutput } from './datagram-output.js';
import { endWith, signalOf, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';

const CLOSE_TIMER = 0;
const RESOLVED = Promise.resolve();

/* eslint-disable @typescript-eslint/no-unsafe-declaration-merging -- addSocketMethods adds those of Socket below */
export interface DatagramSocket extends Socket, DatagramInput, DatagramOutput, DatagramReach, DatagramEnd {}

/** A socket for datagrams, made by `bindDatagram`. */
export class DatagramSocket {
  /** @internal */
  state: 'open' | 'closing' | 'closed' | 'moved' = 'open';
  /** @internal What it broke with. */
  failure: Error | undefined = undefined;
  /** @internal */
  isReferenced = true;

  private errorHandler: ((failure: Error) => void) | undefined = undefined;
  private drainHandler: (() => void) | undefined = undefined;
  private readonly inbox: DatagramInbox;
  private readonly outbox: DatagramOutbox;
  private closeTimer: Timer = NO_TIMER;
  private readonly closing = settling<void>();

  /** @internal Made by `bindDatagram`. */
  constructor(
    readonly reactor: Reactor,
    /** @internal */
    readonly descriptor: Descriptor,
    private readonly details: DatagramDetails,
  ) {
    descriptor.owner = this;
    reactor.enter(true);
    this.inbox = new DatagramInbox(this, details.limits.maxDatagramBytes);
    this.outbox = new DatagramOutbox(reactor, descriptor, details.limits.maxQueuedBytes, this);
    this.outbox.peer = details.peer;
  }

  /** Where it is bound; the port is the real one, also if 0 was asked for. */
  get address(): Address {
    return this.details.address;
  }

  /** The UDP port, the real one also if 0 was asked for. @throws TypeError it is a Unix socket, which has none. */
  get port(): number {
    const { address } = this;
    if (address.family === 'unix') throw new TypeError('port: it is a Unix socket; allowed: UDP sockets');
    return address.port;
  }

  /** What became of `reusePort`. */
  get reusePort(): boolean {
    return this.details.reusePort;
  }

  /** The fixed peer; undefined unless `connect` was called. */
  get remoteAddress(): Address | undefined {
    return this.outbox.peer;
  }

  get isClosed(): boolean {
    return this.state === 'closed' || this.state === 'moved';
  }

  get sent(): number {
    return this.outbox.sent;
  }

  get queuedBytes(): number {
    return this.outbox.queuedBytes;
  }

  // Receiving

  get counters(): Readonly<DatagramCounters> {
    return this.inbox.counters;
  }

  set onDatagram(handler: DatagramHandler | undefined) {
    checkCallback('onDatagram', handler);
    this.inbox.setHandler(handler);
  }

  get onDatagram(): DatagramHandler | undefined {
    return this.inbox.onDatagram;
  }

  set onError(handler: ((failure: Error) => void) | undefined) {
    checkCallback('onError', handler);
    this.errorHandler = handler;
  }

  get onError(): ((failure: Error) => void) | undefined {
    return this.errorHandler;
  }

  async receive(options?: WaitOptions): Promise<ReceivedDatagram> {
    const signal = signalOf(options);
    this.checkOpen('receive');
    const received = await this.inbox.pull.next('receive', { signal });
    if (received === null) throw this.wrongState('ECANCELED', 'receive', 'the socket was closed here');
    return received;
  }

  [Symbol.asyncIterator](): AsyncIterator<ReceivedDatagram> {
    return this.inbox.pull.iterate();
  }

  pause(): void {
    this.inbox.setPaused(true);
  }

  resume(): void {
    this.inbox.setPaused(false);
  }

  // Sending

  set onDrain(handler: (() => void) | undefined) {
    checkCallback('onDrain', handler);
    this.drainHandler = handler;
  }

  get onDrain(): (() => void) | undefined {
    return this.drainHandler;
  }

  trySend(data: Sendable, to?: DatagramTarget): boolean {
    const part = checkedPart(data);
    if (this.outbox.offer(part, this.destination(to))) return true;
    this.outbox.needsDrain = true;
    return false;
  }

  send(data: Sendable, to?: DatagramTarget, options?: WaitOptions): Promise<void> {
    try {
      const signal = signalOf(options);
      const part = checkedPart(data);
      const target = this.destination(to);
      if (this.outbox.offer(part, target)) return RESOLVED;
      const { promise, resolve, reject } = settling<void>();
      const settle = (failure: Error | undefined) => (failure === undefined ? resolve() : reject(failure));
      const datagram = this.outbox.push(part, target, settle);
      return unlessAborted(promise, signal, () => this.outbox.takeBack(datagram));
    } catch (error) {
      return Promise.reject(error);
    }
  }

  async connect(to: DatagramTarget & LookUpBounds): Promise<void> {
    const target = await withinBounds(this.reactor, to, () => resolvedTarget(to, this.address.family));
    this.checkOpen('connect');
    if (this.queuedBytes > 0) throw this.wrongState('EBUSY', 'connect', 'datagrams wait to be sent; await them first');
    const code = connect(this.descriptor.fd, target);
    if (code !== 0) throw new IoError(code, 'connect', formatAddress(target));
    this.outbox.peer = target;
  }

  // Ending

  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      if (this.state === 'open') {
        this.state = 'closing';
        this.inbox.update();
        this.inbox.pull.end();
        if (this.queuedBytes === 0) this.release();
        else this.closeTimer = this.reactor.arm(this, CLOSE_TIMER, this.details.limits.closeTimeoutMs);
      }
      return this.closing.promise;
    });
  }

  destroy(): void {
    this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, () => this.move(peer, state));
  }

  private async move(peer: Destination, state: unknown): Promise<void> {
    const move = prepareMove(peer, state);
    const { waiting, ...parts } = this.detach('moveTo');
    let failure: Error | undefined;
    try {
      await move.give('datagram socket', parts);
    } catch (error) {
      failure = error as Error;
      removeSocketFile(this.details.socketFile);
    }
    for (const { settle } of waiting) settle(failure);
    if (failure !== undefined) throw failure;
  }

  /**
   * @internal Takes the descriptor out, with what is in flight.
   *
   * @param call that the user made, for messages.
   * @returns also the datagrams that wait, whose senders are still to be told.
   * @throws IoError EBADF.
   */
  detach(call: string): Detached<DatagramDetails> & { readonly waiting: readonly OutgoingDatagram[] } {
    this.checkOpen(call);
    this.state = 'moved';
    const waiting = this.outbox.drop();
    const inFlight = { queued: packDatagrams(waiting), unread: new Uint8Array(0) };
    this.inbox.onDescriptorGone();
    const fd = detachSocket(this);
    this.reactor.defer(this);
    return { fd, inFlight, details: { ...this.details, peer: this.outbox.peer }, waiting };
  }

  // For those who make a socket of what was another thread's

  /** @internal What waited to be sent there goes first. What becomes of it nobody waits for: `onError` is told. */
  putQueued(waited: readonly QueuedDatagram[]): void {
    this.outbox.restore(waited, failure => {
      if (failure !== undefined) this.inbox.report(failure);
    });
  }

  // For the driver, the outbox and the reactor

  /** @internal */
  onRoom(): void {
    const { drainHandler } = this;
    if (this.state === 'open' && drainHandler !== undefined) this.descriptor.scope.run(drainHandler, this);
  }

  /** @internal */
  onFlushed(): void {
    if (this.state === 'closing') this.release();
  }

  /** @internal */
  onBroken(failure: Error): void {
    this.release(failure);
  }

  /** @internal The end of patience with an orderly close. */
  onTimer(): void {
    this.closeTimer = NO_TIMER;
    this.release(undefined, this.wrongState('ETIMEDOUT', 'close', 'there was no room for what waited'));
  }

  /** @internal The descriptor is closed; everybody is told. */
  onDeferred(): void {
    const { inbox, failure } = this;
    if (inbox.pull.isWaiting) inbox.pull.end(failure);
    else if (failure !== undefined) inbox.report(failure);
    this.closing.resolve();
  }

  /** @internal What the network said of a datagram that was sent earlier. */
  refusal(code: number): Error {
    return this.outbox.refusal(code, undefined, 'recv');
  }

  /** @internal */
  fail(failure: Error): void {
    this.release(failure);
  }

  private destination(to: DatagramTarget | undefined): Address | undefined {
    this.checkOpen('send');
    return destinationOf(to, this.outbox.peer, this.address.family);
  }

  private checkOpen(call: string): void {
    if (this.state === 'open') return;
    const explanation = this.state === 'moved' ? 'the socket was moved to another thread' : 'the socket is closed';
    throw this.failure ?? this.wrongState('EBADF', call, explanation);
  }

  private wrongState(code: StateCode, call: string, explanation: string): IoError {
    return wrongState(code, call, explanation, titleOf(this.descriptor));
  }

  /** @param refusal what those get who waited for room. */
  private release(failure?: Error, refusal = failure): void {
    if (this.isClosed) return;
    this.state = 'closed';
    this.reactor.disarm(this.closeTimer);
    const dropped = this.outbox.drop();
    const leftBehind = removeSocketFile(this.details.socketFile);
    this.inbox.onDescriptorGone();
    try {
      closeSocket(this);
    } finally {
      this.failure = failure ?? leftBehind;
      for (const { bytes, settle } of dropped) {
        bytes.release();
        settle(refusal ?? this.wrongState('ECANCELED', 'send', 'the socket was closed here'));
      }
      this.reactor.defer(this);
    }
  }

  static {
    addSocketMethods(this.prototype);
    addReachMethods(this.prototype);
    describeBy('DatagramSocket', DatagramSocket.prototype, socket => ({
      state: socket.state,
      fd: socket.isClosed ? -1 : socket.descriptor.fd,
      address: formatAddress(socket.address),
      remote: socket.remoteAddress && formatAddress(socket.remoteAddress),
      received: socket.counters.received,
      dropped: socket.counters.dropped,
      queuedBytes: socket.queuedBytes,
    }));
  }
}
shareAmongCopies({ DatagramSocket });
