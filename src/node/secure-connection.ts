/** A connection with TLS by Node's own `tls`, with the surface of a Connection. */
import type { TLSSocket } from 'node:tls';
import { BufferList } from '../core/memory/buffer-list.js';
import { IoError } from '../sys/ffi/io-error.js';
import { setTimeout } from '../base/runtime-functions.js';
import { checkCallback } from '../base/arguments.js';
import { settling, type Settling } from '../api/settling.js';
import { checkSendable, type Sendable } from '../api/socket/sendable.js';
import { beginWith, endWith, type EndOptions, type WaitOptions } from '../api/waiting.js';
import { unlessAborted } from '../base/unless-aborted.js';
import { SecureReads } from './secure-reads.js';

/** As of a Connection: more is refused. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;
/** As of a Connection: how long `close` waits for the peer's end. */
const LINGER_MS = 2_000;

/**
 * What `secure` and `connectSecure` resolve with. Reading, writing, framing and closing are those of a `Connection`; beside them
 * stands what TLS knows: `authorized`, `alpnProtocol`, `servername`, `getPeerCertificate()`. `tlsSocket` has the rest.
 */
export class SecureConnection implements AsyncIterable<BufferList> {
  /** The peer ended its side. Without this handler a connection with `onData` closes itself then. */
  onEnd: (() => void) | undefined = undefined;
  /** It is closed; `failure` says why unless it was by order. Called once. */
  onClose: ((failure: Error | undefined) => void) | undefined = undefined;
  /** More may be sent after `send` had returned false. */
  onDrain: (() => void) | undefined = undefined;

  private readonly reads: SecureReads;
  private readonly closing = settling<void>();
  private drained: Settling<void> | undefined = undefined;
  private failure: Error | undefined = undefined;
  private isOver = false;

  /** @internal Made by `secure` and `connectSecure`, once the handshake is over. */
  constructor(
    /** Node's socket, for what is not here. Leave its data to this object. */
    readonly tlsSocket: TLSSocket,
  ) {
    this.closing.promise.catch(() => {});
    tlsSocket.allowHalfOpen = true;
    this.reads = new SecureReads(tlsSocket, () => this.onPeerEnd());
    tlsSocket.on('drain', () => this.onDrained());
    tlsSocket.on('error', (error: Error) => (this.failure ??= error));
    tlsSocket.on('close', () => this.onClosed());
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

  // Reading

  /** Bytes received so far, after decryption. */
  get bytesReceived(): number {
    return this.reads.bytesReceived;
  }

  /** See `Connection.onData`: the bytes hold during the call only. */
  set onData(handler: ((chunk: BufferList) => void) | undefined) {
    checkCallback('onData', handler);
    this.reads.setHandler(handler);
  }

  get onData(): ((chunk: BufferList) => void) | undefined {
    return this.reads.handler;
  }

  /** See `Connection.read`: the next bytes, which are yours; null at the end. */
  async read(options?: WaitOptions): Promise<BufferList | null> {
    return this.reads.pull.take('read', options);
  }

  /** See `Connection.unread`. */
  unread(bytes: BufferList): void {
    this.reads.unread(bytes);
  }

  [Symbol.asyncIterator](): AsyncIterator<BufferList> {
    return this.reads.pull.iterate();
  }

  pause(): void {
    this.reads.setPaused(true);
  }

  resume(): void {
    this.reads.setPaused(false);
  }

  // Writing

  /** Bytes of this object's that the kernel has not taken yet. */
  get queuedBytes(): number {
    return this.tlsSocket.writableLength;
  }

  /** Bytes sent, as they were before encryption. */
  get bytesSent(): number {
    return this.tlsSocket.bytesWritten - this.tlsSocket.writableLength;
  }

  /** See `Connection.send`. What has to be kept is copied. @throws IoError EPIPE, ENOBUFS; TypeError */
  send(data: Sendable): boolean {
    checkSendable('data', data);
    const { tlsSocket } = this;
    if (this.failure !== undefined) return false;
    if (this.isOver || tlsSocket.writableEnded) throw new IoError('EPIPE', 'send', 'TLS', 'it was ended or closed');
    if (data.length === 0) return !tlsSocket.writableNeedDrain;
    const bytes = ownBytes(data);
    if (tlsSocket.writableLength + bytes.length > MAX_QUEUED_BYTES) {
      throw new IoError('ENOBUFS', 'send', 'TLS', `allowed: ${MAX_QUEUED_BYTES} bytes in the queue. Wait for onDrain`);
    }
    if (data instanceof BufferList) data.release();
    return tlsSocket.write(bytes);
  }

  /** See `Connection.write`. */
  write(data: Sendable, options?: WaitOptions): Promise<void> {
    if (options !== undefined) return beginWith(options, signal => unlessAborted(this.write(data), signal));
    try {
      if (this.send(data)) return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
    if (this.failure !== undefined) return Promise.reject(this.failure);
    return (this.drained ??= settling()).promise;
  }

  // Ending

  get isClosed(): boolean {
    return this.isOver;
  }

  /** Half-close: what is queued, and `data`, goes out, then TLS's own end and FIN. Receiving goes on. */
  end(data?: Sendable): void {
    if (data !== undefined) this.send(data);
    this.tlsSocket.end();
  }

  /** Orderly close, as of a Connection: what is queued goes out, what still comes is thrown away. */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => {
      const { tlsSocket } = this;
      if (!this.isOver) {
        this.reads.discard();
        tlsSocket.end(() => setTimeout(() => tlsSocket.destroy(), LINGER_MS).unref());
      }
      return this.closed;
    });
  }

  /** Closes at once. What is queued is dropped. */
  destroy(failure?: Error): void {
    if (this.isOver) return;
    this.failure ??= failure;
    this.tlsSocket.destroy();
  }

  /** Resolves when it is closed; rejects if that was by a failure. */
  get closed(): Promise<void> {
    return this.closing.promise;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  ref(): this {
    this.tlsSocket.ref();
    return this;
  }

  unref(): this {
    this.tlsSocket.unref();
    return this;
  }

  private onPeerEnd(): void {
    if (this.onEnd !== undefined) this.onEnd();
    else if (this.onData !== undefined) this.close().catch(() => {});
    if (this.tlsSocket.writableFinished) this.tlsSocket.destroy();
  }

  private onDrained(): void {
    this.drained?.resolve();
    this.drained = undefined;
    this.onDrain?.();
  }

  private onClosed(): void {
    this.isOver = true;
    const { failure } = this;
    const cancelled = new IoError('ECANCELED', 'tls', undefined, 'the connection was closed here');
    this.reads.close(failure, cancelled);
    this.drained?.reject(failure ?? cancelled);
    if (failure === undefined) this.closing.resolve();
    else this.closing.reject(failure);
    this.onClose?.(failure);
  }
}

/** Bytes that nobody changes: Node keeps them until they are sent. */
function ownBytes(data: Sendable): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data);
  return data instanceof BufferList ? data.toBytes() : Buffer.from(data);
}
