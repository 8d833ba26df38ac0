/**
 * Where received bytes land: one chunk of the slab for the whole thread. Bytes that nobody keeps leave no trace, and
 * the next call writes over them while they are still in the cache. Bytes that somebody takes stay where they are,
 * and the next call goes behind them; a chunk that is used up is given back when the last of them is released.
 */
import { describeBy, ifKnown } from '../../base/inspection.js';
import { BufferList } from './buffer-list.js';
import { LENT_LISTS, MIN_RECEIVE_BYTES } from '../limits.js';
import type { Lease, Slab } from './slab.js';

/** Received bytes that are kept start at a cache line of their own. */
const ALIGNMENT = 64;

export class ReceiveBuffer {
  private readonly lists = Array.from({ length: LENT_LISTS }, () => new BufferList());
  private turn = 0;
  private lease: Lease | undefined;
  private offset = 0;
  /** What each receiver does once memory is released that had to stop. */
  private readonly starved = new Map<object, () => void>();

  constructor(private readonly slab: Slab) {
    slab.onAvailable = () => {
      // Each of the others would change its registration twice to learn that it keeps too much as before.
      const ready = [...this.starved].filter(([receiver]) => slab.mayReceive(receiver));
      for (const [receiver] of ready) this.starved.delete(receiver);
      resumeAll(ready.map(([, resume]) => resume));
    };
  }

  /**
   * Makes sure that there is room.
   *
   * @param receiver whose user may keep what is received; undefined for one who keeps no chunk.
   * @returns false: its user keeps so much that it has to release some of it first.
   */
  reserve(receiver?: object): boolean {
    const { slab } = this;
    if (receiver !== undefined && slab.isScarce && !slab.mayReceive(receiver)) return false;
    if (this.lease?.block === undefined) this.renew();
    return true;
  }

  /** Where the room begins. Only after `reserve`. */
  get address(): number {
    return this.offset === 0 ? this.lease!.boxedAddress[0] : this.lease!.address + this.offset;
  }

  get roomBytes(): number {
    return this.lease!.chunkBytes - this.offset;
  }

  /** Calls `resume` once somebody has released memory. Of one receiver the last call counts. */
  whenAvailable(receiver: object, resume: () => void): void {
    this.starved.set(receiver, resume);
  }

  /** Receivers that wait for memory. */
  get starvedCount(): number {
    return this.starved.size;
  }

  /** A receiver is closed: it waits no more. */
  forget(receiver: object): void {
    this.starved.delete(receiver);
  }

  /**
   * Keeps the `lengthBytes` just received beyond the next call, but for the first `takenBytes`: where they lie, or
   * where the pool is scarce in memory that is as long as they are.
   */
  keep(into: BufferList, lengthBytes: number, takenBytes: number): void {
    const list = this.fill(lengthBytes).consume(takenBytes);
    leaveReserve(list, this.slab);
    into.append(list);
    this.settle(lengthBytes);
  }

  /** The `lengthBytes` just received, as a list that expires with `settle`: what is to last is taken out. */
  fill(lengthBytes: number): BufferList {
    const lease = this.lease!;
    const list = this.lists[(this.turn = (this.turn + 1) % LENT_LISTS)].lend();
    lease.retain();
    list.appendLease(lease, this.offset, this.offset + lengthBytes);
    return list;
  }

  /** As `fill`, of bytes that came otherwise than by a call into the room. @param bytes `roomBytes` at most. */
  put(bytes: Uint8Array): BufferList {
    this.lease!.bytes.set(bytes, this.offset);
    return this.fill(bytes.length);
  }

  /** Ends what `fill` began: bytes not taken are dropped, the room moves behind those that were. */
  settle(lengthBytes: number, receiver?: object): void {
    this.lists[this.turn].expire();
    const lease = this.lease;
    if (lease === undefined) return;
    if (lease.shares === 1) {
      this.offset = 0;
      return;
    }
    if (receiver !== undefined) this.slab.keep(lease, receiver);
    this.offset = Math.ceil((this.offset + lengthBytes) / ALIGNMENT) * ALIGNMENT;
    if (lease.chunkBytes - this.offset < MIN_RECEIVE_BYTES) this.release();
  }

  /** Gives the chunk back. */
  release(): void {
    this.lease?.release();
    this.lease = undefined;
  }

  /** A chunk, or a pocket where the pool is empty, until there is one again. */
  private renew(): void {
    const { slab } = this;
    const chunk = this.lease === undefined || !slab.isScarce ? slab.lease() : undefined;
    if (chunk === undefined && this.lease !== undefined) return;
    this.release();
    this.lease = chunk ?? slab.pocket();
    this.offset = 0;
  }

  static {
    describeBy('ReceiveBuffer', ReceiveBuffer.prototype, ({ offset }) => ({ offset }));
  }
}

/** Bytes that wait for a peer, or for whatever else may never come, hold no chunk of a pool that is scarce. */
export function leaveReserve(list: BufferList, slab: Slab): void {
  if (!slab.isScarce || list.length === 0) return;
  const bytes = list.toBytes();
  list.release();
  list.append(bytes);
}

/** One that throws is told by its exception, and costs none of the others its call. */
function resumeAll(waiting: readonly (() => void)[]): void {
  let index = 0;
  try {
    while (index < waiting.length) waiting[index++]();
  } finally {
    if (index < waiting.length) resumeAll(waiting.slice(index));
  }
}

// By what anybody may ask of a list: a list that has expired throws.
describeBy('BufferList', BufferList.prototype, list => {
  const known = ifKnown(() => ({ lengthBytes: list.length, segments: list.segmentCount }));
  return known ?? { state: 'over' };
});
