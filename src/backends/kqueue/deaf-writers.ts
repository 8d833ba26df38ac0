/**
 * Writers whose filter is not told that the peer has closed: Unix streams of FreeBSD 15. The filter for reading is
 * told. So what it says of an end has the kernel look at the writer once more, by the change that armed it. Where only
 * writing is wanted, a filter for reading stands guard (change-list.ts).
 */
import type { KqueueConstants } from '../../sys/poll/kqueue-constants.js';
import { WRITABLE } from '../contract.js';
import { DEAF_WRITER, type Registrations } from '../kit/registrations.js';
import { GUARD, QUESTION, WRITER_TOLD } from './change-list.js';

export class DeafWriters {
  /** Events of the last call that told nobody but us. */
  private guardEvents = 0;
  /** By level an end comes again with each call; the writer is asked once a wait. */
  private asks = true;

  constructor(
    private readonly table: Registrations,
    private readonly constants: KqueueConstants,
  ) {}

  beginWait(): void {
    this.asks = true;
  }

  beginHarvest(): void {
    this.guardEvents = 0;
  }

  /** Whether the wait goes on for their sake: one is to be asked anew, or guards took the room of others. */
  needRound(): boolean {
    if (this.table.dirtyCount === 0 && this.guardEvents === 0) return false;
    this.asks = false;
    return true;
  }

  /** An event of the filter for reading. @returns whether that stands guard, so that nobody wanted the event. */
  takeRead(slot: number, flags: number): boolean {
    const { table } = this;
    if ((table.mode[slot] & DEAF_WRITER) === 0) return false;
    const place = table.place[slot];
    const isGuard = (place & GUARD) !== 0;
    const isEnd = (flags & this.constants.EV_EOF) !== 0 && (place & WRITER_TOLD) === 0;
    const isWaiting = (table.wanted[slot] & table.applied[slot] & WRITABLE) !== 0;
    if (isEnd && isWaiting && (isGuard || this.asks)) {
      table.place[slot] |= QUESTION;
      table.markDirty(slot);
    }
    if (isGuard) this.guardEvents++;
    return isGuard;
  }

  /** An event of the filter for writing, which answers the question. */
  takeWrite(slot: number, flags: number): void {
    const { table } = this;
    if ((table.mode[slot] & DEAF_WRITER) === 0) return;
    if ((flags & this.constants.EV_EOF) !== 0) table.place[slot] |= WRITER_TOLD;
    table.place[slot] &= ~QUESTION;
  }
}
