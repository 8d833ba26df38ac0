/**
 * One range of bytes in a buffer list. Segments form a chain and are pooled: a list of one segment, which is what
 * nearly every receive and send has, costs no allocation.
 */
import { addressOf } from '../../sys/ffi/memory.js';
import type { Lease } from './slab.js';

const NOTHING = new Uint8Array(0);
/** Segments kept for reuse; more than this are left to the garbage collector after a peak. */
const POOLED_SEGMENTS = 4096;

let pool: Segment | undefined;
let pooled = 0;

export class Segment {
  bytes: Uint8Array = NOTHING;
  start = 0;
  end = 0;
  /**
   * The chunk that `bytes` lies in, of which the segment owns a share; undefined for memory that is held by reference.
   */
  lease: Lease | undefined = undefined;
  /** The loan that the share belongs to. */
  generation = 0;
  /** Whether bytes may be written behind `end`: the memory was made for this segment alone. */
  growable = false;
  next: Segment | undefined = undefined;
  /** Counts how often the segment went back to the pool: who kept it across somebody's code compares. Wraps. */
  lives = 0;

  get length(): number {
    return this.end - this.start;
  }

  /** Where the first byte lies now. Throws as `check` does. */
  get address(): number {
    this.check();
    const { lease } = this;
    if (lease === undefined) return addressOf(this.bytes) + this.start;
    return this.start === 0 ? lease.boxedAddress[0] : lease.address + this.start;
  }

  /** The range as a view, no copy. Throws as `check` does. */
  view(): Uint8Array {
    this.check();
    return this.bytes.subarray(this.start, this.end);
  }

  /**
   * Makes sure that the bytes are still there.
   *
   * @throws TypeError the memory was transferred while it was in the list.
   * @throws Error the chunk was released by somebody who had no share (see POLLUX_DEBUG).
   */
  check(): void {
    if (this.lease !== undefined) this.lease.check('use', this.generation);
    else if (this.bytes.byteLength < this.end) {
      throw new TypeError('data: its buffer was transferred or resized while it was queued');
    }
  }
}

/** A segment over memory held by reference, or over a leased chunk of which it takes over one share. */
export function takeSegment(bytes: Uint8Array, start: number, end: number, lease: Lease | undefined): Segment {
  let segment = pool;
  if (segment === undefined) {
    segment = new Segment();
  } else {
    pool = segment.next;
    pooled--;
    segment.next = undefined;
  }
  segment.bytes = bytes;
  segment.start = start;
  segment.end = end;
  segment.lease = lease;
  if (lease !== undefined) segment.generation = lease.generation;
  segment.growable = false;
  return segment;
}

/**
 * Drops the segments from `first` to before `end`, or to the end of the chain. Giving back a chunk may run somebody's
 * code, so the list must have let go of them before. If a segment throws, the others are dropped all the same.
 */
export function dropSegments(first: Segment | undefined, end: Segment | undefined): void {
  // Nearly every receive and send: one segment.
  if (first !== undefined && first !== end && first.next === end) {
    dropSegment(first);
    return;
  }
  let failure: { error: unknown } | undefined;
  let segment = first;
  while (segment !== end && segment !== undefined) {
    const { next }: Segment = segment;
    try {
      dropSegment(segment);
    } catch (error) {
      failure ??= { error };
    }
    segment = next;
  }
  if (failure !== undefined) throw failure.error;
}

/** Gives the segment's share of its chunk back, and the segment to the pool. */
function dropSegment(segment: Segment): void {
  const { lease, generation } = segment;
  segment.bytes = NOTHING;
  segment.lease = undefined;
  segment.lives = (segment.lives + 1) | 0;
  if (pooled < POOLED_SEGMENTS) {
    segment.next = pool;
    pool = segment;
    pooled++;
  }
  lease?.release(generation);
}
