/** The side of a connection that reads by promises: one chunk at a time, and the kernel paused in between. */
import { wrongState } from '../../../sys/ffi/io-error.js';
import { unlessAborted } from '../../../base/unless-aborted.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import { settling, type Settling } from '../../settling.js';

export interface ReaderSource {
  /** Lets the next chunk come. */
  startReceiving(): void;
  stopReceiving(): void;
}

/** Made when a connection is first read by `read` or `for await`; a connection with `onData` never has one. */
export class Reader {
  private waiting: Settling<BufferList | null> | undefined;
  private over = false;
  private failure: Error | undefined;

  constructor(private readonly source: ReaderSource) {}

  get isReading(): boolean {
    return this.waiting !== undefined;
  }

  /** Nothing more will come by it. */
  get isOver(): boolean {
    return this.over;
  }

  /** What it ended with before the stream did. */
  get endedBy(): Error | undefined {
    return this.failure;
  }

  /** @param signal not aborted yet. @throws Error a read is under way. */
  read(signal?: AbortSignal): Promise<BufferList | null> {
    if (this.waiting !== undefined) throw wrongState('EBUSY', 'read', 'another read is under way; await it first');
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (this.over) return Promise.resolve(null);
    const waiting = (this.waiting = settling());
    try {
      this.source.startReceiving();
    } catch (error) {
      this.end(error as Error);
    }
    return unlessAborted(waiting.promise, signal, () => this.leave(waiting));
  }

  /**
   * Gives what was received to whoever reads. It is a copy: a reader may keep it for ever and never says when it is done, and a
   * slab of which readers keep chunks would soon have none left to receive into.
   */
  receive(chunk: BufferList): void {
    this.source.stopReceiving();
    const { waiting } = this;
    this.waiting = undefined;
    waiting?.resolve(chunk.copy());
  }

  /** Whoever waits has given up: the read ends without bytes, and what comes stays in the kernel. */
  giveUp(): void {
    const { waiting } = this;
    if (waiting !== undefined && this.leave(waiting)) waiting.resolve(null);
  }

  /** @returns false: that read has been told of its end already. */
  private leave(waiting: Settling<BufferList | null>): boolean {
    if (this.waiting !== waiting) return false;
    this.waiting = undefined;
    this.source.stopReceiving();
    return true;
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

  /** The connection was closed here: a waiting read is refused with what `refusal` makes, those that follow see `failure` or the end. */
  close(refusal: () => Error, failure: Error | undefined): void {
    this.waiting?.reject(refusal());
    this.waiting = undefined;
    this.end(failure);
  }
}

/** `read` until the end. @param giveUp ends a read that is under way without bytes. */
export function chunksOf(read: () => Promise<BufferList | null>, giveUp: () => void): AsyncIterator<BufferList> {
  let isWaiting = false;
  return {
    next: async () => {
      const reading = read();
      isWaiting = true;
      try {
        const chunk = await reading;
        return chunk === null ? { done: true, value: undefined } : { done: false, value: chunk };
      } finally {
        isWaiting = false;
      }
    },
    return: () => {
      if (isWaiting) giveUp();
      return Promise.resolve({ done: true, value: undefined });
    },
  };
}
