/**
 * Native memory cut into chunks that are lent out. A block is one ArrayBuffer of several chunks, whose address holds
 * for life; blocks come when they are needed, up to a ceiling, and go when a peak is over.
 */
import { describeBy } from '../../base/inspection.js';
import { markAsUntransferable } from 'node:worker_threads';
import { nextGeneration } from '../../base/token.js';
import { addressOf } from '../../sys/ffi/memory.js';
import { CHUNK_BYTES, HELD_SHARE, KEPT_ANYWAY, MAX_BUFFER_BYTES, POCKET_BYTES } from '../limits.js';
import { recordLoans, type LoanRecord } from './lost-leases.js';

export interface SlabOptions {
  /** Size of a chunk, a power of two. Default 64 KiB. */
  readonly chunkBytes?: number;
  /** Chunks that come and go together. Default 16. */
  readonly chunksPerBlock?: number;
  /** Memory that is never exceeded. Default 256 MiB. */
  readonly maxBytes?: number;
  /** Poison what is released, say who released it, and warn of what never was. Default: whether POLLUX_DEBUG is 1. */
  readonly debug?: boolean;
}

/** Chunks that come and go together. */
interface Block {
  free: number;
}

/** Written over released chunks in debug mode: a read after the release sees at once that something is wrong. */
const POISON = 0xdb;
/** Blocks of which nothing is on loan that stay when a peak is over, so that the next lease need not ask the system. */
const SPARE_BLOCKS = 1;

/**
 * The right to a chunk. It is shared by counting: an owner of a share may read the chunk and must give the share back.
 * Lease objects live as long as their chunk and are lent out again and again: who keeps a share for long notes the
 * generation that it came from, so that a share that was given back too often is not taken for one of the next loan.
 */
export class Lease {
  /** How many have a share; 0 while the chunk is not on loan. */
  shares = 0;
  /**
   * `address` at index 0, in an array of objects. A number of this size is an object to V8: handed on from here it is
   * the same object each time, where one that is read from a field is made anew, 16 bytes for every call.
   */
  readonly boxedAddress: readonly [number, undefined];
  /** Counts the loans of this chunk. */
  generation = 0;
  /** The receiver whose user alone keeps bytes of it; or that of several do. */
  keeper: object | undefined = undefined;
  isShared = false;
  /** Debug mode: the stack of the last release. */
  releasedAt: string | undefined = undefined;
  /** Debug mode. */
  readonly loans: LoanRecord | undefined;

  /** @internal Made by its slab. */
  constructor(
    private readonly slab: Slab,
    /** undefined: memory of its own, outside of the pool. */
    readonly block: Block | undefined,
    /** The whole chunk. */
    readonly bytes: Uint8Array,
    /** Where it lies. */
    readonly address: number,
    debug: boolean,
  ) {
    this.loans = debug ? recordLoans(this) : undefined;
    this.boxedAddress = [address, undefined];
  }

  get chunkBytes(): number {
    return this.bytes.length;
  }

  /** Adds a share. @throws Error the chunk was released. */
  retain(generation = this.generation): void {
    this.check('retain', generation);
    this.shares++;
  }

  /** Gives a share back; with the last one the chunk. @throws Error it was given back already. */
  release(generation = this.generation): void {
    if (!this.isLent(generation)) this.refuse('chunk released twice');
    if (--this.shares === 0) this.slab.takeBack(this);
  }

  /** @throws Error the chunk was released. */
  check(use: string, generation = this.generation): void {
    if (!this.isLent(generation)) this.refuse(`${use} of a chunk that was released`);
  }

  /** @throws RangeError a range outside of the chunk. */
  checkRange(start: number, end: number): void {
    if (start >= 0 && start <= end && end <= this.chunkBytes) return;
    throw new RangeError(`start, end: ${start}, ${end}; allowed: a range of the chunk's ${this.chunkBytes} bytes`);
  }

  private isLent(generation: number): boolean {
    return this.shares > 0 && this.generation === generation;
  }

  private refuse(mistake: string): never {
    const where = this.releasedAt === undefined ? ' (POLLUX_DEBUG=1 tells where)' : `, here:\n${this.releasedAt}`;
    throw new Error(`${mistake}${where}`);
  }
}

