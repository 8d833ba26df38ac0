/** Copies of bytes as segments, in memory that belongs to their list. */
import { COPY_BYTES } from '../limits.js';
import { copyOut } from './segment-bytes.js';
import { takeSegment, type Segment } from './segment.js';

/** Memory that is taken for small pieces, so that many of them share it. */
const MIN_COPY_BYTES = 256;

/**
 * Copies into what the last segment of a list has behind its end.
 *
 * @returns how many bytes had room there.
 */
export function extendTail(tail: Segment | undefined, bytes: Uint8Array): number {
  if (tail === undefined || !tail.growable) return 0;
  const copied = Math.min(bytes.length, tail.bytes.length - tail.end);
  tail.bytes.set(copied === bytes.length ? bytes : bytes.subarray(0, copied), tail.end);
  tail.end += copied;
  return copied;
}

/**
 * A segment over a copy, with room behind it.
 *
 * @param listBytes as much again is taken, within bounds: many short lists must not take a large piece each, nor a long
 *   one many small pieces.
 */
export function growableCopy(bytes: Uint8Array, listBytes: number): Segment {
  const room = Math.min(Math.max(listBytes, MIN_COPY_BYTES), COPY_BYTES);
  const memory = new Uint8Array(Math.max(bytes.length, room));
  memory.set(bytes);
  const segment = takeSegment(memory, 0, bytes.length, undefined);
  segment.growable = true;
  return segment;
}

/** A segment over a copy of a whole chain. */
export function gatheredCopy(first: Segment, lengthBytes: number): Segment {
  // Small ones share a pool, as Node's own do, and large ones are not cleared before they are filled.
  const { buffer, byteOffset } = Buffer.allocUnsafe(lengthBytes);
  const memory = new Uint8Array(buffer, byteOffset, lengthBytes);
  copyOut(first, { start: 0, end: lengthBytes }, memory, 0);
  return takeSegment(memory, 0, lengthBytes, undefined);
}
