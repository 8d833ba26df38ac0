/** A native array of struct iovec for vectored calls. */
import { NativeBlock, storeWord } from '../../sys/ffi/memory.js';
import type { Segment } from './segment.js';

/** Two 64-bit words: base and length. */
const IOVEC_BYTES = 16;

export class IovecTable {
  private readonly block: NativeBlock;
  readonly address: number;
  /** Entries in use. */
  count = 0;
  /** Bytes that they cover. */
  lengthBytes = 0;

  constructor(readonly capacity: number) {
    this.block = new NativeBlock(capacity * IOVEC_BYTES);
    this.address = this.block.address;
  }

  clear(): void {
    this.count = 0;
    this.lengthBytes = 0;
  }

  /**
   * Holds the first segments of a chain, up to `most` bytes; the last one is cut short for it.
   * @returns the bytes covered.
   */
  fill(first: Segment | undefined, most: number): number {
    this.clear();
    for (let segment = first; segment !== undefined && this.count < this.capacity; segment = segment.next) {
      const room = most - this.lengthBytes;
      if (room <= 0) break;
      this.add(segment.address, Math.min(segment.end - segment.start, room));
    }
    return this.lengthBytes;
  }

  /** Adds a range; the memory must stay where it is until the call that reads the table has returned. */
  add(address: number, lengthBytes: number): void {
    const word = this.count++ * 4;
    storeWord(this.block.u32, word, address);
    storeWord(this.block.u32, word + 2, lengthBytes);
    this.lengthBytes += lengthBytes;
  }
}
