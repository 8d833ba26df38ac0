/**
 * An ordered list of byte ranges that reads like one array of bytes and is never glued together.
 *
 * Ownership. Bytes that were received lie in leased chunks; each range of a list owns a share of its chunk and gives
 * it back when it is consumed or released. A Uint8Array that is appended is held by reference: leave it alone while
 * it is in the list. Lists never share a range: `append` of a list moves its ranges here and leaves it empty, `take`
 * and `split` move them out, and only `slice` makes a second share. The owner of a list consumes or releases it in
 * the end. A list that a callback gets is lent: it expires with the call, and use of it after that throws.
 */
import { checkInteger } from '../../base/arguments.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { bytesOf, checkBytes, checkEncoding, checkPosition, checkRange, soughtOf } from './buffer-list-arguments.js';
import type { IovecTable } from './iovec-table.js';
import { extendTail, gatheredCopy, growableCopy } from './copied-bytes.js';
import { epochAfter, rangeViews } from './range-views.js';
import { dropSegments, takeSegment, type Segment } from './segment.js';
import { byteIn, copyOut, find, matches, textOf } from './segment-bytes.js';
import type { Lease } from './slab.js';

/** What can be put into a list. A string is encoded as UTF-8. */
export type Part = string | Uint8Array | BufferList;

/** A list of byte ranges that moves without a copy. */
export class BufferList implements Iterable<Uint8Array> {
  /** @internal */
  first: Segment | undefined = undefined;
  private last: Segment | undefined = undefined;
  private lengthBytes = 0;
  private segments = 0;
  /** @internal Changes whenever ranges move to another list, for loops over it; negative once it has expired. */
  epoch = 1;

  /** A list of the parts in order: strings encoded, arrays by reference, lists moved. */
  static from(...parts: Part[]): BufferList {
    const list = new BufferList();
    for (const part of parts) list.append(part);
    return list;
  }

  /** Bytes in the list. */
  get length(): number {
    this.checkValid();
    return this.lengthBytes;
  }

  /** Ranges in the list. */
  get segmentCount(): number {
    this.checkValid();
    return this.segments;
  }

