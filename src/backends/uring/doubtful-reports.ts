/** Reports that may not hold any more: one poll(2) for all of them says what holds now. */
import { poll, PollfdArray } from '../../sys/poll/poll.js';

const INITIAL_ENTRIES = 64;

export class DoubtfulReports {
  count = 0;
  private readonly array = new PollfdArray(INITIAL_ENTRIES);
  private slots = new Int32Array(INITIAL_ENTRIES);

  add(slot: number, fd: number, events: number): void {
    if (this.count === this.array.capacity) {
      this.array.grow();
      const slots = new Int32Array(this.array.capacity);
      slots.set(this.slots);
      this.slots = slots;
    }
    this.slots[this.count] = slot;
    this.array.set(this.count++, fd, events);
  }

  /** Asks the kernel about all of them. @throws IoError ENOMEM. */
  ask(): void {
    poll(this.array, this.count, 0);
  }

  slot(index: number): number {
    return this.slots[index];
  }

  /** What `ask` found. */
  holding(index: number): number {
    return this.array.revents(index);
  }
}
