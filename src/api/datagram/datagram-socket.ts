/** A socket for datagrams: UDP or Unix. */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import type { BufferList } from '../../core/memory/buffer-list.js';
import { MAX_DATAGRAM_BYTES } from '../../core/limits.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Deferred, Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import { connect } from '../../sys/socket/socket.js';
import { DatagramOutbox, type OutboxOwner } from './outbox.js';
import { DatagramReceiver } from './receiver.js';
import { resolvedTarget, targetAddress, type DatagramTarget } from './target.js';
import { withinBounds, type LookUpBounds } from '../socket/look-up-bounds.js';
import { prepareMove, type InFlight, type Destination } from '../departure.js';
import { packDatagrams, type QueuedDatagram } from './queued-datagrams.js';
import { checkSendable, type Sendable } from '../socket/sendable.js';
import { settling } from '../settling.js';
import { removeSocketFile, type SocketFile } from '../socket/socket-file.js';
import { endWith, signalOf, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';

/** Bounds of a datagram socket. */
export interface DatagramLimits {
  /** Longest datagram that is received; longer ones are dropped and counted. Default 65,535, at most 1 MiB. */
  readonly maxDatagramBytes: number;
  /** Datagrams that wait to be sent, each with 256 bytes for itself; a `send` beyond is refused. Default 16 MiB. */
  readonly maxQueuedBytes: number;
  /** How long `close` waits for what is queued to be sent. Default 30 s. */
  readonly closeTimeoutMs: number;
}

/** What is known of a datagram socket besides its descriptor. */
export interface DatagramDetails {
  /** Where it is bound; the port is the real one, also if 0 was asked for. */
  readonly address: Address;
  readonly reusePort: boolean;
  readonly limits: DatagramLimits;
  /** That of `connect`. */
  readonly peer?: Address;
  /** That of a Unix socket, if it has one. */
  readonly socketFile?: SocketFile;
}

const CLOSE_TIMER = 0;
const RESOLVED = Promise.resolve();

/** A UDP socket, or a Unix socket for datagrams. `bindDatagram` makes one. */
export class DatagramSocket extends DatagramReceiver implements OutboxOwner, TimerOwner, Deferred {
  /** There is room again after `trySend` had answered false. */
  onDrain: (() => void) | undefined = undefined;

  private readonly outbox: DatagramOutbox;
  private state: 'open' | 'closing' | 'closed' = 'open';
  protected override hasMoved = false;
  private broken: Error | undefined = undefined;
  private closeTimer: Timer = NO_TIMER;
  private readonly closing = settling<void>();

  /** @internal Made by `bindDatagram`. */
  constructor(
    reactor: Reactor,
    descriptor: Descriptor,
    private readonly details: DatagramDetails,
  ) {
    super(reactor, descriptor, details.limits.maxDatagramBytes);
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

  override get isClosed(): boolean {
    return this.state === 'closed';
  }

  /** Datagrams that the kernel has taken. */
  get sent(): number {
    return this.outbox.sent;
  }

  /** Bytes that wait to be sent, with 256 for each datagram. */
  get queuedBytes(): number {
    return this.outbox.queuedBytes;
  }

  // Sending

  /**
   * Gives a datagram to the kernel, whole or not at all: the path without promises. A BufferList that was taken is empty
   * after; otherwise it is as it was. An array is yours again at once.
   *
   * @param to left out for the peer of `connect`.
   * @returns false when there is no room, and nothing has happened: `onDrain` tells when to try again.
   * @throws IoError EMSGSIZE: it is too long; ECONNREFUSED: nobody is there (a Unix socket), or nobody received an earlier
   *   datagram (UDP; this one was not sent, and the socket goes on); ENETUNREACH, EHOSTUNREACH, ENOENT and what else
   *   the system says of it; EBADF: the socket is closed; EISCONN: `to`, although the socket is connected.
   * @throws TypeError, RangeError something that can't be sent, or no place to send it to.
   */
  trySend(data: Sendable, to?: DatagramTarget): boolean {
    const part = checkedPart(data);
    if (this.outbox.offer(part, this.destination(to))) return true;
    this.outbox.needsDrain = true;
    return false;
  }

  /**
   * `trySend` that waits for room: resolves when the kernel has taken the datagram. Those that wait go in the order of the
   * calls, and count towards `maxQueuedBytes`. What has to wait is copied, and a BufferList is moved.
   *
   *     await socket.send('position 7', to, { signal });
   *
   * @param options aborting its `signal` takes the datagram back: it is not sent.
   * @throws as `trySend`, by the promise; IoError ENOBUFS: too much waits already; ECANCELED: the socket is closed before
   *   it could go; ETIMEDOUT: so it was after `closeTimeoutMs`.
   */
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

  /**
   * Fixes the peer: `send` goes there without `to`, nobody else's datagrams are received from here on, and that nobody is there
   * is told (see `onError`). connect(2). Called again it takes another peer.
   *
   * @param to an address, or for UDP a name, with bounds for looking it up.
   * @throws TypeError, RangeError (by the promise, as all) no such place; Error datagrams wait to be sent.
   * @throws IoError ENOTFOUND, ENETUNREACH, and for Unix sockets ENOENT, ECONNREFUSED, EACCES; EBADF: it is closed;
   *   ETIMEDOUT: the name server did not answer within `timeoutMs`.
   * @throws whatever `signal` was aborted with.
   */
  async connect(to: DatagramTarget & LookUpBounds): Promise<void> {
    const target = await withinBounds(this.reactor, to, () => resolvedTarget(to, this.address.family));
    this.checkOpen('connect');
    if (this.queuedBytes > 0) throw new Error('connect: datagrams wait to be sent; await them first');
    const code = connect(this.descriptor.fd, target);
    if (code !== 0) throw new IoError(code, 'connect', formatAddress(target));
    this.outbox.peer = target;
  }

  // Ending

  /**
   * Receives no more, sends what waits to be sent, for `closeTimeoutMs` at most, and closes.
   *
   * @param options aborting its `signal` ends the wait; it is closed all the same.
   * @returns a promise that resolves when the descriptor is closed. What could not be sent is told by its own `send`.
   */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      if (this.state === 'open') {
        this.state = 'closing';
        this.updateReceiving();
        this.endReceiving(undefined);
        if (this.queuedBytes === 0) this.release();
        else this.closeTimer = this.reactor.arm(this, CLOSE_TIMER, this.details.limits.closeTimeoutMs);
      }
      return this.closing.promise;
    });
  }

  /** Closes at once. What waits to be sent is dropped. */
  destroy(): void {
    this.release();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * Moves the socket to another thread, which has called `receiveDatagrams`. Datagrams that the kernel holds are received
   * there, and those that wait to be sent go along and are sent there, in order: their `send`s resolve with the move. A
   * `receive` that waits fails with ECANCELED, an iteration ends. This object is of no more use.
   *
   * @param state what the other thread needs to go on: anything that can be cloned.
   * @param options aborting its `signal` later ends the wait; the socket moves all the same.
   * @returns a promise that resolves when the other thread has it.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the socket.
   * @throws IoError EBADF: it is closed or being closed, or was moved before; EPIPE: that thread has ended, and the socket is
   *   closed. What waited to be sent fails with the same.
   * @throws Error that thread receives no datagram sockets, and the socket is closed.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, () => this.move(peer, state));
  }

  private async move(peer: Destination, state: unknown): Promise<void> {
    const move = prepareMove(peer, state);
    this.checkOpen('moveTo');
    this.state = 'closed';
    this.hasMoved = true;
    const waiting = this.outbox.drop();
    const inFlight: InFlight = { queued: packDatagrams(waiting), unread: new Uint8Array(0) };
    const fd = this.detachDescriptor();
    this.reactor.defer(this);
    let failure: Error | undefined;
    try {
      const details: DatagramDetails = { ...this.details, peer: this.outbox.peer };
      await move.give('datagram socket', { fd, details, inFlight });
    } catch (error) {
      failure = error as Error;
      removeSocketFile(this.details.socketFile);
    }
    for (const { settle } of waiting) settle(failure);
    if (failure !== undefined) throw failure;
  }

  // For those who make a socket of what was another thread's

  /** @internal What waited to be sent there goes first. What becomes of it nobody waits for: `onError` is told. */
  putQueued(waited: readonly QueuedDatagram[]): void {
    this.outbox.restore(waited, failure => {
      if (failure !== undefined) this.report(failure);
    });
  }

  // For the driver, the outbox and the reactor

  /** @internal */
  onRoom(): void {
    if (this.state === 'open' && this.onDrain !== undefined) this.scope.run(this.onDrain, this);
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
    this.release(undefined, new IoError('ETIMEDOUT', 'close', this.title, 'there was no room for what waited'));
  }

  /** @internal The descriptor is closed; everybody is told. */
  onDeferred(): void {
    const { broken } = this;
    if (this.isReceiving) this.endReceiving(broken);
    else if (broken !== undefined) this.report(broken);
    this.closing.resolve();
  }

  protected override get isOpen(): boolean {
    return this.state === 'open';
  }

  protected override get failure(): Error | undefined {
    return this.broken;
  }

  protected override refusal(code: number): Error {
    return this.outbox.refusal(code, undefined, 'recv');
  }

  protected override fail(failure: Error): void {
    this.release(failure);
  }

  private destination(to: DatagramTarget | undefined): Address | undefined {
    this.checkOpen('send');
    const { peer } = this.outbox;
    if (to === undefined) {
      if (peer === undefined) throw new TypeError('to: missing; the socket is not connected to a peer');
      return undefined;
    }
    const target = targetAddress(to, this.address.family);
    if (peer === undefined) return target;
    throw new IoError('EISCONN', 'send', formatAddress(target), `the socket is connected to ${formatAddress(peer)}`);
  }

  protected override checkOpen(what: string): void {
    if (this.state === 'open') return;
    const explanation = this.hasMoved ? 'the socket was moved to another thread' : 'the socket is closed';
    throw this.broken ?? new IoError('EBADF', what, this.title, explanation);
  }

  /** @param refusal what those get who waited for room. */
  private release(failure?: Error, refusal = failure): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.reactor.disarm(this.closeTimer);
    const dropped = this.outbox.drop();
    const leftBehind = removeSocketFile(this.details.socketFile);
    try {
      this.releaseDescriptor();
    } finally {
      this.broken = failure ?? leftBehind;
      for (const { bytes, settle } of dropped) {
        bytes.release();
        settle(refusal ?? new IoError('ECANCELED', 'send', this.title, 'the socket was closed here'));
      }
      this.reactor.defer(this);
    }
  }

  static {
    describeBy('DatagramSocket', DatagramSocket.prototype, socket => ({
      state: socket.hasMoved ? 'moved' : socket.state,
      fd: socket.fd,
      address: formatAddress(socket.address),
      remote: socket.remoteAddress && formatAddress(socket.remoteAddress),
      received: socket.counters.received,
      dropped: socket.counters.dropped,
      queuedBytes: socket.queuedBytes,
    }));
  }
}
shareAmongCopies({ DatagramSocket });

/** @throws TypeError something that can't be sent. */
function checkedPart(data: Sendable): Uint8Array | BufferList {
  checkSendable('data', data);
  if (typeof data !== 'string') return data;
  // No datagram is longer, so that much of a long string need not be encoded to hear so from the kernel.
  if (data.length > MAX_DATAGRAM_BYTES) {
    throw new IoError('EMSGSIZE', 'send', undefined, `it has ${data.length} characters`);
  }
  return Buffer.from(data);
}
