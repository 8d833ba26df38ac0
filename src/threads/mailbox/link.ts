/**
 * What this thread has of another's mailbox: a lane for messages, and one for what the runtime has to say, which never
 * waits behind them.
 */
import type { RingMemory } from '../ring/layout.js';
import { meet } from '../../sys/file/owned-descriptors.js';
import type { MailboxAddress } from './address.js';
import { Lane, type LaneOwner } from './lane.js';
import type { Outgoing, Payload } from './outgoing.js';

/** What a link needs of the mailbox that it belongs to. */
export interface LinkOwner extends LaneOwner {
  onLinkClosed(link: Link): void;
}

export class Link {
  readonly messages: Lane;
  readonly control: Lane;
  /**
   * Called once when the receiver is found to have gone: closed or dead. `forEachUnread` then tells what was not read.
   */
  onGone: (() => void) | undefined = undefined;
  private state: 'open' | 'gone' | 'closed' = 'open';

  /**
   * @throws Error the receiver has no slot left.
   * @throws IoError EPIPE: it has gone.
   */
  constructor(
    private readonly owner: LinkOwner,
    readonly address: MailboxAddress,
  ) {
    meet(address.threadId);
    this.messages = new Lane(owner, address, address.ring);
    try {
      this.control = new Lane(owner, address, address.control);
    } catch (error) {
      this.messages.close();
      throw error;
    }
  }

  /** Of messages. */
  get memory(): RingMemory {
    return this.messages.memory;
  }

  /** The longest message. */
  get maxBytes(): number {
    return this.messages.maxBytes;
  }

  /** The ring of messages is the last that a receiver closes. */
  get isGone(): boolean {
    return this.messages.isGone;
  }

  /** As of the lane of messages. */
  tryWrite(payload: Payload, channel: number, tag: number, mayHold: boolean): boolean {
    return this.messages.tryWrite(payload, channel, tag, mayHold);
  }

  /** As of the lane of messages. */
  submit(outgoing: Outgoing): boolean {
    return this.messages.submit(outgoing);
  }

  /** As of the lane of messages. */
  forEachUnread(visit: (bytes: Uint8Array, channel: number, tag: number) => void): void {
    this.messages.forEachUnread(visit);
  }

  /** Lets go of the receiver, as its lanes do. Twice is allowed. */
  close(): void {
    if (this.state === 'closed') return;
    this.state = 'closed';
    this.control.close();
    this.messages.close();
    this.owner.onLinkClosed(this);
  }

  /** This thread was woken, maybe for this link's sake: there is room, or the receiver has gone. */
  onWoken(): void {
    if (this.state !== 'open') return;
    if (!this.isGone) {
      this.control.onWoken();
      this.messages.onWoken();
      return;
    }
    this.state = 'gone';
    this.control.onGone();
    this.messages.onGone();
    this.onGone?.();
  }
}
