/**
 * Chunks of the slab that the kernel receives into. It fills one after the other, the bytes of many sockets one behind
 * the other; each piece has a share of its chunk, and the kernel has one until the chunk is full.
 */
import { PROVIDED_BUFFERS, PROVIDED_SHARE } from '../../limits.js';
import type { BufferList } from '../../memory/buffer-list.js';
import type { Lease, Slab } from '../../memory/slab.js';
import { BufferRing } from '../../../sys/uring/buffer-ring.js';

/** Room in the kernel's ring; a power of two. */
const CAPACITY = 16;

export class ProvidedBuffers {
  private readonly ring: BufferRing;
  private readonly leases = new Array<Lease | undefined>(CAPACITY).fill(undefined);
  /** By id: bytes that were filled. */
  private readonly filled = new Uint32Array(CAPACITY);
  /** Chunks given to the kernel, and those that it has filled. The id of one is its number in this order. */
  private given = 0;
  private used = 0;
  /** Full ones: their shares are given back where no completion is being read, since that may run anybody's code. */
  private readonly full: Lease[] = [];
  private readonly ceiling: number;
  /** How many the kernel may have: twice as many whenever that was too few. */
  private most = 1;

  /** @throws IoError as `BufferRing`. */
  constructor(
    ringFd: number,
    private readonly slab: Slab,
  ) {
    this.ring = new BufferRing(ringFd, CAPACITY);
    this.ceiling = Math.max(1, Math.min(PROVIDED_BUFFERS, Math.floor(slab.mostChunks * PROVIDED_SHARE)));
  }

  /** Before a wait: the kernel gets as many as it may have; of a pool that is scarce a small one. */
  refill(): void {
    if (this.full.length > 0) this.releaseFull();
    if (this.given - this.used === this.most) return;
    const { slab } = this;
    while (this.given - this.used < this.most) {
      const lease = slab.isScarce ? undefined : slab.lease();
      if (lease === undefined && this.given > this.used) break;
      this.give(lease ?? slab.pocket());
    }
    this.ring.publish();
  }

  /** A receive found none. */
  onEmpty(): void {
    this.most = Math.min(this.most * 2, this.ceiling);
  }

  /** Puts what the kernel has received at the end of a list. @param id that a completion named. */
  take(id: number, lengthBytes: number, into: BufferList): void {
    // The kernel has gone on to a later one: it needs those before it no more.
    while (this.used < this.given && (this.used & (CAPACITY - 1)) !== id) this.retire();
    const lease = this.leases[id]!;
    const from = this.filled[id];
    const to = (this.filled[id] = from + lengthBytes);
    lease.retain();
    into.appendBehind(lease, from, to);
    if (to === lease.chunkBytes) this.retire();
  }

  /** The ring is gone. */
  close(): void {
    while (this.used < this.given) this.retire();
    this.releaseFull();
  }

  private give(lease: Lease): void {
    const id = this.given++ & (CAPACITY - 1);
    this.leases[id] = lease;
    this.filled[id] = 0;
    this.ring.add(id, lease.address, lease.chunkBytes);
  }

  private retire(): void {
    const id = this.used++ & (CAPACITY - 1);
    this.full.push(this.leases[id]!);
    this.leases[id] = undefined;
  }

  private releaseFull(): void {
    while (this.full.length > 0) this.full.pop()!.release();
  }
}
