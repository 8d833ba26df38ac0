/**
 * The sending half of a secure connection: what is sent goes to Node's socket, or waits for transfers that came before.
 */
import type { TLSSocket } from 'node:tls';
import { BufferList } from '../core/memory/buffer-list.js';
import { enqueue } from '../core/memory/enqueue.js';
import { WRITE_TURNS } from '../core/limits.js';
import type { AsyncScope } from '../core/reactor/async-scope.js';
import { settling, type Settling } from '../api/settling.js';
import { checkSendable, type Sendable } from '../api/socket/sendable.js';
import { IoError } from '../sys/ffi/io-error.js';
import { encryptsAtOnce } from './tls-handle.js';

export interface SecureWritesOwner {
  readonly scope: AsyncScope;
  /** What it broke with, or was closed with. */
  readonly failure: Error | undefined;
  /** @param isQueued whether something waits for the peer. */
  onProgress(isQueued: boolean): void;
}

/** A transfer that writes when its turn comes. */
export interface SecureTurn {
  /** Everything before it has been given to Node. */
  begin(): void;
  /** The connection is closed; the turn is over or will not come. */
  broken(failure: Error): void;
}

/** As of a Connection: more is refused. */
const MAX_QUEUED_BYTES = 16 * 1024 * 1024;

export class SecureWrites {
  onDrain: (() => void) | undefined = undefined;

  /** Transfers, of which the first writes, and what was sent behind each of them. */
  private readonly line: (SecureTurn | BufferList)[] = [];
  private lineBytes = 0;
  private needsDrain = false;
  private drained: Settling<void> | undefined = undefined;
  private hasEnded = false;
  private onEnded: (() => void) | undefined = undefined;
  private readonly written = (): void => this.onWritten();

  constructor(
    private readonly socket: TLSSocket,
    private readonly owner: SecureWritesOwner,
  ) {
    socket.on('drain', this.written);
  }

  get queuedBytes(): number {
    return this.socket.writableLength + this.lineBytes;
  }

  /** Bytes that Node has sent, as they were before encryption. */
  get bytesSent(): number {
    return this.socket.bytesWritten - this.socket.writableLength;
  }

  send(data: Sendable): boolean {
    checkSendable('data', data);
    if (this.owner.failure !== undefined) return false;
    this.checkOpen();
    if (data.length === 0) return !this.needsDrain;
    const part = typeof data === 'string' ? Buffer.from(data) : data;
    this.checkCeiling(part.length);
    if (this.line.length === 0) {
      this.needsDrain = !this.give(part) || this.needsDrain;
    } else {
      this.queue(part, typeof data === 'string');
      this.needsDrain = this.queuedBytes >= this.socket.writableHighWaterMark;
    }
    if (this.queuedBytes > 0) this.owner.onProgress(true);
    return !this.needsDrain;
  }

  /** Resolves when more may be sent. */
  write(data: Sendable): Promise<void> {
    try {
      if (this.send(data)) return Promise.resolve();
    } catch (error) {
      return Promise.reject(error);
    }
    const { failure } = this.owner;
    if (failure !== undefined) return Promise.reject(failure);
    return (this.drained ??= settling()).promise;
  }

  /**
   * TLS's own end and FIN, behind all that was sent.
   * @param onEnded called when they have gone, unless it breaks first.
   */
  end(onEnded?: () => void): void {
    this.onEnded = onEnded ?? this.onEnded;
    if (this.hasEnded) return this.tellEnded();
    this.hasEnded = true;
    if (this.line.length === 0) this.endNow();
  }

  // For transfers

  /** @throws IoError EPIPE: nothing can be written any more; ENOBUFS: too many wait, or too much. */
  checkTurn(queuedBytes = 0): void {
    if (this.owner.failure !== undefined) throw this.owner.failure;
    this.checkOpen();
    this.checkCeiling(queuedBytes);
    if (this.line.length < 2 * WRITE_TURNS) return;
    throw new IoError('ENOBUFS', 'send', 'TLS', `${WRITE_TURNS} transfers wait already; await some of them first`);
  }

