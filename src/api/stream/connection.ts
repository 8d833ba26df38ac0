/**
 * A stream socket: TCP or Unix, accepted or connected. It has an inbound half, an outbound half, and a life that ties
 * them.
 */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import { localAddress, remoteAddress } from '../../sys/socket/socket.js';
import { checkCallback, checkRoom, kindOf } from '../../base/arguments.js';
import { prepareMove, type Destination, type Detached } from '../departure.js';
import type { Sendable } from '../socket/sendable.js';
import { titleOf, type Socket } from '../socket/socket.js';
import { addSocketMethods } from '../socket/socket-methods.js';
import { beginWith, endWith, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';
import type { ConnectionEnd } from './connection-end.js';
import type { ConnectionInput } from './connection-input.js';
import { ConnectionLife } from './parts/connection-life.js';
import type { ConnectionMove } from './connection-move.js';
import type { ConnectionOutput } from './connection-output.js';
import {
  shownAddress,
  type ConnectionDetails,
  type ConnectionService,
  type ConnectionTerms,
} from './parts/connection-parts.js';
import { isOver, type ConnectionState } from './parts/connection-states.js';
import { InboundHalf } from './parts/inbound-half.js';
import { receiveOnce } from './parts/receive-once.js';
import { refuseStreamMethods } from './not-a-stream.js';
import { OutboundHalf } from './parts/outbound-half.js';
import type { TimeoutKind, TimeoutOptions } from './parts/timeouts.js';

type CloseHandler = (failure: Error | undefined) => void;

/* eslint-disable @typescript-eslint/no-unsafe-declaration-merging -- addSocketMethods adds those of Socket below */
export interface Connection extends Socket, ConnectionInput, ConnectionOutput, ConnectionEnd, ConnectionMove {}

/** A connection over TCP, a Unix socket or a pipe, made by `listen`, `connect` and `adopt`. */
export class Connection {
  /** @internal */
  readonly inbound: InboundHalf;
  /** @internal Undefined while nothing was sent. */
  outbound: OutboundHalf | undefined = undefined;
  /** @internal Undefined while nothing has happened but bytes. */
  life: ConnectionLife | undefined = undefined;
  private closeHandler: CloseHandler | undefined = undefined;

  /**
   * @param descriptor of a connected, non-blocking stream socket, in the care of the reactor's driver; the connection
   *   owns it.
   * @param state what there is of it: both directions, or those of a pipe's end.
   * @internal
   */
  constructor(
    /** @internal */
    readonly descriptor: Descriptor,
    /** @internal */
    readonly terms: ConnectionTerms,
    state: ConnectionState = 'open',
  ) {
    const { reactor } = terms;
    descriptor.owner = this;
    reactor.enter(true);
    this.inbound = new InboundHalf(this);
    if (state !== 'open') this.life = new ConnectionLife(this, state);
    reactor.defer(this.inbound);
  }

  get reactor(): Reactor {
    return this.terms.reactor;
  }

  get isClosed(): boolean {
    return isOver(this.state);
  }

  /** Where this end is; undefined once closed. getsockname(2). */
  get localAddress(): Address | undefined {
    return this.isClosed ? undefined : localAddress(this.descriptor.fd);
  }

  /** Where the peer is; undefined once closed or when the peer has gone. getpeername(2). */
  get remoteAddress(): Address | undefined {
    if (this.isClosed) return undefined;
    try {
      return remoteAddress(this.descriptor.fd);
    } catch {
      return undefined;
    }
  }

  // Receiving

  get bytesReceived(): number {
    return this.inbound.bytesReceived;
  }

  set onData(handler: ((chunk: BufferList) => void) | undefined) {
    checkCallback('onData', handler);
    this.inbound.setHandler(handler);
  }

  get onData(): ((chunk: BufferList) => void) | undefined {
    return this.inbound.onData;
  }

  set onEnd(handler: (() => void) | undefined) {
    checkCallback('onEnd', handler);
    this.inbound.onEnd = handler;
  }

  get onEnd(): (() => void) | undefined {
    return this.inbound.onEnd;
  }

  read(options?: WaitOptions): Promise<BufferList | null> {
    return this.inbound.needPull().take('read', options);
  }

  readInto(bytes: Uint8Array, options?: WaitOptions): Promise<number> {
    const { inbound } = this;
    inbound.checkFree('readInto');
    checkRoom('bytes', bytes);
    return options === undefined
      ? receiveOnce(inbound, bytes)
      : beginWith(options, signal => receiveOnce(inbound, bytes, signal));
  }

  [Symbol.asyncIterator](): AsyncIterator<BufferList> {
    return this.inbound.needPull().iterate();
  }

  unread(bytes: BufferList): void {
    if (!(bytes instanceof BufferList)) throw new TypeError(`bytes: ${kindOf(bytes)}; allowed: a BufferList`);
    this.inbound.putBack(bytes);
  }

  pause(): void {
    this.inbound.isPaused = true;
  }

  resume(): void {
    this.inbound.isPaused = false;
  }

  // Sending

  get queuedBytes(): number {
    return this.outbound?.queuedBytes ?? 0;
  }

  get bytesSent(): number {
    return this.outbound?.bytesSent ?? 0;
  }

  set onDrain(handler: (() => void) | undefined) {
    checkCallback('onDrain', handler);
    this.writes.onDrain = handler;
  }

  get onDrain(): (() => void) | undefined {
    return this.outbound?.onDrain;
  }

  send(data: Sendable): boolean {
    return this.writes.send(data);
  }

  write(data: Sendable, options?: WaitOptions): Promise<void> {
    const { writes } = this;
    if (options === undefined) return writes.write(data);
    return beginWith(options, signal => unlessAborted(writes.write(data), signal));
  }

  // Ending

  end(data?: Sendable): void {
    if (data !== undefined) this.send(data);
    this.needLife().transition('end');
  }

  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      this.needLife().transition('close');
      this.outbound?.tellClosing();
      return this.closed;
    });
  }

  destroy(failure?: Error): void {
    this.needLife().fail(failure);
  }

  reset(failure?: Error): void {
    if (!this.isClosed) this.needLife().reset(failure);
  }

  get closed(): Promise<void> {
    return this.needLife().closed;
  }

  set onClose(handler: CloseHandler | undefined) {
    checkCallback('onClose', handler);
    this.closeHandler = handler;
  }

  get onClose(): CloseHandler | undefined {
    return this.closeHandler;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // Settings

  /**
   * Sets the timeouts anew; what is left out is off. An expired one destroys the connection unless `onTimeout` is set.
   *
   * @throws TypeError a timeout that does not exist. @throws RangeError a delay that makes no sense.
   */
  setTimeouts(timeouts: TimeoutOptions): void {
    if (!this.isClosed) this.needLife().setTimeouts(timeouts);
  }

  /**
   * Told of an expired timeout in place of the connection being destroyed with ETIMEDOUT.
   * @throws TypeError no function.
   */
  set onTimeout(handler: ((kind: TimeoutKind) => void) | undefined) {
    checkCallback('onTimeout', handler);
    this.needLife().onTimeout = handler;
  }

  get onTimeout(): ((kind: TimeoutKind) => void) | undefined {
    return this.life?.onTimeout;
  }

  // To another thread

  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, async () => await prepareMove(peer, state).give('connection', this.detach('moveTo')));
  }

  park(): void {
    if (this.life?.service === undefined) {
      const why = 'the connection was not accepted by a service of a runtime';
      throw new IoError('EINVAL', 'park', titleOf(this.descriptor), why);
    }
    this.life.park();
  }

  /**
   * @internal Takes the descriptor out, with what is in flight.
   *
   * @param call that the user made, for messages.
   * @throws IoError as `moveTo`; nothing has happened to the connection then.
   */
  detach(call: string): Detached<ConnectionDetails> {
    return this.needLife().detach(call);
  }

  // For its parts, transfers and services

  /** @internal */
  get state(): ConnectionState {
    return this.life === undefined ? 'open' : this.life.state;
  }

  /** @internal */
  get isReferenced(): boolean {
    return this.life?.isReferenced ?? true;
  }

  /** @internal */
  set isReferenced(isReferenced: boolean) {
    if (isReferenced !== this.isReferenced) this.needLife().isReferenced = isReferenced;
  }

  /** @internal */
  needLife(): ConnectionLife {
    return (this.life ??= new ConnectionLife(this, 'open'));
  }

  /** @internal What it broke with. */
  get failure(): Error | undefined {
    return this.life?.failure;
  }

  /** @internal As a transfer reads it. */
  get reads() {
    return this.inbound.side;
  }

  /** @internal As a transfer writes to it. */
  get writes(): OutboundHalf {
    return (this.outbound ??= new OutboundHalf(this));
  }

  /** @internal */
  set service(service: ConnectionService) {
    this.needLife().service = service;
  }

  /** @internal As `fd`, for calls of Pollux's own: the number goes no further. */
  get ownFd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  /** @internal */
  get isSocket(): boolean {
    return this.descriptor.origin !== 'pipe';
  }

  static {
    addSocketMethods(this.prototype);
    refuseStreamMethods(this.prototype);
    describeBy('Connection', Connection.prototype, connection => ({
      state: connection.state,
      fd: connection.ownFd,
      local: shownAddress(() => connection.localAddress),
      remote: shownAddress(() => connection.remoteAddress),
      received: connection.bytesReceived,
      sent: connection.bytesSent,
      queuedBytes: connection.queuedBytes,
      failure: connection.failure?.message,
    }));
  }
}
shareAmongCopies({ Connection });
