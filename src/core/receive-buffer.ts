/**
 * Where received bytes land: one chunk of the slab for the whole thread. Bytes that nobody keeps leave no trace, and the
 * next call writes over them while they are still in the cache. Bytes that somebody takes stay where they are, and the
 * next call goes behind them; a chunk that is used up is given back when the last of them is released.
 */
import { BufferList } from './buffer-list.js';
import { MIN_RECEIVE_BYTES } from './limits.js';
import type { Lease, Slab } from './slab.js';

/** Received bytes that are kept start at a cache line of their own. */
const ALIGNMENT = 64;

export class ReceiveBuffer {
  private readonly list = new BufferList();
  private lease: Lease | undefined;
  private offset = 0;
  private starved: (() => void)[] = [];

  constructor(private readonly slab: Slab) {
    slab.onAvailable = () => {
      const waiting = this.starved;
      this.starved = [];
      for (const resume of waiting) resume();
    };
  }

  /** Makes sure that there is room. @returns false at the slab's ceiling: somebody has to release a chunk first. */
  reserve(): boolean {
    if (this.lease !== undefined) return true;
    this.lease = this.slab.lease();
    this.offset = 0;
    return this.lease !== undefined;
  }

  /** Where the room begins. Only after `reserve`. */
  get address(): number {
    return this.offset === 0 ? this.lease!.boxedAddress[0] : this.lease!.address + this.offset;
  }

  get roomBytes(): number {
    return this.lease!.chunkBytes - this.offset;
  }

  /** Calls `resume` once there is memory again. */
  whenAvailable(resume: () => void): void {
    this.starved.push(resume);
  }

  /** The `lengthBytes` just received, as a list that holds until `settle` unless it is taken. */
  fill(lengthBytes: number): BufferList {
    const lease = this.lease!;
    lease.retain();
    this.list.appendLease(lease, this.offset, this.offset + lengthBytes);
    return this.list;
  }

  /** Ends what `fill` began: bytes not taken are dropped, the room moves behind those that were. */
  settle(lengthBytes: number): void {
    if (this.list.length > 0) this.list.release();
    const lease = this.lease;
    if (lease === undefined) return;
    if (lease.shares === 1) {
      this.offset = 0;
      return;
    }
    this.offset = Math.ceil((this.offset + lengthBytes) / ALIGNMENT) * ALIGNMENT;
    if (lease.chunkBytes - this.offset < MIN_RECEIVE_BYTES) this.release();
  }

  /** Gives the chunk back. */
  release(): void {
    this.lease?.release();
    this.lease = undefined;
  }
}
