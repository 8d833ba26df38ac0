/** The side of a connection that reads by promises: one chunk at a time, and the kernel paused in between. */
import type { BufferList } from '../core/buffer-list.js';
import { settling, type Settling } from './settling.js';

export interface ReaderSource {
  /** Lets the next chunk come. */
  startReceiving(): void;
  stopReceiving(): void;
}

/** Made when a connection is first read by `read` or `for await`; a connection with `onData` never has one. */
export class Reader {
  private waiting: Settling<BufferList | null> | undefined;
  /** What the last read gave out; it holds until the next, or until the connection is closed. */
  private lent: BufferList | undefined;
  private over = false;
  private failure: Error | undefined;

  constructor(private readonly source: ReaderSource) {}

  get isReading(): boolean {
    return this.waiting !== undefined;
  }

  /** @throws Error a read is under way. */
  read(): Promise<BufferList | null> {
    if (this.waiting !== undefined) throw new Error('read: another read is under way; await it first');
    this.lent?.release();
    this.lent = undefined;
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.over) return Promise.resolve(null);
    const waiting = (this.waiting = settling());
    try {
      this.source.startReceiving();
    } catch (error) {
      this.end(error as Error);
    }
    return waiting.promise;
  }

  /** Gives what was received to whoever reads. */
  receive(chunk: BufferList): void {
    this.source.stopReceiving();
    this.lent = chunk.take();
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(this.lent);
  }

  /** The stream ended, or broke: the waiting read and all that follow are told. */
  end(failure: Error | undefined): void {
    if (this.over) return;
    this.over = true;
    this.failure = failure;
    const { waiting } = this;
    this.waiting = undefined;
    if (failure !== undefined) waiting?.reject(failure);
    else waiting?.resolve(null);
  }

  /** The connection was closed here: a waiting read is refused with `refusal`, those that follow see `failure` or the end. */
  close(refusal: Error, failure: Error | undefined): void {
    this.lent?.release();
    this.lent = undefined;
    this.waiting?.reject(refusal);
    this.waiting = undefined;
    this.end(failure);
  }
}
