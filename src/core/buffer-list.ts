/**
 * An ordered list of byte ranges that reads like one array of bytes and is never glued together.
 *
 * Ownership. Bytes that were received lie in leased chunks; each range of a list owns a share of its chunk and gives it
 * back when it is consumed or released. A Uint8Array that is appended is held by reference: leave it alone while it is in
 * the list. Lists never share a range: `append` of a list moves its ranges here and leaves it empty, `take` and `split`
 * move them out, and only `slice` makes a second share. Whoever owns a list consumes or releases it in the end.
 */
import { shareAmongCopies } from '../base/thread-state.js';
import type { IovecTable } from './iovec-table.js';
import { dropSegments, takeSegment, type Segment } from './segment.js';
import type { Lease } from './slab.js';

/** What can be put into a list. A string is encoded as UTF-8. */
export type Part = string | Uint8Array | BufferList;

/** Memory that `appendCopy` takes for small pieces, so that many of them share it. */
const COPY_BYTES = 16 * 1024;

export class BufferList implements Iterable<Uint8Array> {
  private first: Segment | undefined = undefined;
  private last: Segment | undefined = undefined;
  private lengthBytes = 0;
  private segments = 0;

  /** A list of the parts in order: strings encoded, arrays by reference, lists moved. */
  static from(...parts: Part[]): BufferList {
    const list = new BufferList();
    for (const part of parts) list.append(part);
    return list;
  }

  /** Bytes in the list. */
  get length(): number {
    return this.lengthBytes;
  }

  /** Ranges in the list. */
  get segmentCount(): number {
    return this.segments;
  }

  /**
   * Puts a part at the end. A list is moved: it is empty afterwards.
   *
   * @throws TypeError a part of another kind, or the list itself.
   */
  append(part: Part): this {
    if (part instanceof BufferList) {
      this.checkOther(part);
      if (part.first === undefined) return this;
      this.link(part.first, part.last!, part.segments, part.lengthBytes);
      part.forget();
      return this;
    }
    const bytes = bytesOf(part);
    if (bytes.length > 0) this.push(takeSegment(bytes, 0, bytes.length, undefined));
    return this;
  }

  /** Puts a part at the front, as `append` does at the end. */
  prepend(part: Part): this {
    const front = part instanceof BufferList ? part : BufferList.from(part);
    this.checkOther(front);
    if (front.first === undefined) return this;
    front.last!.next = this.first;
    this.last ??= front.last;
    this.first = front.first;
    this.segments += front.segments;
    this.lengthBytes += front.lengthBytes;
    front.forget();
    return this;
  }

  /**
   * Puts a range of a leased chunk at the end and takes over one share of the lease from the caller.
   *
   * @throws RangeError a range outside the chunk; the share stays with the caller.
   */
  appendLease(lease: Lease, start: number, end: number): void {
    if (!(start >= 0 && start <= end && end <= lease.chunkBytes)) {
      throw new RangeError(`start, end: ${start}, ${end}; allowed: a range of the chunk's ${lease.chunkBytes} bytes`);
    }
    if (start === end) lease.release();
    else this.push(takeSegment(lease.bytes, start, end, lease));
  }

  /** Puts a copy at the end, in memory of the list's own; small pieces in a row share it. */
  appendCopy(bytes: Uint8Array): this {
    let copied = 0;
    const tail = this.last;
    if (tail !== undefined && tail.growable) {
      copied = Math.min(bytes.length, tail.bytes.length - tail.end);
      tail.bytes.set(copied === bytes.length ? bytes : bytes.subarray(0, copied), tail.end);
      tail.end += copied;
      this.lengthBytes += copied;
    }
    const left = bytes.length - copied;
    if (left === 0) return this;
    const memory = new Uint8Array(Math.max(left, COPY_BYTES));
    memory.set(copied === 0 ? bytes : bytes.subarray(copied));
    const segment = takeSegment(memory, 0, left, undefined);
    segment.growable = true;
    this.push(segment);
    return this;
  }