export class Slab {
  readonly chunkBytes: number;
  /** Most chunks that were on loan at once. */
  peakChunks = 0;
  /** Chunks on loan. */
  leasedChunks = 0;
  /** Memory of pockets on loan, which is beside the pool's. */
  pocketBytes = 0;
  /** Called when a chunk comes back, or is another's to keep, after somebody was refused. */
  onAvailable: (() => void) | undefined = undefined;

  private readonly chunksPerBlock: number;
  private readonly maxBytes: number;
  private readonly maxChunks: number;
  private readonly debug: boolean;
  private readonly blocks = new Set<Block>();
  /** What each receiver keeps, in chunks and pockets. Those that keep nothing are not in it. */
  private readonly kept = new Map<object, number>();
  /** Last in, first out: the chunk released last is still in the cache. */
  private readonly free: Lease[] = [];
  /** Blocks of which nothing is on loan. */
  private idleBlocks = 0;
  private wasRefused = false;

  constructor(options: SlabOptions = {}) {
    this.chunkBytes = options.chunkBytes ?? CHUNK_BYTES;
    this.chunksPerBlock = options.chunksPerBlock ?? 16;
    this.maxBytes = options.maxBytes ?? MAX_BUFFER_BYTES;
    if (!(this.chunkBytes >= 1 && Number.isInteger(Math.log2(this.chunkBytes)))) {
      throw new RangeError(`chunkBytes: ${this.chunkBytes}; allowed: powers of two`);
    }
    if (!Number.isInteger(this.chunksPerBlock) || this.chunksPerBlock < 1) {
      throw new RangeError(`chunksPerBlock: ${this.chunksPerBlock}; allowed: integers from 1`);
    }
    if (!(this.maxBytes >= this.blockBytes)) {
      throw new RangeError(`maxBytes: ${this.maxBytes}; allowed: from one block (${this.blockBytes} bytes)`);
    }
    this.maxChunks = Math.floor(this.maxBytes / this.blockBytes) * this.chunksPerBlock;
    this.debug = options.debug ?? process.env.POLLUX_DEBUG === '1';
  }

  /** Memory held from the system, on loan or not. */
  get heldBytes(): number {
    return this.blocks.size * this.blockBytes;
  }

  /** Most chunks that there can be. */
  get mostChunks(): number {
    return this.maxChunks;
  }

  get freeChunks(): number {
    return this.free.length;
  }

  /** What receivers' users keep, in chunks and pockets. Those that keep nothing are not in it. */
  get keepers(): ReadonlyMap<object, number> {
    return this.kept;
  }

  /** A chunk, with one share in the hands of the caller; undefined at the ceiling, and `onAvailable` will tell. */
  lease(): Lease | undefined {
    let lease = this.free.pop();
    if (lease === undefined) {
      if (this.heldBytes + this.blockBytes > this.maxBytes) {
        this.wasRefused = true;
        return undefined;
      }
      this.addBlock();
      lease = this.free.pop()!;
    }
    if (lease.block!.free-- === this.chunksPerBlock) this.idleBlocks--;
    if (++this.leasedChunks > this.peakChunks) this.peakChunks = this.leasedChunks;
    return lend(lease);
  }

  /**
   * What is left is for receiving. An owner of bytes for a peer that does not take them keeps no chunk of the pool
   * for it now: what there is of them goes to memory of its own.
   */
  get isScarce(): boolean {
    return this.leasedChunks >= this.maxChunks * HELD_SHARE;
  }

  /** Memory for a transfer: a chunk, or a pocket where the pool is scarce. So no transfer waits for others. */
  borrow(): Lease {
    return (this.isScarce ? undefined : this.lease()) ?? this.pocket();
  }

  /** Memory beside the pool, smaller than a chunk, for one who has none or few of these. */
  pocket(): Lease {
    const bytes = new Uint8Array(new ArrayBuffer(Math.min(POCKET_BYTES, this.chunkBytes)));
    // The kernel has its address as long as it is on loan.
    markAsUntransferable(bytes.buffer);
    this.pocketBytes += bytes.length;
    return lend(new Lease(this, undefined, bytes, addressOf(bytes), this.debug));
  }

