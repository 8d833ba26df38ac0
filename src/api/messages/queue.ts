/** A queue: any thread sends to it, one receives. */
import { checkCallback } from '../arguments.js';
import type { Arrival, KeptMessage, Message } from './message.js';
import { settling, type Settling } from '../settling.js';

/**
 * Bytes that a queue keeps for an iterator, or until somebody receives at all. Beyond, senders are asked to hold back, so
 * that it grows by what is in the mailbox at most.
 */
const BACKLOG_BYTES = 256 * 1024;
/** What a kept message costs besides its bytes. */
const KEPT_BYTES = 200;

/** What a queue needs of its thread. */
export interface QueueOwner {
  /** A queue begins or ceases to have somebody who receives from it. */
  onReceiving(by: 1 | -1): void;
  /** A queue has more than it can take, or no longer. */
  onOverfull(queue: object, overfull: boolean): void;
  /** Runs `run` soon, in a turn. */
  defer(run: () => void): void;
}

export class Queue<T = unknown> implements AsyncIterable<T> {
  private handler: ((message: Message<T>) => void) | undefined = undefined;
  private backlog: KeptMessage[] = [];
  private backlogBytes = 0;
  private readers: Settling<IteratorResult<T>>[] = [];
  private receiving = false;
  private draining = false;
  private ended = false;

  /** @internal Made by `endpoint.queue` and by subscriptions. */
  constructor(
    private readonly owner: QueueOwner,
    readonly name: string,
  ) {}

  /** Messages that came and nobody has taken. */
  get length(): number {
    return this.backlog.length;
  }

  /**
   * What to do with each message: the path without promises. Setting it starts receiving, with what came before first;
   * unset, messages are kept, up to a ceiling that holds the senders back.
   *
   * @throws TypeError no function.
   * @throws Error the queue is being read by for await; the endpoint is closed, or the subscription.
   */
  set onMessage(handler: ((message: Message<T>) => void) | undefined) {
    checkCallback('onMessage', handler);
    if (handler !== undefined && this.ended) {
      throw new Error(
        `onMessage: nothing comes to '${this.name}' any more: the endpoint or the subscription is closed`,
      );
    }
    if (handler !== undefined && this.readers.length > 0) {
      throw new Error(`onMessage: queue '${this.name}' is being read by for await; use one way at a time`);
    }
    this.handler = handler;
    this.updateReceiving();
    if (handler !== undefined && this.backlog.length > 0) this.drainSoon();
  }

  get onMessage(): ((message: Message<T>) => void) | undefined {
    return this.handler;
  }

  /** `for await (const value of queue)`: each message as a value of its own, until the endpoint is closed. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return { next: () => this.next(), return: () => Promise.resolve({ done: true, value: undefined }) };
  }

  /** @internal A message came. */
  receive(arrival: Arrival): void {
    if (this.handler !== undefined && this.backlog.length === 0) {
      this.handler(arrival as Message<T>);
      return;
    }
    const reader = this.readers.shift();
    if (reader !== undefined) {
      this.updateReceiving();
      reader.resolve({ done: false, value: arrival.value as T });
      return;
    }
    this.backlog.push(arrival.keep());
    this.count(arrival.lengthBytes + KEPT_BYTES);
  }

  /** @internal Nothing comes any more. */
  end(failure?: Error): void {
    if (this.ended) return;
    this.ended = true;
    this.handler = undefined;
    for (const reader of this.readers.splice(0)) {
      if (failure === undefined) reader.resolve({ done: true, value: undefined });
      else reader.reject(failure);
    }
    this.updateReceiving();
    if (this.backlogBytes > BACKLOG_BYTES) this.owner.onOverfull(this, false);
  }

  private next(): Promise<IteratorResult<T>> {
    if (this.handler !== undefined) {
      return Promise.reject(new Error(`queue '${this.name}' has an onMessage handler; unset it first`));
    }
    const kept = this.backlog.shift();
    if (kept !== undefined) {
      this.count(-kept.bytes.length - KEPT_BYTES);
      return Promise.resolve({ done: false, value: kept.value as T });
    }
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    const reader = settling<IteratorResult<T>>();
    this.readers.push(reader);
    this.updateReceiving();
    return reader.promise;
  }

  /** Hands on what was kept, in a turn of its own; a handler that throws leaves the rest for another. */
  private drainSoon(): void {
    if (this.draining) return;
    this.draining = true;
    this.owner.defer(() => {
      this.draining = false;
      try {
        while (this.handler !== undefined && this.backlog.length > 0) {
          const kept = this.backlog.shift()!;
          this.count(-kept.bytes.length - KEPT_BYTES);
          this.handler(kept as Message<T>);
        }
      } finally {
        if (this.handler !== undefined && this.backlog.length > 0) this.drainSoon();
      }
    });
  }

  private count(bytes: number): void {
    const before = this.backlogBytes > BACKLOG_BYTES;
    this.backlogBytes += bytes;
    const after = this.backlogBytes > BACKLOG_BYTES;
    if (before !== after) this.owner.onOverfull(this, after);
  }

  private updateReceiving(): void {
    const receiving = !this.ended && (this.handler !== undefined || this.readers.length > 0);
    if (receiving !== this.receiving) this.owner.onReceiving(receiving ? 1 : -1);
    this.receiving = receiving;
  }
}