  /**
   * Drops bytes from the front.
   *
   * @throws RangeError more than there are.
   */
  consume(lengthBytes: number): this {
    checkInteger('lengthBytes', lengthBytes, this.lengthBytes);
    const used = this.first;
    let segment = used;
    let left = lengthBytes;
    while (segment !== undefined && segment.end - segment.start <= left) {
      left -= segment.end - segment.start;
      this.segments--;
      segment = segment.next;
    }
    if (left > 0) segment!.start += left;
    this.first = segment;
    if (segment === undefined) this.last = undefined;
    this.lengthBytes -= lengthBytes;
    dropSegments(used, segment);
    return this;
  }

  /**
   * Moves the first bytes to a new list.
   *
   * @throws RangeError more than there are.
   */
  split(lengthBytes: number): BufferList {
    checkInteger('lengthBytes', lengthBytes, this.lengthBytes);
    const head = new BufferList();
    while (head.lengthBytes < lengthBytes) {
      const segment = this.first!;
      const left = lengthBytes - head.lengthBytes;
      const length = segment.end - segment.start;
      if (length > left) {
        head.pushShare(segment, segment.start, segment.start + left);
        segment.start += left;
        this.lengthBytes -= left;
        break;
      }
      this.first = segment.next;
      segment.next = undefined;
      this.segments--;
      this.lengthBytes -= length;
      head.push(segment);
    }
    if (this.first === undefined) this.last = undefined;
    return head;
  }

  /**
   * A second list over the same bytes from `start` to before `end`: it has shares of its own and is released on its own.
   *
   * @throws RangeError a range outside the list.
   */
  slice(start = 0, end = this.lengthBytes): BufferList {
    this.checkRange(start, end);
    const result = new BufferList();
    let position = 0;
    for (let segment = this.first; segment !== undefined && position < end; segment = segment.next) {
      const length = segment.end - segment.start;
      const from = Math.max(start - position, 0);
      const to = Math.min(end - position, length);
      if (from < to) result.pushShare(segment, segment.start + from, segment.start + to);
      position += length;
    }
    return result;
  }

  /** Moves everything to a new list of the caller's: how a chunk given for the length of a call is kept. */
  take(): BufferList {
    return new BufferList().append(this);
  }

  /**
   * Copies the bytes from `start` to before `end` into `target`.
   *
   * @returns how many; fewer if `target` has less room.
   * @throws RangeError a range outside the list, an offset outside the target.
   */
  copyTo(target: Uint8Array, targetOffset = 0, start = 0, end = this.lengthBytes): number {
    this.checkRange(start, end);
    checkInteger('targetOffset', targetOffset, target.length);
    let copied = 0;
    let position = 0;
    for (let segment = this.first; segment !== undefined && position < end; segment = segment.next) {
      const length = segment.end - segment.start;
      const from = Math.max(start - position, 0);
      const room = target.length - targetOffset - copied;
      const to = Math.min(end - position, length, from + room);
      if (from < to) {
        segment.check();
        target.set(segment.bytes.subarray(segment.start + from, segment.start + to), targetOffset + copied);
        copied += to - from;
      }
      position += length;
    }
    return copied;
  }

