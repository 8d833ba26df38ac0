/**
 * The events of the last wait, in their order: a budget or an exception of a callback leaves some for the next turn.
 */
import type { Backend } from '../../backends/contract.js';
import type { EventOwners } from '../observation/turn-meter.js';
import { Descriptor } from '../operations/operation.js';
import type { Registered } from './registered.js';

export class Harvest implements EventOwners {
  /** The event to dispatch next. */
  private cursor = 0;
  /** Waits in a row that filled the batch, while some may have been left out since the first. */
  private fullWaits = 0;

  constructor(
    private readonly backend: Backend,
    private readonly registered: Registered,
  ) {}

  get hasEvents(): boolean {
    return this.cursor < this.backend.events.count;
  }

  /** Whether something that was ready at a wait has not been told of. */
  get isBehind(): boolean {
    return this.hasEvents || this.fullWaits > 0;
  }

  /** Waits for more, if none are left: registrations of those may report the same again only by level. */
  wait(timeoutNs: number): number {
    if (!this.hasEvents) {
      this.cursor = 0;
      this.backend.wait(timeoutNs);
      this.countFull();
    }
    return this.backend.events.count - this.cursor;
  }

  /** The index of the next event; only where `hasEvents`. */
  next(): number {
    return this.cursor++;
  }

  nextOwners(into: (object | undefined)[]): number {
    const { count, tokens } = this.backend.events;
    for (let index = 0; index < into.length; index++) {
      const event = this.cursor + index;
      const entry = event < count ? this.registered.find(tokens[event]) : undefined;
      into[index] = entry instanceof Descriptor ? entry.owner : entry?.watcher;
    }
    return count - this.cursor;
  }

  /** A wait that fills the batch may leave some out. They come by turns: in so many waits each has been told of. */
  private countFull(): void {
    const { count, tokens } = this.backend.events;
    this.fullWaits = count < tokens.length ? 0 : this.fullWaits + 1;
    if (this.fullWaits * tokens.length >= this.registered.slots) this.fullWaits = 0;
  }
}
