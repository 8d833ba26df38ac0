/** The arrays that a backend's wait fills, and the merging of several reports about one registration into one entry. */
import { NO_TOKEN, slotOf } from '../../base/token.js';
import type { ReadyEvents } from '../contract.js';
import { MAX_EVENTS } from './batch-size.js';
import type { Registrations } from './registrations.js';

export class EventBatch implements ReadyEvents {
  count = 0;
  readonly tokens: Float64Array;
  readonly readiness: Uint8Array;
  readonly data: Float64Array;
  readonly errors: Int32Array;

  constructor(
    readonly capacity: number,
    private readonly registrations: Registrations,
  ) {
    if (!Number.isInteger(capacity) || capacity < 1 || capacity > MAX_EVENTS) {
      throw new RangeError(`maxEvents: ${String(capacity)}; allowed: integers from 1 to ${MAX_EVENTS}`);
    }
    this.tokens = new Float64Array(capacity);
    this.readiness = new Uint8Array(capacity);
    this.data = new Float64Array(capacity);
    this.errors = new Int32Array(capacity);
  }

  /** Empties the batch before the next wait. */
  clear(): void {
    const { eventIndex } = this.registrations;
    for (let index = 0; index < this.count; index++) {
      const token = this.tokens[index];
      if (token !== NO_TOKEN) eventIndex[slotOf(token)] = -1;
    }
    this.count = 0;
  }

  /** Reports bits of a registration; the second report about one in a batch joins the first. */
  add(slot: number, bits: number, data: number, errno: number): void {
    const { eventIndex } = this.registrations;
    let index = eventIndex[slot];
    if (index < 0) {
      index = this.count++;
      eventIndex[slot] = index;
      this.tokens[index] = this.registrations.token(slot);
      this.readiness[index] = bits;
      this.data[index] = data;
      this.errors[index] = errno;
      return;
    }
    this.readiness[index] |= bits;
    if (data !== 0) this.data[index] = data;
    if (errno !== 0) this.errors[index] = errno;
  }

  /** Blanks the entry of a registration that ends, if there is one. */
  blank(slot: number): void {
    const { eventIndex } = this.registrations;
    const index = eventIndex[slot];
    if (index < 0) return;
    eventIndex[slot] = -1;
    this.tokens[index] = NO_TOKEN;
    this.readiness[index] = 0;
  }
}
