/** Messages that wait for room in a receiver's ring, oldest first, with a ceiling that counts what each costs beside its bytes. */
import { ENTRY_BYTES } from '../limits.js';
import type { Outgoing } from './outgoing.js';

export class WaitingList {
  /** What they cost this thread. */
  bytes = 0;
  private messages: Outgoing[] = [];

  constructor(private readonly maxBytes: number) {}

  get length(): number {
    return this.messages.length;
  }

  /** Whether one more of that length may wait: one alone always may, since a message is no longer than half of a mailbox. */
  hasRoomFor(lengthBytes: number): boolean {
    return this.messages.length === 0 || this.bytes + lengthBytes + ENTRY_BYTES <= this.maxBytes;
  }

  add(message: Outgoing): void {
    this.messages.push(message);
    this.bytes += message.lengthBytes + ENTRY_BYTES;
  }

  /** @returns whether it was in the list. */
  remove(message: Outgoing): boolean {
    const index = this.messages.indexOf(message);
    if (index < 0) return false;
    this.take(index, 1);
    return true;
  }

  /** Removes the oldest ones for which `use` answers true, up to the first for which it does not. */
  takeWhile(use: (message: Outgoing) => boolean): Outgoing[] {
    let count = 0;
    while (count < this.messages.length && use(this.messages[count])) count++;
    return count === 0 ? NONE : this.take(0, count);
  }

  takeAll(): Outgoing[] {
    return this.take(0, this.messages.length);
  }

  private take(index: number, count: number): Outgoing[] {
    const taken = this.messages.splice(index, count);
    for (const { lengthBytes } of taken) this.bytes -= lengthBytes + ENTRY_BYTES;
    return taken;
  }
}

const NONE: Outgoing[] = [];
