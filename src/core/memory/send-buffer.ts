/**
 * Memory for what is sent in small pieces and not at once: chunks of the slab, filled one piece behind the other. A
 * piece has its share of its chunk until the kernel has taken it.
 */
import { BufferList } from './buffer-list.js';
import type { Lease, Slab } from './slab.js';

export class SendBuffer {
  private lease: Lease | undefined = undefined;
  private offset = 0;

  constructor(private readonly slab: Slab) {}

  /** Puts `part` at the end of a queue: what lies in chunks already moves there, and the rest is copied. */
  append(queue: BufferList, part: Uint8Array | BufferList): void {
    if (!(part instanceof BufferList)) {
      this.copy(queue, part);
    } else if (part.leasedRanges(part.segmentCount) === part.segmentCount) {
      queue.append(part);
    } else {
      for (const range of part) this.copy(queue, range);
      part.release();
    }
  }

  release(): void {
    this.lease?.release();
    this.lease = undefined;
  }

  private copy(queue: BufferList, bytes: Uint8Array): void {
    let copied = 0;
    while (copied < bytes.length) {
      const lease = (this.lease ??= this.renewed());
      const length = Math.min(lease.chunkBytes - this.offset, bytes.length - copied);
      lease.bytes.set(length === bytes.length ? bytes : bytes.subarray(copied, copied + length), this.offset);
      lease.retain();
      queue.appendBehind(lease, this.offset, this.offset + length);
      this.offset += length;
      copied += length;
      if (this.offset === lease.chunkBytes) this.release();
    }
  }

  private renewed(): Lease {
    this.offset = 0;
    return this.slab.borrow();
  }
}
