/** A listening socket, and the connections that come from it. */
import { describeBy } from '../../base/inspection.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { close } from '../../sys/file/io.js';
import { wrongState, type IoError } from '../../sys/ffi/io-error.js';
import { formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import { checkCallback } from '../../base/arguments.js';
import { valuesOf } from '../../base/options.js';
import { prepareMove, type Destination, type Detached } from '../departure.js';
import { settling } from '../settling.js';
import { closeSocket, detachSocket, titleOf, type Socket } from '../socket/socket.js';
import { removeSocketFile } from '../socket/socket-file.js';
import { addSocketMethods } from '../socket/socket-methods.js';
import type { Connection } from '../stream/connection.js';
import { endWith, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';
import { Accepting, type ListenerCounters } from './accepting.js';
import type { DeferAccept } from './defer-accept.js';
import type { ListenerDetails } from './listener-details.js';
import { Handover } from './handover.js';
import { inheritOptions } from './listening-socket.js';
import { DRAIN_OPTIONS, maxConnections, type DrainOptions } from './accepting-options.js';
import { CountedConnections, type OpenConnections } from './open-connections.js';

/* eslint-disable @typescript-eslint/no-unsafe-declaration-merging -- addSocketMethods adds those of Socket below */
export interface Listener extends Socket, AsyncIterable<Connection> {}

/** A socket that listens, made by `listen`. */
export class Listener {
  /** @internal */
  isReferenced = true;
  private errorHandler: ((failure: IoError) => void) | undefined = undefined;
  private readonly accepting = new Accepting(this);
  private readonly open: CountedConnections;
  /** @internal */
  readonly handover: Handover;
  private state: 'open' | 'closed' | 'moved' = 'open';
  private failure: Error | undefined = undefined;
  private readonly closing = settling<void>();

  /** @internal Made by `listen`. */
  constructor(
    readonly reactor: Reactor,
    /** @internal */
    readonly descriptor: Descriptor,
    private readonly details: ListenerDetails,
  ) {
    this.open = new CountedConnections(reactor, details, () => this.accepting.update());
    this.handover = new Handover(this, this.open);
    descriptor.owner = this;
    reactor.enter(true);
  }

  /** What became of connections so far. */
  get counters(): ListenerCounters {
    return this.accepting.counters;
  }

  /**
   * Something went wrong that the listener survives (EMFILE), or that ended it. Without a handler a warning is emitted.
   *
   * @throws TypeError no function.
   */
  set onError(handler: ((failure: IoError) => void) | undefined) {
    checkCallback('onError', handler);
    this.errorHandler = handler;
  }

  get onError(): ((failure: IoError) => void) | undefined {
    return this.errorHandler;
  }

  /** Where it listens; the port is the real one, also if 0 was asked for. */
  get address(): Address {
    return this.details.address;
  }

  /**
   * The TCP port, the real one also if 0 was asked for.
   * @throws TypeError it listens on a Unix socket, which has none.
   */
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
   * @throws TypeError no function. @throws IoError EBUSY: the listener is being iterated; EBADF: it was moved to
   *   another thread.
   */
  set onConnection(handler: ((connection: Connection) => void) | undefined) {
    checkCallback('onConnection', handler);
    if (handler !== undefined) this.checkHere('onConnection');
    this.handover.setHandler(handler);
  }

  get onConnection(): ((connection: Connection) => void) | undefined {
    return this.handover.onConnection;
  }

  /**
   * The connections that it has accepted and that are open in this thread, also after the listener was closed.
   *
   *     for (const connection of listener.connections) connection.send('the server stops in a minute');
   */
  get connections(): OpenConnections {
    return this.open;
  }

  /**
   * How many connections may be open at once; Infinity, the default, is no bound. While there are as many, nobody is
   * accepted, and those who connect wait in the kernel's backlog. `drain` hands on those in the backlog all the same.
   *
   * @throws RangeError no integer from 1, nor Infinity.
   */
  set maxConnections(most: number) {
    this.open.most = maxConnections('maxConnections', most);
    this.accepting.update();
  }

  get maxConnections(): number {
    return this.open.most;
  }

  get isClosed(): boolean {
    return this.state !== 'open';
  }

  /**
   * @internal In place of `onConnection`, for who gives connections to other threads: takes the descriptor as it is,
   * and owns it. Undefined stops accepting.
   */
  divert(toOwner: ((fd: number) => void) | undefined): void {
    this.handover.divert(toOwner);
  }

  /** `for await (const connection of listener)`: until the listener is closed. Leaving the loop closes it. */
  [Symbol.asyncIterator](): AsyncIterator<Connection> {
    this.checkHere('for await');
    return this.handover.iterate();
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
   * Closes the connections that are idle, each as `connection.close()` does: somebody waits for the next bytes, and the
   * last bytes went out and not in. A connection that has sent nothing yet is not idle, nor is one with a transfer
   * under way.
   *
   * @param mayClose is asked of each that is idle: in a protocol with answers in several pieces only the program knows
   *   which is the last. Default: all may be closed.
   * @returns how many are being closed.
   * @throws TypeError no function. @throws what `mayClose` throws.
   */
  closeIdle(mayClose?: (connection: Connection) => boolean): number {
    checkCallback('mayClose', mayClose);
    return this.open.closeIdle(mayClose ?? (() => true));
  }

  /**
   * Stops listening without turning waiting clients away: connections in the backlog go to `onConnection`, and then
   * the descriptor is closed. On Linux nobody who has connected is lost: a TCP client that comes meanwhile gets no
   * answer and tries again a second later; connecting to a Unix socket is refused. Handshakes under way have 20 ms to
   * come to their end, and are reset if they take longer. On other systems a client that comes in that moment may be
   * reset. Of a socket that was given (`listen({ fd })`), later clients are left to other processes that have it.
   *
   * @param options `idle` 'close' closes idle connections first, as `closeIdle()`; aborting its `signal` ends the wait,
   *   and the listener is closed all the same.
   * @returns a promise that resolves when the descriptor is closed.
   */
  async drain(options: DrainOptions = {}): Promise<void> {
    const { idle, signal } = valuesOf(DRAIN_OPTIONS, options);
    return endWith({ signal }, () => {
      if (idle === 'close') this.closeIdle();
      if (this.accepting.isDraining) return this.closing.promise;
      if (!this.isClosed && this.handover.hasTaker && this.accepting.drain()) return this.closing.promise;
      return this.close();
    });
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
   * @throws IoError EBADF: it is closed or being drained, or was moved before; EPIPE: that thread has ended, and the
   *   listener is closed.
   * @throws Error that thread receives no listeners, and the listener is closed.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, () => this.move(peer, state));
  }

  private async move(peer: Destination, state: unknown): Promise<void> {
    const move = prepareMove(peer, state);
    const parts = this.detach('moveTo');
    try {
      await move.give('listener', parts);
    } catch (failure) {
      this.removeSocketFile();
      throw failure;
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /**
   * @internal Takes the descriptor out.
   *
   * @param call that the user made, for messages.
   * @throws IoError EBADF.
   */
  detach(call: string): Detached<ListenerDetails> {
    if (this.isClosed || this.accepting.isDraining) {
      const why = 'the listener is closed or being drained, or was moved to another thread';
      throw wrongState('EBADF', call, why, titleOf(this.descriptor));
    }
    this.state = 'moved';
    this.accepting.stopTimers();
    const fd = detachSocket(this);
    this.accepting.closeSpare();
    this.reactor.defer(this);
    return { fd, details: this.details };
  }

  /** @internal As `fd`, for calls of Pollux's own: the number goes no further. */
  get ownFd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  // For its accepting

  /** @internal */
  get isGiven(): boolean {
    return this.details.isGiven === true;
  }

  /** @internal */
  updateAccepting(): void {
    this.accepting.update();
  }

  /** @internal A connection was accepted. */
  onDescriptor(fd: number): void {
    try {
      inheritOptions(fd, this.details);
    } catch {
      // The peer has gone already, and the connection with it (EINVAL on macOS).
      close(fd);
      return;
    }
    this.counters.accepted++;
    this.handover.take(fd);
  }

  /** @internal */
  onDeferred(): void {
    this.handover.end();
    if (this.failure !== undefined) this.report(this.failure as IoError);
    this.closing.resolve();
  }

  /** @internal */
  end(failure: Error | undefined): void {
    if (this.isClosed) return;
    this.state = 'closed';
    this.failure = failure;
    this.accepting.stopTimers();
    this.removeSocketFile();
    try {
      closeSocket(this);
    } finally {
      this.accepting.closeSpare();
      this.handover.dropWaiting();
      this.reactor.defer(this);
    }
  }

  /** The path goes with the socket that was bound to it; one that can't be removed is told like any other failure. */
  private removeSocketFile(): void {
    const refusal = removeSocketFile(this.details.socketFile);
    this.failure ??= refusal;
  }

  /** @internal */
  report(failure: IoError): void {
    const { errorHandler } = this;
    if (errorHandler !== undefined) this.descriptor.scope.run(errorHandler, this, failure);
    else process.emitWarning(failure.message, 'PolluxListenerWarning');
  }

  private checkHere(call: string): void {
    if (this.state === 'moved')
      throw wrongState('EBADF', call, 'the listener was moved to another thread', titleOf(this.descriptor));
  }

  static {
    addSocketMethods(this.prototype);
    describeBy('Listener', Listener.prototype, listener => ({
      state: listener.state,
      fd: listener.ownFd,
      address: formatAddress(listener.address),
      ...listener.counters,
    }));
  }
}