  /** A receiver's user keeps bytes of the chunk, which counts for it as long as it alone does. */
  keep(lease: Lease, receiver: object): void {
    if (lease.keeper === receiver) return;
    if (lease.keeper !== undefined) {
      this.forgetKeeper(lease);
      this.tellAvailable();
    } else if (!lease.isShared) {
      lease.keeper = receiver;
      this.kept.set(receiver, this.keptBy(receiver) + 1);
    }
    lease.isShared = lease.keeper === undefined;
  }

  /**
   * Whether it may receive on: what it keeps must be less than what is left for all. So one who keeps everything
   * stops at half of the pool, two at a third each, and there is always something left.
   */
  mayReceive(receiver: object): boolean {
    if (!this.isScarce || this.keptBy(receiver) < Math.max(KEPT_ANYWAY, this.maxChunks - this.leasedChunks))
      return true;
    this.wasRefused = true;
    return false;
  }

  private keptBy(receiver: object): number {
    return this.kept.get(receiver) ?? 0;
  }

  private forgetKeeper(lease: Lease): void {
    const receiver = lease.keeper!;
    const left = this.keptBy(receiver) - 1;
    if (left === 0) this.kept.delete(receiver);
    else this.kept.set(receiver, left);
    lease.keeper = undefined;
  }

  /**
   * Gives back blocks of which nothing is on loan, but for one. It happens by itself when a peak is over: a further
   * block falls idle and less than a quarter of what is held is on loan.
   *
   * @returns bytes given back.
   */
  trim(): number {
    const before = this.heldBytes;
    for (const block of this.blocks) {
      if (this.idleBlocks <= SPARE_BLOCKS) break;
      if (block.free < this.chunksPerBlock) continue;
      this.blocks.delete(block);
      this.idleBlocks--;
    }
    if (this.heldBytes === before) return 0;
    let kept = 0;
    for (const lease of this.free) {
      if (this.blocks.has(lease.block!)) this.free[kept++] = lease;
    }
    this.free.length = kept;
    return before - this.heldBytes;
  }

  /** @internal The last share of a lease is gone. */
  takeBack(lease: Lease): void {
    if (this.debug) {
      lease.bytes.fill(POISON);
      lease.releasedAt = new Error('released').stack;
      lease.loans!.leasedAt = undefined;
    }
    if (lease.keeper !== undefined) this.forgetKeeper(lease);
    lease.isShared = false;
    if (lease.block === undefined) this.pocketBytes -= lease.chunkBytes;
    else this.takeChunkBack(lease, lease.block);
    this.tellAvailable();
  }

  private tellAvailable(): void {
    if (!this.wasRefused) return;
    this.wasRefused = false;
    this.onAvailable?.();
  }

  private takeChunkBack(lease: Lease, block: Block): void {
    this.leasedChunks--;
    this.free.push(lease);
    if (++block.free === this.chunksPerBlock) this.idleBlocks++;
    if (this.idleBlocks > SPARE_BLOCKS && this.leasedChunks * this.chunkBytes * 4 < this.heldBytes) this.trim();
  }

  private get blockBytes(): number {
    return this.chunkBytes * this.chunksPerBlock;
  }

  private addBlock(): void {
    const memory = new ArrayBuffer(this.blockBytes);
    // A transfer of one received chunk would keep the memory of the whole chunk.
    markAsUntransferable(memory);
    const address = addressOf(memory);
    const block: Block = { free: this.chunksPerBlock };
    for (let index = this.chunksPerBlock - 1; index >= 0; index--) {
      const offset = index * this.chunkBytes;
      const bytes = new Uint8Array(memory, offset, this.chunkBytes);
      this.free.push(new Lease(this, block, bytes, address + offset, this.debug));
    }
    this.blocks.add(block);
    this.idleBlocks++;
  }

  static {
    describeBy('Slab', Slab.prototype, ({ chunkBytes, heldBytes, freeChunks }) => ({
      chunkBytes,
      heldBytes,
      freeChunks,
    }));
  }
}

function lend(lease: Lease): Lease {
  lease.shares = 1;
  lease.generation = nextGeneration(lease.generation);
  if (lease.loans !== undefined) lease.loans.leasedAt = new Error('leased').stack;
  return lease;
}
