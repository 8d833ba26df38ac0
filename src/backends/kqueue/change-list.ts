/** The change list of one kevent(): what a registration wants and the kernel does not know yet, as entries by filter. */
import { KeventArray } from '../../sys/poll/kevent-array.js';
import type { KqueueSystem } from '../../sys/poll/kevent-layout.js';
import { PRIORITY, READABLE, WRITABLE, type Interest } from '../contract.js';
import type { Registrations } from '../kit/registrations.js';
import { armingFlags, filterOf } from './flags.js';

/** A registration has at most one entry for each of these. */
const DIRECTIONS: readonly Interest[] = [READABLE, WRITABLE, PRIORITY];

export class ChangeList {
  readonly array: KeventArray;
  count = 0;

  /**
   * `place` of a registration holds the directions for which the kernel has a filter, armed or disabled; `applied` those
   * that are armed.
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
    return this.count + DIRECTIONS.length <= this.array.capacity;
  }

  clear(): void {
    this.count = 0;
  }

  /** Adds what turns `applied` into `wanted`, and takes it for applied. @returns whether that is anything. */
  addDifference(slot: number): boolean {
    const { table } = this;
    const wanted = table.wanted[slot];
    const changed = wanted ^ table.applied[slot];
    if (changed === 0) return false;
    const { constants } = this.system;
    const arming = armingFlags(table.mode[slot], constants);
    for (const direction of DIRECTIONS) {
      if ((changed & direction) === 0) continue;
      const armed = (wanted & direction) !== 0;
      this.add(slot, direction, armed ? arming : constants.EV_DISABLE);
      if (armed) table.place[slot] |= direction;
    }
    table.applied[slot] = wanted;
    return true;
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

  /** Has each entry answered, which keeps the call from harvesting: it returns the answers alone. */
  askReceipts(): void {
    const { array } = this;
    const { EV_RECEIPT } = this.system.constants;
    for (let index = 0; index < this.count; index++) array.addFlags(index, EV_RECEIPT);
  }

  /** Every entry carries the whole user data: a kernel stores what the last change of a filter said, zeros included. */
  private add(slot: number, direction: Interest, flags: number): void {
    const { constants } = this.system;
    // register has refused directions without a filter.
    const filter = filterOf(direction, constants)!;
    const fflags = direction === PRIORITY ? (constants.NOTE_OOB ?? 0) : 0;
    this.array.set(this.count++, this.table.fd[slot], filter, flags, fflags, 0, slot, this.table.generation[slot]);
  }
}
