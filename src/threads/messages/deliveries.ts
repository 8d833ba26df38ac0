/** What comes into a thread's mailbox: who sent it, what it is, and who here takes it. */
import type { RingReader } from '../ring/reader.js';
import type { RecordHandler } from '../mailbox/mailbox.js';
import { NOTHING } from '../mailbox/outgoing.js';
import {
  CALL,
  DISCONNECTED,
  FAILURE,
  HELLO,
  isValue,
  kindOf,
  MESSAGE,
  NAME,
  nameOf,
  PUBLISHED,
  REPLY,
  REQUEST,
  SUBSCRIBE,
  SUBSCRIBED,
  UNSUBSCRIBE,
} from '../endpoint/channel.js';
import { SenderNames, type MessageReceiver } from '../endpoint/sender-names.js';
import { packFailure, unpackFailure } from './failure.js';
import { Arrival } from './message.js';
import type { PeerBook } from '../endpoint/peer-book.js';
import type { Peer } from '../endpoint/peer.js';
import type { RequestHandlers } from './request-handlers.js';
import type { SlowPolicy } from './subscriber.js';
import type { Subscription } from './subscription.js';

export interface DeliveryOwner {
  /** undefined: that is no name, or nobody takes what is for it. */
  queueFor(name: string | undefined): MessageReceiver | undefined;
  subscriptionTo(name: string): Subscription | undefined;
  addSubscriber(name: string, peer: Peer, whenSlow: SlowPolicy): void;
  removeSubscriber(name: string, peer: Peer): void;
  /** A thread begins anew: what it had begun before is not finished. */
  tellDeparture(threadId: number): void;
}

export class Deliveries implements RecordHandler {
  /** By the slot in the ring. */
  private readonly senders: SenderNames[] = [];
  private readonly arrival = new Arrival();

  constructor(
    private readonly owner: DeliveryOwner,
    private readonly peers: PeerBook,
    private readonly handlers: RequestHandlers,
  ) {}

  onRecord(reader: RingReader): void {
    const kind = kindOf(reader.channel);
    if (kind === HELLO) {
      this.senders[reader.sender] = new SenderNames(reader.tag);
      this.owner.tellDeparture(reader.tag);
      return;
    }
    const sender = this.senders[reader.sender];
    const { arrival } = this;
    arrival.tag = reader.tag;
    arrival.isValue = isValue(reader.channel);
    arrival.set(sender.threadId, reader.memory.buffer, reader.start, reader.end);
    try {
      this.deliver(kind, nameOf(reader.channel), sender);
    } finally {
      arrival.expire();
    }
  }

  private deliver(kind: number, number: number, sender: SenderNames): void {
    const { arrival } = this;
    const { names } = sender;
    if (kind === MESSAGE) {
      const queue = (sender.queues[number] ??= this.owner.queueFor(names[number]));
      queue?.receive(arrival);
      return;
    }
    const name = names[number];
    // Introduced as something that is no name.
    if (name === undefined) return;
    if (kind === PUBLISHED) this.owner.subscriptionTo(name)?.receive(arrival);
    else if (kind === NAME) sender.introduce(arrival.tag, arrival.text());
    else this.dispatch(kind, name, arrival);
  }

  private dispatch(kind: number, name: string, arrival: Arrival): void {
    const { from, tag } = arrival;
    if (kind === REQUEST) this.handlers.onRequest(name, arrival);
    else if (kind === CALL) this.handlers.onCall(name, arrival);
    else if (kind === REPLY) {
      const { value, failure } = valueOrFailure(arrival);
      this.peers.get(from)?.answer(tag, failure, () => value);
    } else if (kind === FAILURE) {
      const { value, failure = () => unpackFailure(value) } = valueOrFailure(arrival);
      if (name === '') this.peers.get(from)?.answer(tag, failure, undefined);
      else this.peers.get(from)?.fail(failure() as Error);
    } else if (kind === SUBSCRIBE) {
      const whenSlow = arrival.value as SlowPolicy;
      this.peers.withPeer(from, peer => {
        try {
          this.owner.addSubscriber(name, peer, whenSlow);
          peer.messages.submit(SUBSCRIBED, name, NOTHING, false, tag);
        } catch (error) {
          // Too much waits for it already: it is told that by what may always wait.
          this.owner.removeSubscriber(name, peer);
          peer.messages.submitOwed(FAILURE, '', packFailure(error, peer.maxBytes), tag);
        }
      });
    } else if (kind === SUBSCRIBED) {
      this.owner.subscriptionTo(name)?.begin(from);
      this.peers.get(from)?.answer(tag, undefined, () => undefined);
    } else if (kind === UNSUBSCRIBE) {
      this.peers.withPeer(from, peer => this.owner.removeSubscriber(name, peer));
    } else if (kind === DISCONNECTED) {
      this.owner.subscriptionTo(name)?.disconnected(arrival);
    }
  }
}

/**
 * A value that can't be read here, such as one nested deeper than this thread's stack, fails the call that waits for
 * it.
 */
function valueOrFailure(arrival: Arrival): { value?: unknown; failure?: () => unknown } {
  try {
    return { value: arrival.value };
  } catch (error) {
    return { failure: () => error };
  }
}
