/** A connection with TLS by Node's own `tls`, with the surface of a Connection. */
import type { TLSSocket } from 'node:tls';
import { checkCallback, checkRoom, kindOf } from '../base/arguments.js';
import { describeBy } from '../base/inspection.js';
import { setTimeout } from '../base/runtime-functions.js';
import { unlessAborted } from '../base/unless-aborted.js';
import { BufferList } from '../core/memory/buffer-list.js';
import { AsyncScope } from '../core/reactor/async-scope.js';
import type { Reactor } from '../core/reactor/reactor.js';
import { settling } from '../api/settling.js';
import type { Sendable } from '../api/socket/sendable.js';
import { setLinger } from '../api/socket/socket-options.js';
import type { ConnectionInput } from '../api/stream/connection-input.js';
import type { ConnectionOutput } from '../api/stream/connection-output.js';
import type { TimeoutKind, TimeoutOptions, Timeouts } from '../api/stream/parts/timeouts.js';
import { bufferedPort, type BufferedEnd, type BufferedPort } from '../api/transfer/buffered/port.js';
import { beginWith, endWith, type EndOptions, type WaitOptions } from '../api/waiting.js';
import { IoError } from '../sys/ffi/io-error.js';
import type { Address } from '../sys/socket/sockaddr.js';
import { localAddress, remoteAddress } from '../sys/socket/socket.js';
import { SecurePort } from './secure-port.js';
import { SecureReads, wasClosed } from './secure-reads.js';
import { timeoutsOf } from './secure-timeouts.js';
import { SecureWrites } from './secure-writes.js';
import { tlsFailure } from './tls-failure.js';
import { askOf, descriptorOf } from './tls-handle.js';

/** As of a Connection: how long `close` waits for the peer's end. */
const LINGER_MS = 2_000;

/**
 * What `secure` and `connectSecure` resolve with. Reading, writing, framing, timeouts and closing are those of a
 * `Connection`; beside them stands what TLS knows: `authorized`, `alpnProtocol`, `servername`, `getPeerCertificate()`.
 * `tlsSocket` has the rest.
 */
export class SecureConnection implements ConnectionInput, ConnectionOutput, BufferedEnd {
  /** @internal */
  readonly scope = new AsyncScope('POLLUX_SECURE_CONNECTION');
  /** @internal */
  readonly reads: SecureReads;
  /** @internal */
  readonly writes: SecureWrites;
  /** What transfers move its bytes by. */
  readonly [bufferedPort]: BufferedPort = new SecurePort(this);
  /** @internal What it broke with, or was closed with. */
  failure: Error | undefined = undefined;

  private readonly closing = settling<void>();
  private timeouts: Timeouts | undefined = undefined;
  private endHandler: (() => void) | undefined = undefined;
  private closeHandler: ((failure: Error | undefined) => void) | undefined = undefined;
  private timeoutHandler: ((kind: TimeoutKind) => void) | undefined = undefined;
  private isOver = false;

  /** @internal Made by `secure` and `connectSecure`, once the handshake is over. */
  constructor(
    /** Node's socket, for what is not here. Leave its data to this object. */
    readonly tlsSocket: TLSSocket,
    /** The reactor of the connection that it was. */
    readonly reactor: Reactor,
  ) {
    this.closing.promise.catch(() => {});
    tlsSocket.allowHalfOpen = true;
    this.reads = new SecureReads(tlsSocket, this);
    this.writes = new SecureWrites(tlsSocket, this);
    tlsSocket.on('error', (error: Error) => (this.failure ??= tlsFailure(error)));
    tlsSocket.on('close', () => this.onClosed());
    reactor.elsewhere.add(this);
  }

  // What TLS knows

  /** Whether the peer's certificate is signed by one of the authorities. */
  get authorized(): boolean {
    return this.tlsSocket.authorized;
  }

  /** The protocol that both sides agreed on; undefined without one. */
  get alpnProtocol(): string | undefined {
    return this.tlsSocket.alpnProtocol || undefined;
  }

