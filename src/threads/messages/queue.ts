/** A queue: any thread sends to it, one receives. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { checkCallback } from '../../base/arguments.js';
import { ENTRY_BYTES } from '../../core/limits.js';
import type { Arrival, KeptMessage, Message } from './message.js';
import { settling, type Settling } from '../../api/settling.js';

/** What a queue needs of its thread. */
export interface QueueOwner {
  /** A queue begins or ceases to have somebody who receives from it. */
  onReceiving(by: 1 | -1): void;
  /** What a queue keeps that nobody has read has changed. */
  onBacklog(beforeBytes: number, afterBytes: number): void;
  /** Runs `run` soon, in a turn. */
  defer(run: () => void): void;
}

/** Receives what other threads send to one name. `endpoint.queue` gives one. */
export class Queue<T = unknown> implements AsyncIterable<T> {
  private handler: ((message: Message<T>) => void) | undefined = undefined;
  private backlog: KeptMessage[] = [];
  private backlogBytes = 0;
  private readers: Settling<IteratorResult<T>>[] = [];
  private receiving = false;
  private draining = false;
  private ended = false;
  /** In which its callbacks run. */
  protected scope: AsyncScope | undefined = undefined;

  /** @internal Made by `endpoint.queue` and by subscriptions. */
  constructor(
    private readonly owner: QueueOwner,
    readonly name: string,
  ) {}

  /** @internal The user takes it, here: a queue exists before that if messages came. */
  open(): this {
    this.scope ??= new AsyncScope('POLLUX_QUEUE');
    return this;
  }

  /** Messages that came and nobody has taken. */
  get length(): number {
    return this.backlog.length;
  }

  /**
   * What to do with each message: the path without promises. Setting it starts receiving, with what came before first;
   * unset, messages are kept, up to a ceiling that holds the senders back.
   *
   * @throws TypeError no function.
   * @throws IoError EBUSY: the queue is being read by for await; EBADF: the endpoint is closed, or the subscription.
   */
  set onMessage(handler: ((message: Message<T>) => void) | undefined) {
    checkCallback('onMessage', handler);
    if (handler !== undefined && this.ended) {
      throw wrongState(
        'EBADF',
        'onMessage',
        `nothing comes to '${this.name}' any more: the endpoint or the subscription is closed`,
      );
    }
    if (handler !== undefined && this.readers.length > 0) {
      throw wrongState('EBUSY', 'onMessage', `queue '${this.name}' is being read by for await; use one way at a time`);
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
    const pending = new Set<Settling<IteratorResult<T>>>();
    return {
      next: () => this.next(pending),
      return: () => {
        // What comes from now on is not for those who asked and left.
        this.readers = this.readers.filter(reader => !pending.has(reader));
        for (const reader of pending) reader.resolve({ done: true, value: undefined });
        pending.clear();
        this.updateReceiving();
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** @internal A message came. */
  receive(arrival: Arrival): void {
    if (this.handler !== undefined && this.backlog.length === 0) {
      this.tell(this.handler, arrival);
      return;
    }
    const reader = this.readers.shift();
    if (reader !== undefined) {
      this.updateReceiving();
      handOver(arrival as Message<T>, reader);
      return;
    }
    this.backlog.push(arrival.keep());
    this.count(arrival.lengthBytes + ENTRY_BYTES);
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
    // What is left can still be read, and holds nobody back.
    this.owner.onBacklog(this.backlogBytes, 0);
  }

  private next(pending: Set<Settling<IteratorResult<T>>>): Promise<IteratorResult<T>> {
    if (this.handler !== undefined) {
      return Promise.reject(
        wrongState('EBUSY', 'for await', `queue '${this.name}' has an onMessage handler; unset it first`),
      );
    }
    const reader = settling<IteratorResult<T>>();
    const kept = this.backlog.shift();
    if (kept !== undefined) {
      this.count(-kept.bytes.length - ENTRY_BYTES);
      handOver(kept as Message<T>, reader);
      return reader.promise;
    }
    if (this.ended) return Promise.resolve({ done: true, value: undefined });
    this.readers.push(reader);
    pending.add(reader);
    const settled = () => void pending.delete(reader);
    reader.promise.then(settled, settled);
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
          this.count(-kept.bytes.length - ENTRY_BYTES);
          this.tell(this.handler, kept);
        }
      } finally {
        if (this.handler !== undefined && this.backlog.length > 0) this.drainSoon();
      }
    });
  }

  private tell(handler: (message: Message<T>) => void, message: Arrival | KeptMessage): void {
    this.scope!.run(handler, undefined, message as Message<T>);
  }

  private count(bytes: number): void {
    const before = this.backlogBytes;
    this.backlogBytes += bytes;
    if (!this.ended) this.owner.onBacklog(before, this.backlogBytes);
  }

  private updateReceiving(): void {
    const receiving = !this.ended && (this.handler !== undefined || this.readers.length > 0);
    if (receiving !== this.receiving) this.owner.onReceiving(receiving ? 1 : -1);
    this.receiving = receiving;
  }

  static {
    describeBy('Queue', Queue.prototype, ({ name, ended, length, backlogBytes }) => ({
      state: ended ? 'closed' : 'open',
      name,
      length,
      backlogBytes,
    }));
  }
}

/** A value that can't be read here, such as one nested deeper than this thread's stack, is the failure of who asked for it. */
function handOver<T>(message: Message<T>, reader: Settling<IteratorResult<T>>): void {
  try {
    reader.resolve({ done: false, value: message.value });
  } catch (error) {
    reader.reject(error as Error);
  }
}
