/**
 * The change list of one kevent(): what a registration wants and the kernel does not know yet, as entries by filter.
 */
import { KeventArray } from '../../sys/poll/kevent-array.js';
import type { KqueueSystem } from '../../sys/poll/kevent-layout.js';
import { PRIORITY, READABLE, WRITABLE, type Interest } from '../contract.js';
import { DEAF_WRITER, type Registrations } from '../kit/registrations.js';
import { armingFlags, filterOf } from './flags.js';

const DIRECTIONS: readonly Interest[] = [READABLE, WRITABLE, PRIORITY];
/** One for each of these, and one that removes a filter of another kind. */
const MOST_ENTRIES = DIRECTIONS.length + 1;

/**
 * In `place`: the kernel's READ filter is there for a writer that is not told of the end, and reports nothing but the
 * end, once.
 */
export const GUARD = 8;
/** In `place`: the writer has been told of the end. */
export const WRITER_TOLD = 16;
/** In `place`: the kernel is to look at the writer once more, by the change that armed it. */
export const QUESTION = 32;
/** No buffer holds so many bytes. */
const GUARD_LOW_WATER = 0x7fffffff;

export class ChangeList {
  readonly array: KeventArray;
  count = 0;

  /**
   * `place` of a registration holds the directions for which the kernel has a filter, armed or disabled; `applied`
   * those that are armed.
   */
  constructor(
    private readonly system: KqueueSystem,
    private readonly table: Registrations,
    capacity: number,
  ) {
    this.array = new KeventArray(system.layout, capacity);
  }

  /** Whether another registration fits. */
  get hasRoom(): boolean {
    return this.count + MOST_ENTRIES <= this.array.capacity;
  }

  clear(): void {
    this.count = 0;
  }

  /** Adds what turns `applied` into `wanted`, and takes it for applied. @returns whether that is a change. */
  addDifference(slot: number): boolean {
    const { table } = this;
    const wanted = table.wanted[slot];
    const isChange = wanted !== table.applied[slot];
    const asked = (table.place[slot] & QUESTION) !== 0 ? wanted & table.applied[slot] & WRITABLE : 0;
    table.place[slot] &= ~QUESTION;
    if (!isChange && asked === 0) return false;
    if ((table.mode[slot] & DEAF_WRITER) !== 0) this.guard(slot, (wanted & (READABLE | WRITABLE)) === WRITABLE);
    const changed = (wanted ^ table.applied[slot]) | asked;
    const { constants } = this.system;
    const arming = armingFlags(table.mode[slot], constants);
    for (const direction of DIRECTIONS) {
      if ((changed & direction) === 0) continue;
      const armed = (wanted & direction) !== 0;
      this.add(slot, direction, armed ? arming : constants.EV_DISABLE);
      if (armed) table.place[slot] |= direction;
    }
    table.applied[slot] = wanted;
    return isChange;
  }

  /** Adds the removal of every filter that the kernel has. */
  addRemoval(slot: number): void {
    const { table } = this;
    for (const direction of DIRECTIONS) {
      if ((table.place[slot] & direction) !== 0) this.add(slot, direction, this.system.constants.EV_DELETE);
    }
    table.place[slot] = 0;
    table.applied[slot] = 0;
  }

  /** Puts a guard in the place of READ, or takes it away: the mode of a filter never changes. */
  private guard(slot: number, isNeeded: boolean): void {
    const { table } = this;
    const place = table.place[slot];
    if (isNeeded === ((place & GUARD) !== 0)) return;
    const { EV_ADD, EV_CLEAR, EV_DELETE, NOTE_LOWAT } = this.system.constants;
    if ((place & READABLE) !== 0) this.add(slot, READABLE, EV_DELETE);
    table.applied[slot] &= ~READABLE;
    table.place[slot] = isNeeded ? place | READABLE | GUARD : place & ~(READABLE | GUARD);
    if (isNeeded) this.add(slot, READABLE, EV_ADD | EV_CLEAR, NOTE_LOWAT, GUARD_LOW_WATER);
  }

  /** Has each entry answered, which keeps the call from harvesting: it returns the answers alone. */
  askReceipts(): void {
    const { array } = this;
    const { EV_RECEIPT } = this.system.constants;
    for (let index = 0; index < this.count; index++) array.addFlags(index, EV_RECEIPT);
  }

  /** Every entry carries the whole user data: a kernel stores what the last change of a filter said, zeros included. */
  private add(slot: number, direction: Interest, flags: number, fflags = this.notesOf(direction), data = 0): void {
    const { constants } = this.system;
    // register has refused directions without a filter.
    const filter = filterOf(direction, constants)!;
    this.array.set(this.count++, this.table.fd[slot], filter, flags, fflags, data, slot, this.table.generation[slot]);
  }

  private notesOf(direction: Interest): number {
    const { NOTE_OOB = 0, NOTE_FILE_POLL = 0 } = this.system.constants;
    return direction === READABLE ? NOTE_FILE_POLL : direction === PRIORITY ? NOTE_OOB : 0;
  }
}
