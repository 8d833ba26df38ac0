/** Reading through a chain of segments as if it were one array: searching, comparing, copying out. */
import type { Segment } from './segment.js';

/**
 * Copies the bytes from `start` to before `end` into `target`, as many as it has room for.
 *
 * @returns how many.
 */
export function copyOut(
  first: Segment | undefined,
  range: { readonly start: number; readonly end: number },
  target: Uint8Array,
  targetOffset: number,
): number {
  let copied = 0;
  let position = 0;
  for (let segment = first; segment !== undefined && position < range.end; segment = segment.next) {
    const length = segment.end - segment.start;
    const from = Math.max(range.start - position, 0);
    const room = target.length - targetOffset - copied;
    const to = Math.min(range.end - position, length, from + room);
    if (from < to) {
      segment.check();
      target.set(segment.bytes.subarray(segment.start + from, segment.start + to), targetOffset + copied);
      copied += to - from;
    }
    position += length;
  }
  return copied;
}

/** The byte at an index that the chain has. */
export function byteIn(first: Segment, index: number): number {
  let segment = first;
  let position = index;
  for (; position >= segment.length; segment = segment.next!) position -= segment.length;
  segment.check();
  return segment.bytes[segment.start + position];
}

/** All bytes as text; a character that two segments share comes out whole. */
export function textOf(first: Segment | undefined, lengthBytes: number, encoding: BufferEncoding): string {
  if (first === undefined) return '';
  let bytes: Uint8Array;
  if (first.next === undefined) bytes = first.view();
  else copyOut(first, { start: 0, end: lengthBytes }, (bytes = new Uint8Array(lengthBytes)), 0);
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
}

/** Where a byte, or a sequence of at least one, is found first at or after `from`; -1 if nowhere. */
export function find(first: Segment | undefined, sought: number | Uint8Array, from: number): number {
  const isByte = typeof sought === 'number';
  const firstByte = isByte ? sought : sought[0];
  let position = 0;
  for (let segment = first; segment !== undefined; segment = segment.next) {
    const view = segment.view();
    let at = view.indexOf(firstByte, Math.max(from - position, 0));
    while (at >= 0) {
      if (isByte || matches(segment, at, sought)) return position + at;
      at = view.indexOf(firstByte, at + 1);
    }
    position += view.length;
  }
  return -1;
}

/** Whether `sought` stands at `offset` of the first segment and in those that follow. */
export function matches(first: Segment, offset: number, sought: Uint8Array): boolean {
  let compared = 0;
  let at = first.start + offset;
  for (let segment: Segment | undefined = first; segment !== undefined; segment = segment.next) {
    segment.check();
    if (segment !== first) at = segment.start;
    for (; at < segment.end && compared < sought.length; at++, compared++) {
      if (segment.bytes[at] !== sought[compared]) return false;
    }
    if (compared === sought.length) return true;
  }
  return false;
}

/** Whether a segment is one of a chain. */
export function contains(first: Segment | undefined, sought: Segment): boolean {
  for (let segment = first; segment !== undefined; segment = segment.next) if (segment === sought) return true;
  return false;
}
