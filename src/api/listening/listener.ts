/** A listening socket, and the connections that come from it. */
import { describeBy } from '../../base/inspection.js';
import { AGAIN, type Descriptor, type Outcome } from '../../core/operations/operation.js';
import { ACCEPTS_PER_TURN, EMFILE_REST_MS, LAST_ACCEPTS_MS } from '../../core/limits.js';
import { Accept, isExhaustion, type AcceptOwner } from '../../core/operations/accept.js';
import type { Deferred, Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';
import { close } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { closeGate, isUnixGateClosed, liftFilter } from '../../sys/socket/listener-gate.js';
import { platform } from '../../sys/ffi/platform.js';
import { formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import { listen as listenOn } from '../../sys/socket/socket.js';
import { checkCallback } from '../../base/arguments.js';
import { Connection } from '../stream/connection.js';
import type { DeferAccept } from './defer-accept.js';
import { prepareMove, type Destination } from '../departure.js';
import type { QueueLimits, SocketOptions } from '../options.js';
import { settling, type Settling } from '../settling.js';
import { Socket } from '../socket/socket.js';
import { removeSocketFile, type SocketFile } from '../socket/socket-file.js';
import { applySocketOptions } from '../socket/socket-options.js';
import { SpareDescriptor } from './spare-descriptor.js';
import { throwLater } from '../throw-later.js';
import { endWith, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';

/** What a timer is for. */
const REST = 0;
const LAST_ACCEPTS = 1;

/** How often a listener accepted, and how often it could not. */
export interface ListenerCounters {
  accepted: number;
  /** Times that no descriptor or memory was left for a connection. */
  exhausted: number;
  /** Connections that were closed at once, since there was no descriptor for them even after a rest. */
  shed: number;
}

/** What is known of a listener besides its descriptor: all that another thread needs to go on with it. */
export interface ListenerDetails {
  /** Where it listens; the port is the real one, also if 0 was asked for. */
  readonly address: Address;
  /** What became of `reusePort`. */
  readonly reusePort: boolean;
  /** What became of `deferAccept`. */
  readonly deferAccept: DeferAccept;
  readonly limits: QueueLimits;
  /** For connections, where they don't inherit them. */
  readonly socketOptions: SocketOptions;
  /** That of a Unix socket, if it has one. */
  readonly socketFile?: SocketFile;
}

/** A socket that accepts connections. `listen` makes one. */
export class Listener extends Socket implements AcceptOwner, TimerOwner, Deferred, AsyncIterable<Connection> {
  /** Something went wrong that the listener survives (EMFILE), or that ended it. Without a handler a warning is emitted. */
  onError: ((failure: IoError) => void) | undefined = undefined;
  readonly counters: ListenerCounters = { accepted: 0, exhausted: 0, shed: 0 };

  private handler: ((connection: Connection) => void) | undefined = undefined;
  private diversion: ((fd: number) => void) | undefined = undefined;
  private readonly accept = new Accept(this);
  private readonly spare = new SpareDescriptor();
  private restTimer: Timer = NO_TIMER;
  /** Nobody new is let in, and this is how long those still come that were. */
  private drainTimer: Timer = NO_TIMER;
  /** The last attempt to accept ended for want of descriptors. */
  private wasExhausted = false;
  /** Accepted and not yet taken by the iterator. */
  private readonly waiting: Connection[] = [];
  private taker: Settling<Connection | null> | undefined = undefined;
  private iterating = false;
  private isOpen = true;
  private hasMoved = false;
  private failure: Error | undefined = undefined;
  private readonly closing = settling<void>();

  /** @internal Made by `listen`. */
  constructor(
    reactor: Reactor,
    descriptor: Descriptor,
    private readonly details: ListenerDetails,
  ) {
    super(reactor, descriptor);
  }

  /** Where it listens; the port is the real one, also if 0 was asked for. */
  get address(): Address {
    return this.details.address;
  }

  /** The TCP port, the real one also if 0 was asked for. @throws TypeError it listens on a Unix socket, which has none. */
  get port(): number {
    const { address } = this;
    if (address.family === 'unix')
      throw new TypeError(`port: the listener is at ${address.path}; allowed: TCP listeners`);
    return address.port;
  }

  /** What became of `reusePort`. */
  get reusePort(): boolean {
    return this.details.reusePort;
  }

  /** What became of `deferAccept`. */
  get deferAccept(): DeferAccept {
    return this.details.deferAccept;
  }

  /**
   * What to do with a connection. Setting it starts accepting; undefined stops it, and the kernel's backlog fills.
   *
   * @throws Error the listener is being iterated, or was moved to another thread.
   */
  set onConnection(handler: ((connection: Connection) => void) | undefined) {
    checkCallback('onConnection', handler);
    if (handler !== undefined && this.hasMoved) {
      throw new Error('onConnection: the listener was moved to another thread');
    }
    if (handler !== undefined && this.iterating) {
      throw new Error('onConnection: the listener is being iterated; use one way at a time');
    }
    this.handler = handler;
    this.updateAccepting();
  }

  get onConnection(): ((connection: Connection) => void) | undefined {
    return this.handler;
  }

  override get isClosed(): boolean {
    return !this.isOpen;
  }

  /**
   * @internal In place of `onConnection`, for who gives connections to other threads: takes the descriptor as it is, and
   * owns it. Undefined stops accepting.
   */
  divert(toOwner: ((fd: number) => void) | undefined): void {
    this.diversion = toOwner;
    this.updateAccepting();
  }

  /** `for await (const connection of listener)`: until the listener is closed. Leaving the loop closes it. */
  [Symbol.asyncIterator](): AsyncIterator<Connection> {
    if (this.hasMoved) throw new Error('for await: the listener was moved to another thread');
    if (this.handler !== undefined || this.iterating) {
      throw new Error('for await: the listener has a handler or an iterator already; use one way at a time');
    }
    this.iterating = true;
    return {
      next: async () => {
        const connection = await this.take();
        return connection === null ? { done: true, value: undefined } : { done: false, value: connection };
      },
      return: async () => {
        await this.close();
        return { done: true, value: undefined };
      },
    };
  }

  /**
   * Stops listening. Connections that were accepted live on; those in the kernel's backlog are reset by it.
   *
   * @param options aborting its `signal` ends the wait; it is closed all the same.
   * @returns a promise that resolves when the descriptor is closed.
   */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      this.end(undefined);
      return this.closing.promise;
    });
  }

  /**
   * Stops listening without turning away those who wait: whoever is in the backlog is handed to `onConnection`, and then
   * the descriptor is closed. On Linux nobody who has connected is lost: a TCP client that comes meanwhile gets no answer and
   * tries again a second later; connecting to a Unix socket is refused. Handshakes under way have 20 ms to come to their end,
   * and are reset if they take longer. On other systems who comes in that very moment may be reset.
   *
   * @param options aborting its `signal` ends the wait; it is closed all the same.
   * @returns a promise that resolves when the descriptor is closed.
   */
  drain(options?: EndOptions): Promise<void> {
    return endWith(options, () => this.beginDraining());
  }

  private beginDraining(): Promise<void> {
    if (this.drainTimer !== NO_TIMER) return this.closing.promise;
    if (this.isOpen && this.hasTaker) {
      this.reactor.driver.cancel(this.accept);
      const { fd } = this.descriptor;
      const gate = closeGate(fd, this.address.family === 'unix');
      // Of a backlog of 0, the kernel lets later ones try again until nobody listens.
      if (gate === 'open') listenOn(fd, 0);
      else if (gate === 'closing') this.drainTimer = this.reactor.arm(this, LAST_ACCEPTS, LAST_ACCEPTS_MS);
      this.takeBacklog();
      if (gate === 'closing') {
        this.updateAccepting();
        return this.closing.promise;
      }
    }
    return this.close();
  }

  /**
   * Moves the listener to another thread, which has called `receiveListeners`, and with it what waits in the backlog.
   * Connections that were accepted here stay here; an iteration gets those and ends. This object is of no more use.
   *
   * @param state what the other thread needs to go on: anything that can be cloned.
   * @param options aborting its `signal` later ends the wait; the listener moves all the same.
   * @returns a promise that resolves when the other thread has it.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the listener.
   * @throws IoError EBADF: it is closed or being drained, or was moved before; EPIPE: that thread has ended, and the listener is closed.
   * @throws Error that thread receives no listeners, and the listener is closed.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, () => this.move(peer, state));
  }

  private async move(peer: Destination, state: unknown): Promise<void> {
    const move = prepareMove(peer, state);
    if (!this.isOpen || this.drainTimer !== NO_TIMER) {
      const explanation = 'the listener is closed or being drained, or was moved to another thread';
      throw new IoError('EBADF', 'moveTo', `descriptor ${this.descriptor.fd}`, explanation);
    }
    this.isOpen = false;
    this.hasMoved = true;
    this.reactor.disarm(this.restTimer);
    const fd = this.detachDescriptor();
    this.spare.close();
    this.reactor.defer(this);
    try {
      await move.give('listener', { fd, details: this.details });
    } catch (failure) {
      this.removeSocketFile();
      throw failure;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @internal */
  onAccepted(fd: number): void {
    this.wasExhausted = false;
    if (this.drainTimer !== NO_TIMER) liftFilter(fd);
    try {
      this.inherit(fd);
    } catch {
      // The peer has gone already, and the connection with it (EINVAL on macOS).
      close(fd);
      return;
    }
    this.counters.accepted++;
    if (this.diversion !== undefined) {
      this.diversion(fd);
      return;
    }
    const descriptor = this.reactor.driver.add(fd, this.scope);
    descriptor.origin = 'own';
    const connection = new Connection(this.reactor, descriptor, this.details.limits);
    connection.unreadPolicy = 'drained';
    if (this.handler !== undefined) {
      this.scope.run(this.handler, undefined, connection);
      return;
    }
    const { taker } = this;
    this.taker = undefined;
    if (taker !== undefined) taker.resolve(connection);
    else this.waiting.push(connection);
    this.updateAccepting();
  }

  /** @internal */
  onExhausted(error: IoError): void {
    this.counters.exhausted++;
    // One rest may help: descriptors get closed. If it did not, those who wait are told instead of left hanging.
    if (this.wasExhausted && isExhaustion(error))
      this.counters.shed += this.spare.shed(this.descriptor.fd, ACCEPTS_PER_TURN);
    this.wasExhausted = true;
    this.reactor.driver.cancel(this.accept);
    this.restTimer = this.reactor.arm(this, REST, EMFILE_REST_MS);
    this.report(error);
  }

  /** @internal The rest is over, or the listener is drained. */
  onTimer(tag: number): void {
    if (tag === LAST_ACCEPTS) {
      this.reactor.driver.cancel(this.accept);
      this.takeBacklog();
      this.end(undefined);
      return;
    }
    this.restTimer = NO_TIMER;
    this.spare.renew();
    this.updateAccepting();
  }

  /** @internal */
  onAcceptEnd(failure: Error): void {
    // Of a Unix socket that threads share and one drains, the others are told over and over that it was shut down.
    const isDrained = this.isOpen && this.address.family === 'unix' && isUnixGateClosed(this.descriptor.fd);
    this.end(isDrained ? undefined : failure);
  }

  /** @internal */
  onDeferred(): void {
    this.taker?.resolve(null);
    this.taker = undefined;
    if (this.failure !== undefined) this.report(this.failure as IoError);
    this.closing.resolve();
  }

  /** Linux and FreeBSD hand options of the listener down to its connections; elsewhere each connection is told. */
  private inherit(fd: number): void {
    const { address, socketOptions } = this.details;
    if (platform === 'linux' || platform === 'freebsd' || address.family === 'unix') return;
    applySocketOptions(fd, socketOptions, true);
  }

  private take(): Promise<Connection | null> {
    if (this.taker !== undefined) throw new Error('next: another next() is under way; await it first');
    const connection = this.waiting.shift();
    if (connection !== undefined) {
      this.updateAccepting();
      return Promise.resolve(connection);
    }
    if (!this.isOpen) return Promise.resolve(null);
    this.taker = settling();
    this.updateAccepting();
    return this.taker.promise;
  }

  private updateAccepting(): void {
    const { driver } = this.reactor;
    const wanted =
      this.isOpen &&
      this.restTimer === NO_TIMER &&
      (this.hasTaker || (this.iterating && this.waiting.length < ACCEPTS_PER_TURN));
    if (!wanted) driver.cancel(this.accept);
    else if (this.accept.descriptor === undefined) driver.start(this.descriptor, this.accept);
  }

  /** Hands on all that wait in the backlog, though the handler throws for one of them. */
  private takeBacklog(): void {
    let outcome: Outcome = AGAIN;
    while (outcome === AGAIN && this.isOpen && this.restTimer === NO_TIMER && this.hasTaker) {
      try {
        outcome = this.accept.attempt(this.descriptor.fd);
      } catch (error) {
        throwLater(this.reactor, error);
      }
    }
  }

  private get hasTaker(): boolean {
    return this.handler !== undefined || this.diversion !== undefined;
  }

  private end(failure: Error | undefined): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.failure = failure;
    this.reactor.disarm(this.restTimer);
    this.reactor.disarm(this.drainTimer);
    this.removeSocketFile();
    try {
      this.releaseDescriptor();
    } finally {
      this.spare.close();
      for (const connection of this.waiting.splice(0)) connection.destroy();
      this.reactor.defer(this);
    }
  }

  /** The path goes with the socket that was bound to it; one that can't be removed is told like any other failure. */
  private removeSocketFile(): void {
    const refusal = removeSocketFile(this.details.socketFile);
    this.failure ??= refusal;
  }

  private report(failure: IoError): void {
    if (this.onError !== undefined) this.scope.run(this.onError, this, failure);
    else process.emitWarning(failure.message, 'PolluxListenerWarning');
  }

  static {
    describeBy('Listener', Listener.prototype, listener => ({
      state: listener.hasMoved ? 'moved' : listener.isOpen ? 'open' : 'closed',
      fd: listener.fd,
      address: formatAddress(listener.address),
      ...listener.counters,
    }));
  }
}