  /** The name that the client asked for (SNI); undefined without one. */
  get servername(): string | undefined {
    const { servername } = this.tlsSocket as { servername?: string | false };
    return servername || undefined;
  }

  /** 'TLSv1.2', 'TLSv1.3'. */
  get protocol(): string | null {
    return this.tlsSocket.getProtocol();
  }

  /** The peer's certificate; undefined if it has sent none. */
  getPeerCertificate(): ReturnType<TLSSocket['getPeerX509Certificate']> {
    return this.tlsSocket.getPeerX509Certificate();
  }

  /** Where this end is; undefined once closed. */
  get localAddress(): Address | undefined {
    return askOf(this.tlsSocket, localAddress);
  }

  /** Where the peer is; undefined once closed or when the peer has gone. */
  get remoteAddress(): Address | undefined {
    return askOf(this.tlsSocket, remoteAddress);
  }

  // Reading: bytes are counted, and seen, after decryption

  get bytesReceived(): number {
    return this.reads.bytesReceived;
  }

  set onData(handler: ((chunk: BufferList) => void) | undefined) {
    checkCallback('onData', handler);
    this.reads.setHandler(handler);
  }

  get onData(): ((chunk: BufferList) => void) | undefined {
    return this.reads.handler;
  }

  set onEnd(handler: (() => void) | undefined) {
    checkCallback('onEnd', handler);
    this.endHandler = handler;
  }

  get onEnd(): (() => void) | undefined {
    return this.endHandler;
  }

  read(options?: WaitOptions): Promise<BufferList | null> {
    return this.reads.take('read', Infinity, options);
  }

  readInto(bytes: Uint8Array, options?: WaitOptions): Promise<number> {
    this.reads.checkFree('readInto');
    checkRoom('bytes', bytes);
    return this.reads.take('readInto', bytes.length, options).then(chunk => chunk?.copyTo(bytes) ?? 0);
  }

  [Symbol.asyncIterator](): AsyncIterator<BufferList> {
    return this.reads.pull.iterate();
  }

  unread(bytes: BufferList): void {
    if (!(bytes instanceof BufferList)) throw new TypeError(`bytes: ${kindOf(bytes)}; allowed: a BufferList`);
    this.reads.unread(bytes);
  }

  pause(): void {
    this.reads.setPaused(true);
  }

  resume(): void {
    this.reads.setPaused(false);
  }

  // Writing: bytes are counted before encryption

  get queuedBytes(): number {
    return this.writes.queuedBytes;
  }

  get bytesSent(): number {
    return this.writes.bytesSent;
  }

  set onDrain(handler: (() => void) | undefined) {
    checkCallback('onDrain', handler);
    this.writes.onDrain = handler;
  }

  get onDrain(): (() => void) | undefined {
    return this.writes.onDrain;
  }

  send(data: Sendable): boolean {
    return this.writes.send(data);
  }

  write(data: Sendable, options?: WaitOptions): Promise<void> {
    if (options === undefined) return this.writes.write(data);
    return beginWith(options, signal => unlessAborted(this.writes.write(data), signal));
  }

  // Ending

  get isClosed(): boolean {
    return this.isOver;
  }

  /** Half-close: what is queued, and `data`, goes out, then TLS's own end and FIN. Receiving goes on. */
  end(data?: Sendable): void {
    if (data !== undefined) this.send(data);
    if (!this.isOver) this.writes.end();
  }

