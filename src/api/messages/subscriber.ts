/** One subscriber of a topic, as its publisher sees it, with the policy for the time when it is slow. */
import type { Link } from '../../core/mailbox/link.js';
import { Outgoing } from '../../core/mailbox/outgoing.js';
import { DISCONNECTED, PUBLISHED } from './channel.js';
import type { Peer } from './peer.js';

/**
 * What happens when a subscriber's mailbox has no room: the publisher waits ('block'), what is oldest makes room ('drop
 * oldest'), or the subscriber is let go ('disconnect').
 */
export type SlowPolicy = 'block' | 'drop oldest' | 'disconnect';
export const SLOW_POLICIES: readonly SlowPolicy[] = ['block', 'drop oldest', 'disconnect'];

export interface SubscriberCounters {
  readonly threadId: number;
  readonly policy: SlowPolicy;
  /** Messages published since it subscribed, dropped ones included. */
  readonly published: number;
  /** 'drop oldest': messages that it will never see. */
  readonly dropped: number;
  /** Messages that wait for room in its mailbox. */
  readonly waiting: number;
}

/** What a message counts for at least, so that empty ones have a bound too. */
const LEAST_BYTES = 64;

export class Subscriber {
  published = 0;
  dropped = 0;
  waiting = 0;
  private readonly link: Link;
  /** 'drop oldest': messages that may be in the mailbox still, or wait for it, oldest first. */
  private recent: Outgoing[] = [];
  private recentBytes = 0;

  constructor(
    readonly peer: Peer,
    readonly topic: string,
    readonly policy: SlowPolicy,
  ) {
    this.link = peer.rawLink;
  }

  /**
   * Publishes to it.
   *
   * @param onSettled called once if the publisher has to wait for it.
   * @returns 'sent', 'waits' (policy 'block'), or 'disconnect': it must be let go.
   */
  offer(bytes: Uint8Array, asValue: boolean, onSettled: () => void): 'sent' | 'waits' | 'disconnect' {
    const channel = this.peer.channel(PUBLISHED, this.topic, asValue);
    const tag = this.published | 0;
    if (this.policy === 'disconnect') {
      if (!this.link.tryWrite(bytes, channel, tag, true)) return 'disconnect';
      this.published++;
      return 'sent';
    }
    const revocable = this.policy === 'drop oldest';
    const settled = () => {
      this.waiting--;
      if (!revocable) onSettled();
    };
    const outgoing = new Outgoing(bytes, channel, tag, true, revocable, settled);
    const written = this.link.submit(outgoing);
    this.published++;
    if (!written) this.waiting++;
    if (!revocable) return written ? 'sent' : 'waits';
    this.recent.push(outgoing);
    this.recentBytes += costOf(outgoing);
    this.dropOldest();
    return 'sent';
  }

  /** Tells a subscriber that it was let go. */
  sendDisconnected(): void {
    this.peer.submit(DISCONNECTED, this.topic, new Uint8Array(0), false, this.published | 0);
  }

  get counters(): SubscriberCounters {
    const { policy, published, dropped, waiting } = this;
    return { threadId: this.peer.threadId, policy, published, dropped, waiting };
  }

  /** Keeps what is on its way within what a mailbox holds: beyond, the oldest is either read already or taken back. */
  private dropOldest(): void {
    const window = 2 * this.link.maxBytes;
    while (this.recentBytes > window && this.recent.length > 1) {
      const oldest = this.recent.shift()!;
      this.recentBytes -= costOf(oldest);
      if (this.waiting === 0) continue;
      const waited = oldest.position === undefined;
      if (!this.link.revoke(oldest)) continue;
      this.dropped++;
      if (waited) this.waiting--;
    }
  }
}

function costOf(outgoing: Outgoing): number {
  return Math.max(outgoing.lengthBytes, LEAST_BYTES);
}
