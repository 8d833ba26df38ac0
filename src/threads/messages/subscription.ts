/** The receiving end of a topic. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { following, stepsBetween } from '../../base/sequence.js';
import { oneOf, type OptionTable } from '../../base/options.js';
import type { Arrival } from './message.js';
import { Queue, type QueueOwner } from './queue.js';
import { SLOW_POLICIES, type SlowPolicy } from './subscriber.js';

/** Options of `endpoint.subscribe`. */
export interface SubscribeOptions {
  /** What publishers do when this thread is slow. Default 'block'. */
  readonly whenSlow?: SlowPolicy;
}

export const SUBSCRIBE_OPTIONS = { whenSlow: oneOf(SLOW_POLICIES, 'block') } satisfies OptionTable<SubscribeOptions>;

/** What a subscription needs of its thread. */
export interface SubscriptionOwner extends QueueOwner {
  onSubscriptionClosed(name: string): void;
}

/** Receives by `onMessage` or `for await`, as a queue does. */
export class Subscription<T = unknown> extends Queue<T> {
  /** Messages of the topic that this thread never saw, since it was slow. */
  dropped = 0;
  /** Called when a publisher has let this thread go because it was slow; the subscription is closed then. */
  onDisconnect: ((failure: Error) => void) | undefined = undefined;
  /** Resolves when every thread that was known when it was made publishes to it. */
  ready: Promise<void> = Promise.resolve();
  /** By publishing thread: the number that its next message has if none is dropped. */
  private readonly expected = new Map<number, number>();
  private isOpen = true;

  /** @internal Made by `endpoint.subscribe`. */
  constructor(
    private readonly thread: SubscriptionOwner,
    name: string,
    readonly whenSlow: SlowPolicy,
  ) {
    super(thread, name);
  }

  /** Takes no more; what was kept can still be read by `for await`. Twice is allowed. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.thread.onSubscriptionClosed(this.name);
    this.end();
  }

  /** @internal A thread publishes to this subscription from here on. */
  begin(publisher: number): void {
    this.expected.set(publisher, 0);
  }

  /** @internal */
  override receive(arrival: Arrival): void {
    // For an earlier subscription of this thread, which it has closed.
    if (!this.expected.has(arrival.from)) return;
    this.countDropped(arrival);
    super.receive(arrival);
  }

  /** @internal */
  disconnected(arrival: Arrival): void {
    if (!this.isOpen) return;
    this.countDropped(arrival);
    const failure = wrongState(
      'ECONNABORTED',
      'subscription',
      `thread ${arrival.from} let this thread's subscription to '${this.name}' go: it was too slow`,
    );
    this.end(failure);
    this.close();
    if (this.onDisconnect !== undefined) this.scope!.run(this.onDisconnect, this, failure);
  }

  private countDropped(arrival: Arrival): void {
    const expected = this.expected.get(arrival.from) ?? 0;
    this.dropped += stepsBetween(expected, arrival.tag);
    this.expected.set(arrival.from, following(arrival.tag));
  }

  static {
    describeBy('Subscription', Subscription.prototype, ({ name, isOpen, length, whenSlow, dropped }) => ({
      state: isOpen ? 'open' : 'closed',
      name,
      length,
      whenSlow,
      dropped,
    }));
  }
}
