/** A topic: published by any thread, received by every other thread that subscribed to it. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import { settling } from '../../api/settling.js';
import { signalOf, type WaitOptions } from '../../api/waiting.js';
import { encode } from './message.js';
import type { Sendable } from './message-types.js';
import type { Peer } from '../endpoint/peer.js';
import { Subscriber, type SlowPolicy, type SubscriberCounters } from './subscriber.js';

/** What became of published messages. */
export interface TopicCounters {
  /** Messages published from this thread. */
  published: number;
  /** Messages that some subscriber will never see, one for each: 'drop oldest', or it had ended and was still known. */
  dropped: number;
  /** Subscribers let go because they were slow ('disconnect'). */
  disconnected: number;
}

/** Publishes to every thread that subscribed. `endpoint.topic` gives one. */
export class Topic<T = unknown> {
  private readonly subscribed = new Map<Peer, Subscriber>();
  private published = 0;
  private ended = false;
  private disconnected = 0;
  /** Of subscribers that have gone. */
  private droppedBefore = 0;

  /** @internal Made by `endpoint.topic`. */
  constructor(readonly name: string) {}

  /** The threads that get what is published from here now, and what their slowness has cost. */
  get subscribers(): SubscriberCounters[] {
    return [...this.subscribed.values()].map(({ counters }) => counters);
  }

  get counters(): TopicCounters {
    const dropped = [...this.subscribed.values()].reduce((sum, each) => sum + each.dropped, this.droppedBefore);
    return { published: this.published, dropped, disconnected: this.disconnected };
  }

  /**
   * Publishes unless a subscriber with the policy 'block' still waits for something earlier.
   *
   * @returns false: nothing was published.
   * @throws TypeError a payload that can't be cloned.
   * @throws RangeError longer than half of some subscriber's mailbox; nobody gets it.
   * @throws IoError EBADF: the endpoint is closed.
   */
  tryPublish(payload: Sendable<T>): boolean {
    for (const { policy, waiting } of this.subscribed.values()) if (policy === 'block' && waiting > 0) return false;
    this.fanOut(payload, () => {});
    return true;
  }

  /**
   * Publishes. Those with room get it at once, also when others are slow.
   *
   * @param options aborting its `signal` later ends the wait; those that it waited for get the message all the same.
   * @returns (by the promise) when every subscriber with the policy 'block' has it in its mailbox, or has gone.
   * @throws (by the promise) as `tryPublish`; IoError ENOBUFS: 16 MiB wait for a subscriber already; nobody gets it.
   */
  async publish(payload: Sendable<T>, options?: WaitOptions): Promise<void> {
    const signal = signalOf(options);
    const { promise, resolve } = settling<void>();
    let waits = 1;
    const settled = () => {
      if (--waits === 0) resolve();
    };
    waits += this.fanOut(payload, settled);
    settled();
    await unlessAborted(promise, signal);
  }

  /** @internal A thread subscribes. */
  add(peer: Peer, policy: SlowPolicy): void {
    this.subscribed.set(peer, new Subscriber(peer, this.name, policy));
  }

  /** @internal A thread takes its subscription back, or has gone. */
  remove(peer: Peer): void {
    this.droppedBefore += this.subscribed.get(peer)?.dropped ?? 0;
    this.subscribed.delete(peer);
  }

  /** @internal Nobody hears it any more. */
  end(): void {
    this.ended = true;
  }

  /** @returns how many subscribers the publisher has to wait for. */
  private fanOut(payload: unknown, settled: () => void): number {
    if (this.ended)
      throw wrongState('EBADF', 'publish', `nobody hears '${this.name}' any more: the endpoint is closed`);
    const { payload: encoded, isValue } = encode(payload);
    const bytes = encoded instanceof BufferList ? encoded.toBytes() : encoded;
    // All or nobody: what one can't take is found out before the first has it.
    for (const subscriber of this.subscribed.values()) {
      if (!subscriber.peer.isGone) subscriber.checkOffer(bytes.length);
    }
    if (encoded instanceof BufferList) encoded.release();
    this.published++;
    let waits = 0;
    const disconnected: Subscriber[] = [];
    for (const subscriber of [...this.subscribed.values()]) {
      const outcome = subscriber.offer(bytes, isValue, settled);
      if (outcome === 'waits') waits++;
      if (outcome === 'disconnect') {
        this.disconnected++;
        this.remove(subscriber.peer);
        disconnected.push(subscriber);
      }
    }
    // Once all have the message: what fails here is between this thread and that one.
    for (const subscriber of disconnected) subscriber.sendDisconnected();
    return waits;
  }

  static {
    describeBy('Topic', Topic.prototype, topic => ({
      state: topic.ended ? 'closed' : 'open',
      name: topic.name,
      subscribers: topic.subscribed.size,
      ...topic.counters,
    }));
  }
}