  takeTurn(turn: SecureTurn): void {
    this.checkTurn();
    this.line.push(turn);
    if (this.line.length === 1) turn.begin();
  }

  /** In its turn. Resolves when Node has sent it. @param bytes moved. */
  writeInTurn(bytes: BufferList): Promise<void> {
    const { promise, resolve, reject } = settling<void>();
    this.give(bytes, error => {
      this.onWritten();
      if (error === null || error === undefined) resolve();
      else reject(this.owner.failure ?? error);
    });
    this.owner.onProgress(true);
    return promise;
  }

  /** The turn is over, or given up before it came. */
  endTurn(turn: SecureTurn): void {
    const index = this.line.indexOf(turn);
    if (index < 0) return;
    this.line.splice(index, 1);
    if (index === 0) this.advance();
  }

  /** The connection is closed. */
  close(failure: Error): void {
    const { drained, line } = this;
    this.drained = undefined;
    drained?.reject(failure);
    this.lineBytes = 0;
    for (const one of line.splice(0)) {
      if (one instanceof BufferList) one.release();
      else one.broken(failure);
    }
  }

  private checkOpen(): void {
    if (!this.hasEnded && !this.socket.destroyed && !this.socket.writableEnded) return;
    throw new IoError('EPIPE', 'send', 'TLS', 'the write side was ended or closed here');
  }

  private checkCeiling(lengthBytes: number): void {
    if (lengthBytes > MAX_QUEUED_BYTES) {
      throw new RangeError(`data: ${lengthBytes} bytes; allowed: at most ${MAX_QUEUED_BYTES} in one piece`);
    }
    if (this.queuedBytes + lengthBytes > MAX_QUEUED_BYTES) {
      throw new IoError('ENOBUFS', 'send', 'TLS', `allowed: ${MAX_QUEUED_BYTES} bytes in the queue. Wait for onDrain`);
    }
  }

  private queue(part: Uint8Array | BufferList, isOwn: boolean): void {
    let last = this.line.at(-1);
    if (!(last instanceof BufferList)) this.line.push((last = new BufferList()));
    const before = last.length;
    enqueue(last, part, isOwn);
    this.lineBytes += last.length - before;
  }

  /** @param part a list is moved. @returns false: Node has enough. */
  private give(part: Uint8Array | BufferList, onSent: (error?: Error | null) => void = this.written): boolean {
    const { socket } = this;
    // Encrypted within the call, the bytes are their owner's again. What waits, Node keeps as it is.
    const isAtOnce = socket.writableLength === 0 && socket.writableCorked === 0 && encryptsAtOnce(socket);
    const bytes = part instanceof BufferList ? bytesOf(part, isAtOnce) : isAtOnce ? part : Buffer.from(part);
    const isShort = socket.write(bytes, onSent);
    if (part instanceof BufferList) part.release();
    return isShort;
  }

  /** Those in line move on. */
  private advance(): void {
    for (let head = this.line[0]; head !== undefined; head = this.line[0]) {
      if (!(head instanceof BufferList)) return head.begin();
      this.line.shift();
      this.lineBytes -= head.length;
      this.give(head);
    }
    if (this.hasEnded) this.endNow();
    this.onWritten();
  }

  private onWritten(): void {
    const { socket } = this;
    this.owner.onProgress(this.queuedBytes > 0);
    if (!this.needsDrain || this.line.length > 0 || socket.writableNeedDrain || this.owner.failure !== undefined)
      return;
    this.needsDrain = false;
    const { drained } = this;
    this.drained = undefined;
    drained?.resolve();
    if (this.onDrain !== undefined && !this.hasEnded) this.owner.scope.run(this.onDrain, undefined);
  }

  private endNow(): void {
    this.socket.end(() => this.tellEnded());
  }

  private tellEnded(): void {
    if (this.socket.writableFinished) this.onEnded?.();
  }
}

function bytesOf(list: BufferList, isAtOnce: boolean): Uint8Array {
  if (!isAtOnce || list.segmentCount !== 1) return list.toBytes();
  const [only] = list;
  return only;
}
