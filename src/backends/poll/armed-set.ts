/**
 * The array of struct pollfd, kept compact: it holds the armed registrations and nothing else, so that a wait costs no
 * more than it must. Removal moves the last entry into the gap.
 *
 *     index   0      1      2      3          `place` of a slot is its index here, or -1
 *     fd    [ wake | 7    | 12   | 9    ]
 *     slot  [ -    | 0    | 4    | 1    ]
 */
import { PollfdArray } from '../../sys/poll/poll.js';
import type { Registrations } from '../kit/registrations.js';

const INITIAL_ENTRIES = 64;

export class ArmedSet {
  readonly array = new PollfdArray(INITIAL_ENTRIES);
  private slots = new Int32Array(INITIAL_ENTRIES);
  count = 0;

  constructor(private readonly registrations: Registrations) {}

  /** Adds a descriptor that belongs to no registration: the waker. */
  addFixed(fd: number, events: number): void {
    this.array.set(this.count++, fd, events);
  }

  slot(index: number): number {
    return this.slots[index];
  }

  /** Watches `events` of a slot; 0 takes it out of the array. */
  arm(slot: number, events: number): void {
    const { place, fd } = this.registrations;
    const index = place[slot];
    if (events === 0) {
      if (index >= 0) this.remove(slot, index);
    } else if (index >= 0) {
      this.array.setEvents(index, events);
    } else {
      if (this.count === this.array.capacity) this.grow();
      this.array.set(this.count, fd[slot], events);
      this.slots[this.count] = slot;
      place[slot] = this.count++;
    }
  }

  private remove(slot: number, index: number): void {
    const { place } = this.registrations;
    const last = --this.count;
    place[slot] = -1;
    if (index === last) return;
    this.array.move(last, index);
    this.slots[index] = this.slots[last];
    place[this.slots[index]] = index;
  }

  private grow(): void {
    this.array.grow();
    const slots = new Int32Array(this.array.capacity);
    slots.set(this.slots);
    this.slots = slots;
  }
}
