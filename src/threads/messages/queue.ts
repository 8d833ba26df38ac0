/** A queue: any thread sends to it, one receives. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { checkCallback } from '../../base/arguments.js';
import { ENTRY_BYTES } from '../../core/limits.js';
import { Pull, PullIterator } from '../../api/pull.js';
import type { Arrival, KeptMessage, Message } from './message.js';

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
  private readonly pull = new Pull<{ readonly value: unknown }>(this);
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
    if (handler !== undefined && this.pull.isWaiting) {
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
    return new PullIterator(this.pull, message => message.value as T);
  }

  /** @internal A message came. */
  receive(arrival: Arrival): void {
    if (this.handler !== undefined && this.backlog.length === 0) {
      this.tell(this.handler, arrival);
      return;
    }
    if (this.pull.isWaiting) {
      this.handOver(arrival);
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
    this.pull.end(failure);
    this.updateReceiving();
    // What is left can still be read, and holds nobody back.
    this.owner.onBacklog(this.backlogBytes, 0);
  }

  /** @internal */
  checkFree(call: string): void {
    if (this.handler === undefined) return;
    throw wrongState('EBUSY', call, `queue '${this.name}' has an onMessage handler; unset it first`);
  }

  /** @internal */
  takeNext(): KeptMessage | null | undefined {
    const kept = this.backlog.shift();
    if (kept === undefined) return this.ended ? null : undefined;
    this.count(-kept.bytes.length - ENTRY_BYTES);
    return kept;
  }

  /** @internal */
  onWaiting(): void {
    this.updateReceiving();
  }

  /**
   * A value that can't be read here, such as one nested deeper than this thread's stack, is the failure of the call
   * that asked for it.
   */
  private handOver(arrival: Arrival): void {
    let value: unknown;
    try {
      ({ value } = arrival);
    } catch (error) {
      this.pull.refuse(error as Error);
      return;
    }
    this.pull.give({ value });
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
    const receiving = !this.ended && (this.handler !== undefined || this.pull.isWaiting);
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