  /** All bytes in one new array. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.lengthBytes);
    this.copyTo(bytes);
    return bytes;
  }

  /** The bytes as text; a character that two ranges share comes out whole. */
  toString(encoding: BufferEncoding = 'utf8'): string {
    const { first } = this;
    if (first === undefined) return '';
    const bytes = this.segments === 1 ? first.view() : this.toBytes();
    return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length).toString(encoding);
  }

  /** The byte at `index`. @throws RangeError */
  byteAt(index: number): number {
    checkInteger('index', index, this.lengthBytes - 1);
    let segment = this.first!;
    let position = index;
    for (; position >= segment.length; segment = segment.next!) position -= segment.length;
    segment.check();
    return segment.bytes[segment.start + position];
  }

  /** Where a byte, or a sequence of bytes, is found first at or after `from`; -1 if nowhere. Below 0 `from` counts as 0. */
  indexOf(sought: number | Uint8Array, from = 0): number {
    if (sought instanceof Uint8Array && sought.length === 0) return Math.min(Math.max(from, 0), this.lengthBytes);
    const firstByte = sought instanceof Uint8Array ? sought[0] : sought;
    let position = 0;
    for (let segment = this.first; segment !== undefined; segment = segment.next) {
      const view = segment.view();
      let at = view.indexOf(firstByte, Math.max(from - position, 0));
      while (at >= 0) {
        if (!(sought instanceof Uint8Array) || this.matches(segment, at, sought)) return position + at;
        at = view.indexOf(firstByte, at + 1);
      }
      position += view.length;
    }
    return -1;
  }

  /** Whether the bytes are the same. */
  equals(other: Uint8Array | BufferList): boolean {
    if (other.length !== this.lengthBytes) return false;
    const bytes = other instanceof BufferList ? other.toBytes() : other;
    return this.lengthBytes === 0 || this.matches(this.first!, 0, bytes);
  }

  /** The ranges in order, as views: no copies. They hold as long as the list has them; a loop may consume what it has seen. */
  *[Symbol.iterator](): Iterator<Uint8Array> {
    let segment = this.first;
    while (segment !== undefined) {
      // Asked before the loop's body runs: a segment that is consumed there goes to the pool, and its `next` with it.
      const { next }: Segment = segment;
      yield segment.view();
      segment = next;
    }
  }

  /** Drops everything. */
  release(): void {
    const { first } = this;
    this.forget();
    dropSegments(first, undefined);
  }

  [Symbol.dispose](): void {
    this.release();
  }

  /** Where the first range lies, for the system call that follows; 0 for an empty list. */
  get firstAddress(): number {
    return this.first === undefined ? 0 : this.first.address;
  }

  get firstLength(): number {
    return this.first === undefined ? 0 : this.first.end - this.first.start;
  }

  /**
   * Writes the first ranges into a table for a vectored call.
   *
   * @param most bytes that the table may cover; the last range is cut short for it.
   * @returns the bytes that the table covers.
   */
  fillIovecs(table: IovecTable, most = Infinity): number {
    table.clear();
    for (let segment = this.first; segment !== undefined && table.count < table.capacity; segment = segment.next) {
      const room = most - table.lengthBytes;
      if (room <= 0) break;
      table.add(segment.address, Math.min(segment.end - segment.start, room));
    }
    return table.lengthBytes;
  }

  private push(segment: Segment): void {
    this.link(segment, segment, 1, segment.end - segment.start);
  }

  /** A share of a part of another list's segment; memory held by reference is simply held twice. */
  private pushShare(segment: Segment, start: number, end: number): void {
    segment.lease?.retain(segment.generation);
    // Two lists see the memory from here on, so neither may write behind its end.
    segment.growable = false;
    this.push(takeSegment(segment.bytes, start, end, segment.lease));
  }

  private link(first: Segment, last: Segment, segments: number, lengthBytes: number): void {
    if (this.last === undefined) this.first = first;
    else this.last.next = first;
    this.last = last;
    this.segments += segments;
    this.lengthBytes += lengthBytes;
  }

  private forget(): void {
    this.first = undefined;
    this.last = undefined;
    this.segments = 0;
    this.lengthBytes = 0;
  }

  private matches(from: Segment, offset: number, sought: Uint8Array): boolean {
    let compared = 0;
    let at = from.start + offset;
    for (let segment: Segment | undefined = from; segment !== undefined; segment = segment.next) {
      segment.check();
      if (segment !== from) at = segment.start;
      for (; at < segment.end && compared < sought.length; at++, compared++) {
        if (segment.bytes[at] !== sought[compared]) return false;
      }
      if (compared === sought.length) return true;
    }
    return false;
  }

  private checkRange(start: number, end: number): void {
    checkInteger('end', end, this.lengthBytes);
    checkInteger('start', start, end);
  }

  private checkOther(list: BufferList): void {
    if (list === this) throw new TypeError("part: a list can't be put into itself");
  }
}
shareAmongCopies({ BufferList });

function checkInteger(name: string, value: number, most: number): void {
  if (!Number.isInteger(value) || value < 0 || value > most) {
    throw new RangeError(`${name}: ${value}; allowed: integers from 0 to ${most}`);
  }
}

function bytesOf(part: string | Uint8Array): Uint8Array {
  if (typeof part === 'string') return Buffer.from(part);
  if (part instanceof Uint8Array) return part;
  throw new TypeError(`part: ${typeof part}; allowed: string, Uint8Array, BufferList`);
}