  /**
   * Puts a part at the end. A list is moved: it is empty afterwards.
   * @throws TypeError a part of another kind, or the list itself.
   */
  append(part: Part): this {
    this.checkValid();
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

  /** As `append`, at the front. */
  prepend(part: Part): this {
    this.checkValid();
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
   * @internal Puts a range of a leased chunk at the end and takes over one share of the lease from the caller.
   * @throws RangeError a range outside the chunk; the share stays with the caller.
   */
  appendLease(lease: Lease, start: number, end: number): void {
    lease.checkRange(start, end);
    if (start === end) lease.release();
    else this.push(takeSegment(lease.bytes, start, end, lease));
  }

  /** @internal As `appendLease`; what lies right behind the last range makes that one longer. */
  appendBehind(lease: Lease, start: number, end: number): void {
    const { last } = this;
    if (last?.lease === lease && last.end === start && last.generation === lease.generation) {
      last.end = end;
      this.lengthBytes += end - start;
      lease.release();
    } else {
      this.appendLease(lease, start, end);
    }
  }

  /** @internal How many of the first ranges lie in leased chunks, up to `most`. */
  leasedRanges(most: number): number {
    let count = 0;
    for (let segment = this.first; segment?.lease !== undefined && count < most; segment = segment.next) count++;
    return count;
  }

  /** @internal Calls `visit` for the chunk of each range that lies in one. */
  visitLeases(visit: (lease: Lease) => void): void {
    for (let segment = this.first; segment !== undefined; segment = segment.next) {
      if (segment.lease !== undefined) visit(segment.lease);
    }
  }

  /**
   * Puts a copy at the end, in memory that belongs to the list; small pieces in a row share it.
   * @throws TypeError no Uint8Array.
   */
  appendCopy(bytes: Uint8Array): this {
    this.checkValid();
    checkBytes('bytes', bytes);
    const copied = extendTail(this.last, bytes);
    this.lengthBytes += copied;
    const rest = copied === 0 ? bytes : bytes.subarray(copied);
    if (rest.length > 0) this.push(growableCopy(rest, this.lengthBytes));
    return this;
  }

  /**
   * Drops bytes from the front.
   * @throws RangeError more than there are.
   */
  consume(lengthBytes: number): this {
    this.checkValid();
    checkInteger('lengthBytes', lengthBytes, 0, this.lengthBytes);
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
   * @throws RangeError more than there are.
   */
  split(lengthBytes: number): BufferList {
    this.checkValid();
    checkInteger('lengthBytes', lengthBytes, 0, this.lengthBytes);
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
      this.noteMoved();
    }
    if (this.first === undefined) this.last = undefined;
    return head;
  }

  /**
   * A second list over the same bytes from `start` to before `end`: it has shares of its own and is released on its
   * own.
   * @throws RangeError a range outside the list.
   */
  slice(start = 0, end = this.lengthBytes): BufferList {
    this.checkValid();
    checkRange(start, end, this.lengthBytes);
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

  /** Moves everything to a new list: how a chunk given for the length of a call is kept. */
  take(): BufferList {
    return new BufferList().append(this);
  }

  /** A new list over a copy of the bytes, in memory of its own that nobody needs to release. */
  copy(): BufferList {
    const list = new BufferList();
    this.checkValid();
    if (this.first !== undefined) list.push(gatheredCopy(this.first, this.lengthBytes));
    return list;
  }

  /**
   * Copies the bytes from `start` to before `end` into `target`.
   * @returns how many; fewer if `target` has less room.
   * @throws RangeError a range outside the list, an offset outside the target. @throws TypeError no Uint8Array.
   */
  copyTo(target: Uint8Array, targetOffset = 0, start = 0, end = this.lengthBytes): number {
    this.checkValid();
    checkRange(start, end, this.lengthBytes);
    checkBytes('target', target);
    checkInteger('targetOffset', targetOffset, 0, target.length);
    return copyOut(this.first, { start, end }, target, targetOffset);
  }

  /** All bytes in one new array. */
  toBytes(): Uint8Array {
    const bytes = new Uint8Array(this.lengthBytes);
    this.copyTo(bytes);
    return bytes;
  }

  /** The bytes as text; a character that two ranges share comes out whole. @throws TypeError an unknown encoding. */
  toString(encoding: BufferEncoding = 'utf8'): string {
    this.checkValid();
    checkEncoding(encoding);
    return textOf(this.first, this.lengthBytes, encoding);
  }

  /** The byte at `index`. @throws RangeError */
  byteAt(index: number): number {
    this.checkValid();
    checkInteger('index', index, 0, this.lengthBytes - 1);
    return byteIn(this.first!, index);
  }

  /**
   * Where a byte, or a sequence of bytes, is found first at or after `from`; -1 if nowhere. Below 0 `from` counts as 0.
   * @throws TypeError neither; RangeError a number that is no byte.
   */
  indexOf(sought: number | string | Uint8Array, from = 0): number {
    this.checkValid();
    const wanted = soughtOf(sought);
    checkPosition('from', from);
    if (typeof wanted !== 'number' && wanted.length === 0) return Math.min(Math.max(from, 0), this.lengthBytes);
    return find(this.first, wanted, from);
  }

  /** Whether the bytes are the same. @throws TypeError neither bytes nor a list. */
  equals(other: Uint8Array | BufferList): boolean {
    const bytes = other instanceof BufferList ? other.toBytes() : other;
    checkBytes('other', bytes, 'a Uint8Array, a BufferList');
    if (bytes.length !== this.length) return false;
    return this.lengthBytes === 0 || matches(this.first!, 0, bytes);
  }

  /**
   * The ranges in order, as views that hold while the list has them. The loop may append, and consume what it has seen.
   * @throws Error the loop sent, took or released the list, or consumed more than it has seen.
   */
  *[Symbol.iterator](): Iterator<Uint8Array> {
    this.checkValid();
    yield* rangeViews(this);
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

  /** @internal Valid from here on, for the call that it is lent to. */
  lend(): this {
    this.epoch = Math.abs(this.epoch);
    return this;
  }

  /** @internal The call is over: drops what was not taken, and every use that follows throws. */
  expire(): void {
    const { first } = this;
    this.forget();
    this.epoch = -this.epoch;
    if (first !== undefined) dropSegments(first, undefined);
  }

  /** Whether it may be used: false for a list that was lent to a callback, once that has returned. */
  get isValid(): boolean {
    return this.epoch > 0;
  }

  /** @internal Where the first range lies, for the system call that follows; 0 for an empty list. */
  get firstAddress(): number {
    return this.first === undefined ? 0 : this.first.address;
  }

  /** @internal */
  get firstLength(): number {
    return this.first === undefined ? 0 : this.first.end - this.first.start;
  }

  /**
   * @internal Writes the first ranges into a table for a vectored call.
   * @param most bytes that the table may cover; the last range is cut short for it.
   * @returns the bytes that the table covers.
   */
  fillIovecs(table: IovecTable, most = Infinity): number {
    return table.fill(this.first, most);
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
    this.noteMoved();
  }

  private noteMoved(): void {
    this.epoch = epochAfter(this.epoch);
  }

  /** @internal */
  checkValid(): void {
    if (this.epoch < 0) {
      throw new TypeError('the bytes of this list were valid during the callback only; take() or copy() them there');
    }
  }

  private checkOther(list: BufferList): void {
    list.checkValid();
    if (list === this) throw new TypeError("part: a list can't be put into itself");
  }
}
shareAmongCopies({ BufferList });