  /** Orderly close, as of a Connection: what is queued goes out, what still comes is thrown away. */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      const { tlsSocket } = this;
      if (!this.isOver) {
        this.timeouts?.clear();
        this.reads.discard(wasClosed());
        this.writes.end(() => setTimeout(() => tlsSocket.destroy(), LINGER_MS).unref());
      }
      return this.closed;
    });
  }

  /** Closes at once. What is queued is dropped. @param failure told to `onClose` and to callers that wait. */
  destroy(failure?: Error): void {
    if (this.isOver) return;
    this.failure ??= failure;
    this.tlsSocket.destroy();
  }

  /** Closes at once by a reset (RST). @param failure told to `onClose` and to callers that wait. */
  reset(failure?: Error): void {
    if (this.isOver) return;
    const { ownFd } = this;
    try {
      if (ownFd >= 0) setLinger(ownFd, 0);
    } finally {
      this.destroy(failure);
    }
  }

  /** Resolves when it is closed; rejects if that was by a failure. */
  get closed(): Promise<void> {
    return this.closing.promise;
  }

  /** It is closed; `failure` says why unless it was by order. Called once. @throws TypeError no function. */
  set onClose(handler: ((failure: Error | undefined) => void) | undefined) {
    checkCallback('onClose', handler);
    this.closeHandler = handler;
  }

  get onClose(): ((failure: Error | undefined) => void) | undefined {
    return this.closeHandler;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  // Settings

  /** See `Connection.setTimeouts`. */
  setTimeouts(timeouts: TimeoutOptions): void {
    if (this.isOver) return;
    this.timeouts ??= timeoutsOf(this);
    this.timeouts.set(timeouts, this.queuedBytes > 0);
  }

  /** Called for an expired timeout, in place of a close with ETIMEDOUT. @throws TypeError no function. */
  set onTimeout(handler: ((kind: TimeoutKind) => void) | undefined) {
    checkCallback('onTimeout', handler);
    this.timeoutHandler = handler;
  }

  get onTimeout(): ((kind: TimeoutKind) => void) | undefined {
    return this.timeoutHandler;
  }

  ref(): this {
    this.tlsSocket.ref();
    return this;
  }

  unref(): this {
    this.tlsSocket.unref();
    return this;
  }

  /** Refused: the keys are in the memory of this thread. @throws IoError (by the promise) ENOTSUP */
  moveTo(): Promise<never> {
    return Promise.reject(stays('moveTo'));
  }

  /** Refused, as `moveTo`. @throws IoError ENOTSUP */
  park(): never {
    throw stays('park');
  }

  // For its halves and transfers

  /** @internal */
  get state(): 'secure' | 'closed' {
    return this.isOver ? 'closed' : 'secure';
  }

  /** @internal */
  get ownFd(): number {
    return this.isOver ? -1 : descriptorOf(this.tlsSocket);
  }

  /** @internal */
  onArrival(): void {
    this.timeouts?.received();
  }

  /** @internal */
  onProgress(isQueued: boolean): void {
    if (isQueued) this.timeouts?.blocked();
    else this.timeouts?.sent(false);
  }

  /** @internal */
  onPeerEnd(): void {
    this.timeouts?.readEnded();
    if (this.endHandler !== undefined) this.scope.run(this.endHandler, undefined);
    else if (this.onData !== undefined) this.close().catch(() => {});
  }

  private onClosed(): void {
    this.isOver = true;
    this.reactor.elsewhere.delete(this);
    this.timeouts?.clear();
    const { failure } = this;
    const refusal = failure ?? wasClosed();
    this.reads.close(failure, refusal);
    this.writes.close(refusal);
    if (failure === undefined) this.closing.resolve();
    else this.closing.reject(failure);
    if (this.closeHandler !== undefined) this.scope.run(this.closeHandler, undefined, failure);
  }

  static {
    describeBy('SecureConnection', SecureConnection.prototype, connection => ({
      state: connection.state,
      protocol: connection.protocol ?? undefined,
      servername: connection.servername,
      received: connection.bytesReceived,
      sent: connection.bytesSent,
      queuedBytes: connection.queuedBytes,
      failure: connection.failure?.message,
    }));
  }
}

function stays(call: string): IoError {
  const why = 'the keys of a secure connection are in the memory of its thread; move the connection before secure()';
  return new IoError('ENOTSUP', call, 'TLS', why);
}
