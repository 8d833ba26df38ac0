/** A descriptor that is reported ready over and over while nothing moves: what its operations end with. */
import { IoError } from '../../sys/ffi/io-error.js';
import { FRUITLESS_EVENTS } from '../limits.js';
import { descriptorSpin, type Spin } from '../observation/channels.js';
import type { Descriptor } from '../operations/operation.js';

const EXPLANATION = `${FRUITLESS_EVENTS} events in a row without a byte moving; it is no longer watched`;

/** Also tells of it on `pollux:descriptor:spin`, while the descriptor is open and can be looked at. */
export function spinError({ fd, owner }: Descriptor, backend: string): IoError {
  if (descriptorSpin.hasSubscribers) {
    descriptorSpin.publish({ fd, owner, events: FRUITLESS_EVENTS } satisfies Spin);
  }
  return new IoError('ELOOP', 'wait', `descriptor ${fd} with ${backend}`, EXPLANATION);
}
