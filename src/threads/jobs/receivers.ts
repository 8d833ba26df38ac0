/** The threads that receive from a work queue, and how many items each would take now. */
import type { Peer } from '../endpoint/peer.js';

export interface Receiver {
  readonly peer: Peer;
  /** Items that it waits for; not above 0: none. */
  places: number;
  /** It has a handler, so that each outcome makes room for another item. */
  hasHandler: boolean;
  /** Items that it was given and that are not told yet. */
  inHand: number;
  /** When it was given the last one, in items of the queue. */
  lastGiven: number;
}

/** What a receiver of a work queue has. */
export interface WorkReceiverCounters {
  readonly threadId: number;
  /** Items that it was given and has not told the outcome of. */
  readonly inHand: number;
  /** Items that it waits for. */
  readonly places: number;
}

export class Receivers {
  private readonly byThread = new Map<number, Receiver>();
  private given = 0;

  /** @param places as in `packPlaces`. */
  addPlaces(peer: Peer, places: number): void {
    let receiver = this.byThread.get(peer.threadId);
    if (receiver === undefined) {
      this.forgetGone();
      receiver = { peer, places: 0, hasHandler: false, inHand: 0, lastGiven: 0 };
      this.byThread.set(peer.threadId, receiver);
    }
    receiver.hasHandler = places < 0;
    if (receiver.hasHandler) receiver.places = -places - receiver.inHand;
    else receiver.places += places;
  }

  /**
   * @returns the one that has the fewest items in hand, of those the one that was given nothing for the longest time.
   */
  freest(): Receiver | undefined {
    let freest: Receiver | undefined;
    for (const receiver of this.byThread.values()) {
      if (receiver.places <= 0 || receiver.peer.isGone) continue;
      if (freest === undefined || isFreer(receiver, freest)) freest = receiver;
    }
    return freest;
  }

  onGiven(receiver: Receiver): void {
    receiver.places--;
    receiver.inHand++;
    receiver.lastGiven = ++this.given;
  }

  /** @param wasReceived it has told an outcome; false: it did not begin with the item, or has gone. */
  onTold(receiver: Receiver, wasReceived: boolean): void {
    receiver.inHand--;
    if (wasReceived && receiver.hasHandler) receiver.places++;
  }

  /** The item was taken back before the receiver saw it. */
  onTakenBack(receiver: Receiver): void {
    receiver.inHand--;
    receiver.places++;
  }

  get counters(): WorkReceiverCounters[] {
    this.forgetGone();
    return [...this.byThread.values()].map(({ peer, inHand, places }) => ({
      threadId: peer.threadId,
      inHand,
      places: Math.max(0, places),
    }));
  }

  private forgetGone(): void {
    for (const [threadId, { peer }] of this.byThread) if (peer.isGone) this.byThread.delete(threadId);
  }
}

function isFreer(one: Receiver, other: Receiver): boolean {
  return one.inHand === other.inHand ? one.lastGiven < other.lastGiven : one.inHand < other.inHand;
}
