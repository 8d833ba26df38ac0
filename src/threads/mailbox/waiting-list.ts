/**
 * Messages that wait for room in a receiver's ring, oldest first, with a ceiling that counts what each costs beside its
 * bytes.
 */
import { ENTRY_BYTES } from '../../core/limits.js';
import type { Outgoing } from './outgoing.js';

export class WaitingList {
  /** What they cost this thread. */
  bytes = 0;
  /** In the order in which they came. A set, so that thousands can be taken back one by one, in whatever order. */
  private readonly messages = new Set<Outgoing>();

  constructor(private readonly maxBytes: number) {}

  get length(): number {
    return this.messages.size;
  }

  /**
   * Whether one more of that length may wait: one alone always may, since a message is no longer than half of a
   * mailbox.
   */
  hasRoomFor(lengthBytes: number): boolean {
    return this.messages.size === 0 || this.bytes + lengthBytes + ENTRY_BYTES <= this.maxBytes;
  }

  add(message: Outgoing): void {
    this.messages.add(message);
    this.bytes += message.lengthBytes + ENTRY_BYTES;
  }

  /** @returns whether it was in the list. */
  remove(message: Outgoing): boolean {
    if (!this.messages.delete(message)) return false;
    this.bytes -= message.lengthBytes + ENTRY_BYTES;
    return true;
  }

  /** Removes the oldest ones for which `use` answers true, up to the first for which it does not. */
  takeWhile(use: (message: Outgoing) => boolean): Outgoing[] {
    const taken: Outgoing[] = [];
    for (const message of this.messages) {
      if (!use(message)) break;
      this.remove(message);
      taken.push(message);
    }
    return taken;
  }

  takeAll(): Outgoing[] {
    return this.takeWhile(() => true);
  }
}
