/** One subscriber of a topic, as its publisher sees it, with the policy for the time when it is slow. */
import type { Lane } from '../mailbox/lane.js';
import { NOTHING, Outgoing } from '../mailbox/outgoing.js';
import { DISCONNECTED, PUBLISHED } from '../endpoint/channel.js';
import type { Peer } from '../endpoint/peer.js';

/**
 * What happens when a subscriber's mailbox has no room: the publisher waits ('block'), what is oldest makes room ('drop
 * oldest'), or the subscriber is let go ('disconnect').
 */
export type SlowPolicy = 'block' | 'drop oldest' | 'disconnect';
export const SLOW_POLICIES: readonly SlowPolicy[] = ['block', 'drop oldest', 'disconnect'];

/** What became of messages to one subscriber. */
export interface SubscriberCounters {
  readonly threadId: number;
  readonly policy: SlowPolicy;
  /** Messages published since it subscribed, dropped ones included. */
  readonly published: number;
  /** Messages that it will never see: 'drop oldest', or those that found it gone. */
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
  private readonly lane: Lane;
  private readonly bytesChannel: number;
  private readonly valueChannel: number;
  /** 'drop oldest': messages that may be in the mailbox still, or wait for it, oldest first. */
  private recent: Outgoing[] = [];
  private recentBytes = 0;

  /**
   * @throws RangeError, IoError as `peer.sender`: nothing of that kind is left to happen when something is published.
   */
  constructor(
    readonly peer: Peer,
    readonly topic: string,
    readonly policy: SlowPolicy,
  ) {
    this.lane = peer.messages.lane;
    this.bytesChannel = peer.messages.channel(PUBLISHED, topic, false);
    this.valueChannel = peer.messages.channel(PUBLISHED, topic, true);
  }

  /**
   * Whether it stands in nobody's way: a message of that length can be offered.
   *
   * @throws RangeError longer than half of its mailbox. @throws IoError ENOBUFS: policy 'block', and too much waits
   *   already.
   */
  checkOffer(lengthBytes: number): void {
    if (this.policy === 'block') this.lane.checkSendable(lengthBytes, true);
    else this.lane.checkLength(lengthBytes);
  }

  /**
   * Publishes to it. One that has gone, or goes meanwhile, has dropped it.
   *
   * @param onSettled called once if the publisher has to wait for it.
   * @returns 'sent', 'waits' (policy 'block'), or 'disconnect': it must be let go.
   */
  offer(bytes: Uint8Array, asValue: boolean, onSettled: () => void): 'sent' | 'waits' | 'disconnect' {
    try {
      return this.peer.isGone ? this.drop() : this.send(bytes, asValue, onSettled);
    } catch (error) {
      const isFull = this.policy === 'drop oldest' && (error as { code?: unknown }).code === 'ENOBUFS';
      if (this.peer.isGone || isFull) return this.drop();
      throw error;
    }
  }

  private send(bytes: Uint8Array, asValue: boolean, onSettled: () => void): 'sent' | 'waits' | 'disconnect' {
    const channel = asValue ? this.valueChannel : this.bytesChannel;
    const tag = this.published | 0;
    if (this.policy === 'disconnect') {
      if (!this.lane.tryWrite(bytes, channel, tag, true)) return 'disconnect';
      this.published++;
      return 'sent';
    }
    const revocable = this.policy === 'drop oldest';
    if (revocable) this.makeRoom(bytes.length);
    const settled = (failure: Error | undefined) => {
      this.waiting--;
      if (failure !== undefined) this.dropped++;
      if (!revocable) onSettled();
    };
    const outgoing = new Outgoing(bytes, channel, tag, true, revocable, settled);
    const written = this.lane.submit(outgoing);
    this.published++;
    if (!written) this.waiting++;
    if (!revocable) return written ? 'sent' : 'waits';
    this.recent.push(outgoing);
    this.recentBytes += costOf(outgoing);
    this.dropOldest();
    return 'sent';
  }

  private drop(): 'sent' {
    this.published++;
    this.dropped++;
    return 'sent';
  }

  /** Tells a subscriber that it was let go, unless it has gone by itself. */
  sendDisconnected(): void {
    try {
      this.peer.messages.submitOwed(DISCONNECTED, this.topic, NOTHING, this.published | 0);
    } catch (error) {
      if (!this.peer.isGone) throw error;
    }
  }

  get counters(): SubscriberCounters {
    const { policy, published, dropped, waiting } = this;
    return { threadId: this.peer.threadId, policy, published, dropped, waiting };
  }

  /** Keeps what is on its way within what a mailbox holds: beyond, the oldest is either read already or taken back. */
  private dropOldest(): void {
    const window = 2 * this.lane.maxBytes;
    while (this.recentBytes > window && this.recent.length > 1) this.takeOldest();
  }

  /** 'drop oldest': other messages to that thread may wait as well, and leave less than a window. */
  private makeRoom(lengthBytes: number): void {
    while (this.waiting > 0 && this.recent.length > 0 && !this.lane.canWait(lengthBytes, true)) this.takeOldest();
  }

  private takeOldest(): void {
    const oldest = this.recent.shift()!;
    this.recentBytes -= costOf(oldest);
    if (this.waiting === 0) return;
    const waited = oldest.mark === undefined;
    if (!this.lane.revoke(oldest)) return;
    this.dropped++;
    if (waited) this.waiting--;
  }
}

function costOf(outgoing: Outgoing): number {
  return Math.max(outgoing.lengthBytes, LEAST_BYTES);
}
