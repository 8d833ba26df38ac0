/** Descriptors that are reported ready over and over while nothing moves, and what their operations end with. */
import { IoError } from '../../sys/ffi/io-error.js';
import { FRUITLESS_EVENTS } from '../limits.js';
import { descriptorSpin, type Spin } from '../observation/channels.js';
import type { Descriptor } from '../operations/operation.js';

const EXPLANATION = `${FRUITLESS_EVENTS} events in a row without a byte moving; it is no longer watched`;

/** How many events in a row have brought nothing, of the few descriptors that had such events. */
export class FruitlessEvents {
  private readonly counts = new Map<Descriptor, number>();

  /** One more. @returns whether that is enough, and the count begins anew. */
  add(descriptor: Descriptor): boolean {
    const count = (this.counts.get(descriptor) ?? 0) + 1;
    if (count < FRUITLESS_EVENTS) this.counts.set(descriptor, count);
    else this.counts.delete(descriptor);
    return count >= FRUITLESS_EVENTS;
  }

  /** Something moved, or the descriptor goes. */
  forget(descriptor: Descriptor): void {
    if (this.counts.size > 0) this.counts.delete(descriptor);
  }
}

/** Also tells of it on `pollux:descriptor:spin`, while the descriptor is open and can be looked at. */
export function spinError({ fd, owner }: Descriptor, backend: string): IoError {
  if (descriptorSpin.hasSubscribers) {
    descriptorSpin.publish({ fd, owner, events: FRUITLESS_EVENTS } satisfies Spin);
  }
  return new IoError('ELOOP', 'wait', `descriptor ${fd} with ${backend}`, EXPLANATION);
}
