/** Changes that the kernel refused, until the batch has room to report them. */
import type { Readiness } from '../contract.js';
import type { EventBatch } from '../kit/event-batch.js';
import type { Registrations } from '../kit/registrations.js';

interface FailedChange {
  readonly slot: number;
  readonly generation: number;
  readonly readiness: Readiness;
  readonly errno: number;
}

export class FailedChanges {
  private readonly queue: FailedChange[] = [];

  constructor(
    private readonly table: Registrations,
    private readonly events: EventBatch,
  ) {}

  /** Whether some still wait for room. */
  get any(): boolean {
    return this.queue.length > 0;
  }

  /** A failure is rare enough for an object. */
  add(slot: number, readiness: Readiness, errno: number): void {
    this.queue.push({ slot, generation: this.table.generation[slot], readiness, errno });
  }

  /** A new change has taken the place of what failed: if it fails too, that will be told. */
  forget(slot: number): void {
    for (let index = this.queue.length - 1; index >= 0; index--) {
      if (this.queue[index].slot === slot) this.queue.splice(index, 1);
    }
  }

  /** Puts them into the batch at hand, as far as it has room; those of the dead are dropped. */
  report(): void {
    const { events, table } = this;
    let done = 0;
    for (const { slot, generation, readiness, errno } of this.queue) {
      if (table.isAlive(slot, generation)) {
        if (events.count === events.capacity && table.eventIndex[slot] < 0) break;
        events.add(slot, readiness, 0, errno);
      }
      done++;
    }
    this.queue.splice(0, done);
  }
}
