/** Memory for reads and writes of a file: where it comes from, and where that of a direct file has to lie. */
import { BufferList } from '../../core/memory/buffer-list.js';
import { FILE_ARRAY_BYTES, MIN_RECEIVE_BYTES } from '../../core/limits.js';
import { checkInteger } from '../../base/arguments.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { addressOf } from '../../sys/ffi/memory.js';
import { alignedBytes } from '../../sys/file/direct-io.js';
import { currentReactor } from '../thread-reactor.js';

export class FileMemory {
  constructor(
    /** Of memory, offsets and lengths; 0 for a file that goes through the page cache. */
    private readonly alignmentBytes: number,
    private readonly path: string,
  ) {}

  private get isDirect(): boolean {
    return this.alignmentBytes > 0;
  }

  /**
   * Memory for a read. Little of it comes from the heap: a chunk of the slab for each small read would soon empty it.
   */
  list(lengthBytes: number): BufferList {
    const list = new BufferList();
    if (this.isDirect || lengthBytes <= MIN_RECEIVE_BYTES) return list.append(this.array(lengthBytes));
    const { slab } = currentReactor();
    while (list.length < lengthBytes) {
      const lease = slab.isScarce ? undefined : slab.lease();
      if (lease === undefined) {
        list.release();
        const explanation = `no room for ${lengthBytes} bytes: the buffers of this thread are at their ceiling`;
        throw new IoError('ENOBUFS', 'preadv', this.path, explanation);
      }
      list.appendLease(lease, 0, Math.min(lease.chunkBytes, lengthBytes - list.length));
    }
    return list;
  }

  /** Zeroed memory in one piece. @throws RangeError */
  array(lengthBytes: number): Uint8Array {
    checkInteger('lengthBytes', lengthBytes, 0, FILE_ARRAY_BYTES);
    return this.isDirect ? alignedBytes(lengthBytes, this.alignmentBytes) : new Uint8Array(lengthBytes);
  }

  /** Makes a list for a direct write lie right: it has the same ranges after, or a copy of them. */
  onBoundary(list: BufferList): BufferList {
    if (!this.isDirect || this.isOnBoundary(list)) return list;
    const memory = alignedBytes(list.length, this.alignmentBytes);
    list.copyTo(memory);
    list.release();
    return list.append(memory);
  }

  private isOnBoundary(list: BufferList): boolean {
    for (const range of list) {
      if (addressOf(range) % this.alignmentBytes !== 0 || range.length % this.alignmentBytes !== 0) return false;
    }
    return true;
  }

  /** @throws RangeError the ranges of a list lie wrong for a direct file. */
  check(list: BufferList): void {
    if (this.isDirect && !this.isOnBoundary(list)) {
      throw new RangeError(
        `bytes: memory of a direct file begins at multiples of ${this.alignmentBytes} bytes; lease() gives such`,
      );
    }
  }

  /** @throws RangeError no such range, or one off the boundaries of a direct file. */
  checkRange(lengthBytes: number, offset: number): void {
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    checkInteger('lengthBytes', lengthBytes, 0, Number.MAX_SAFE_INTEGER - offset);
    if (!this.isDirect) return;
    for (const [name, value] of [
      ['offset', offset],
      ['lengthBytes', lengthBytes],
    ] as const) {
      if (value % this.alignmentBytes !== 0) {
        throw new RangeError(`${name}: ${value}; allowed for a direct file: multiples of ${this.alignmentBytes}`);
      }
    }
  }
}
