/** A loop over the ranges of a list, which may be changed while the loop goes on. */
import { contains } from './segment-bytes.js';
import type { Segment } from './segment.js';

/** Epochs begin anew after this many: small enough to take no memory of their own. */
const EPOCHS = 2 ** 29;

/** The epoch of a list from which ranges move; an expired one, below 0, stays so. */
export function epochAfter(epoch: number): number {
  return epoch > 0 ? (epoch & (EPOCHS - 1)) + 1 : -((-epoch & (EPOCHS - 1)) + 1);
}

interface Ranges {
  readonly first: Segment | undefined;
  /** Another one once ranges have moved away. */
  readonly epoch: number;
}

/** @throws Error as the iterator of BufferList. */
export function* rangeViews(list: Ranges): Generator<Uint8Array, void> {
  const { epoch } = list;
  let segment = list.first;
  while (segment !== undefined) {
    // Asked before the loop's body runs: a segment that is consumed there goes to the pool, and its `next` with it.
    const { next }: Segment = segment;
    const lives: number | undefined = next?.lives;
    yield segment.view();
    if (next !== undefined && (next.lives !== lives || (list.epoch !== epoch && !contains(list.first, next)))) {
      throw new Error('the list was sent, taken, released or consumed while a loop went over it');
    }
    segment = next;
  }
}
