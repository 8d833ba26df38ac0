/** The receiving half of a secure connection: nothing is taken from Node's socket unless somebody wants it. */
import { wrongState } from '../sys/ffi/io-error.js';
import type { TLSSocket } from 'node:tls';
import { BufferList } from '../core/memory/buffer-list.js';
import { nextTick } from '../base/runtime-functions.js';
import { settling, type Settling } from '../api/settling.js';

export class SecureReads {
  bytesReceived = 0;
  handler: ((chunk: BufferList) => void) | undefined = undefined;

  /** Bytes that were put back, or came when nobody wanted them any more. */
  private readonly ahead = new BufferList();
  private waiting: Settling<BufferList | null> | undefined = undefined;
  private isPaused = false;
  private isDiscarding = false;
  private ending: { readonly failure: Error | undefined } | undefined = undefined;

  constructor(
    private readonly socket: TLSSocket,
    private readonly onPeerEnd: () => void,
  ) {
    socket.pause();
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
    socket.pause();
    socket.on('end', () => this.end());
  }

  /** @throws IoError EBUSY: a read is under way. */
  setHandler(handler: ((chunk: BufferList) => void) | undefined): void {
    if (handler !== undefined && this.waiting !== undefined) {
      throw wrongState('EBUSY', 'onData', 'the connection is being read by read() or for await; use one way at a time');
    }
    this.handler = handler;
    this.update();
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.update();
  }

  read(): Promise<BufferList | null> {
    if (this.handler !== undefined) {
      return Promise.reject(wrongState('EBUSY', 'read', 'the connection has an onData handler; unset it first'));
    }
    if (this.waiting !== undefined) {
      return Promise.reject(wrongState('EBUSY', 'read', 'another read is under way; await it first'));
    }
    if (this.ahead.length > 0) return Promise.resolve(this.ahead.take());
    if (this.ending !== undefined) {
      const { failure } = this.ending;
      return failure === undefined ? Promise.resolve(null) : Promise.reject(failure);
    }
    this.waiting = settling();
    this.update();
    return this.waiting.promise;
  }

  /** Ends a read without a byte. @param value what it resolves with; left out, it is left alone. @returns whether there was one. */
  giveUp(value?: null): boolean {
    const { waiting } = this;
    if (waiting === undefined) return false;
    this.waiting = undefined;
    this.update();
    if (value === null) waiting.resolve(null);
    return true;
  }

  unread(bytes: BufferList): void {
    if (this.waiting !== undefined) throw wrongState('EBUSY', 'unread', 'a read is under way; await it first');
    this.ahead.prepend(bytes);
    this.update();
  }

  /** What still comes is thrown away, so that the peer's end is seen. */
  discard(): void {
    this.isDiscarding = true;
    this.handler = undefined;
    this.ahead.release();
    this.update();
  }

  close(failure: Error | undefined, cancelled: Error): void {
    this.ending ??= { failure };
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.reject(failure ?? cancelled);
  }

  private get isWanted(): boolean {
    return this.isDiscarding || this.waiting !== undefined || (this.handler !== undefined && !this.isPaused);
  }

  private update(): void {
    if (!this.isWanted || this.ahead.length > 0) this.socket.pause();
    else this.socket.resume();
    if (this.isWanted && this.ahead.length > 0) nextTick(() => this.handOnAhead());
  }

  private handOnAhead(): void {
    if (!this.isWanted || this.ahead.length === 0) return;
    this.handOn(this.ahead.take());
    this.update();
  }

  private receive(bytes: Buffer): void {
    this.bytesReceived += bytes.length;
    if (this.isDiscarding) return;
    const chunk = BufferList.from(bytes);
    if (this.isWanted && this.ahead.length === 0) this.handOn(chunk);
    else this.ahead.append(chunk);
  }

  private handOn(chunk: BufferList): void {
    const { waiting, handler } = this;
    if (waiting !== undefined) {
      this.waiting = undefined;
      this.socket.pause();
      waiting.resolve(chunk);
    } else {
      try {
        handler?.(chunk);
      } finally {
        chunk.expire();
      }
    }
  }

  private end(): void {
    this.ending ??= { failure: undefined };
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(null);
    this.onPeerEnd();
  }
}
