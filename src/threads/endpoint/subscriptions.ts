/**
 * What a thread has subscribed to, by topic: each subscription is announced to the threads that it knows, now and
 * later.
 */
import { wrongState } from '../../sys/ffi/io-error.js';
import { NOTHING } from '../mailbox/outgoing.js';
import type { SlowPolicy } from '../messages/subscriber.js';
import { Subscription, type SubscriptionOwner } from '../messages/subscription.js';
import { SUBSCRIBE, UNSUBSCRIBE } from './channel.js';
import type { PeerBook } from './peer-book.js';
import type { Peer } from './peer.js';

export class Subscriptions {
  private readonly byTopic = new Map<string, Subscription>();

  constructor(
    private readonly owner: SubscriptionOwner,
    private readonly peers: PeerBook,
  ) {}

  get size(): number {
    return this.byTopic.size;
  }

  all(): Subscription[] {
    return [...this.byTopic.values()];
  }

  get(name: string): Subscription | undefined {
    return this.byTopic.get(name);
  }

  /** @throws IoError EALREADY: this thread has subscribed to that topic. */
  add(name: string, whenSlow: SlowPolicy): Subscription {
    if (this.byTopic.has(name)) {
      throw wrongState('EALREADY', 'subscribe', `this thread has subscribed to '${name}' already`);
    }
    const subscription = new Subscription(this.owner, name, whenSlow).open();
    this.byTopic.set(name, subscription);
    subscription.ready = Promise.all([...this.peers].map(peer => announce(subscription, peer))).then(() => {});
    return subscription;
  }

  /** Asks a thread that has just become known here to publish to all of them. */
  announceTo(peer: Peer): void {
    for (const subscription of this.byTopic.values()) void announce(subscription, peer);
  }

  /** Threads that are known here are told that they need not publish any more. */
  onClosed(name: string): void {
    this.byTopic.delete(name);
    for (const peer of this.peers) {
      this.peers.tell(peer, () => peer.messages.submit(UNSUBSCRIBE, name, NOTHING, false, 0));
    }
  }
}

function announce({ name, whenSlow }: Subscription, peer: Peer): Promise<unknown> {
  // A publisher that goes before it is asked, or before it answers, will not publish.
  try {
    return peer.ask(SUBSCRIBE, name, whenSlow).waiting.promise.catch(() => {});
  } catch (failure) {
    if (!peer.isGone) throw failure;
    return Promise.resolve();
  }
}
