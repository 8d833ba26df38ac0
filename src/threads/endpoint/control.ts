/**
 * What the runtime has to say to this thread, in a lane of its own: nothing that a user sends comes before it. It is
 * taken by handlers, never kept, so no queue that nobody reads can hold it back.
 */
import type { MessageReceiver } from './sender-names.js';
import { Deliveries, type DeliveryOwner } from '../messages/deliveries.js';
import type { Message } from '../messages/message.js';
import type { PeerBook } from './peer-book.js';
import { RequestHandlers, type RequestHandler } from '../messages/request-handlers.js';

export class Control implements DeliveryOwner {
  readonly deliveries: Deliveries;
  private readonly handlers: RequestHandlers;
  private readonly receivers = new Map<string, MessageReceiver>();

  constructor(peers: PeerBook) {
    this.handlers = new RequestHandlers(peers, 'control');
    this.deliveries = new Deliveries(this, peers, this.handlers);
  }

  /** What is sent to a name that nobody handles is passed over. */
  handle(name: string, onMessage: (message: Message) => void): void {
    this.receivers.set(name, { receive: onMessage });
  }

  answer(name: string, answer: RequestHandler): void {
    this.handlers.addAnswer(name, answer);
  }

  /** @internal */
  queueFor(name: string | undefined): MessageReceiver | undefined {
    return name === undefined ? undefined : this.receivers.get(name);
  }

  // The lane of messages says that a thread begins anew, and topics are of messages alone.

  /** @internal */
  tellDeparture(): void {}

  /** @internal */
  subscriptionTo(): undefined {}

  /** @internal */
  addSubscriber(): void {}

  /** @internal */
  removeSubscriber(): void {}
}
