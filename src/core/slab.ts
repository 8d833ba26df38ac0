/**
 * Native memory cut into chunks that are lent out. A block is one ArrayBuffer of several chunks, whose address holds for
 * life; blocks come when they are needed, up to a ceiling, and go when a peak is over.
 */
import { markAsUntransferable } from 'node:worker_threads';
import { nextGeneration } from '../base/token.js';
import { addressOf } from '../sys/memory.js';
import { CHUNK_BYTES, MAX_BUFFER_BYTES } from './limits.js';
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

/** Written over released chunks in debug mode: late readers see at once that something is wrong. */
const POISON = 0xdb;
/** Blocks of which nothing is on loan that stay when a peak is over, so that the next lease need not ask the system. */
const SPARE_BLOCKS = 1;

/**
 * The right to a chunk. It is shared by counting: whoever has a share may read the chunk and must give the share back.
 * Lease objects live as long as their chunk and are lent out again and again: who keeps a share for long notes the
 * generation that it came from, so that a share that was given back too often is not taken for one of the next loan.
 */
export class Lease {
  /** How many have a share; 0 while the chunk is not on loan. */
  shares = 0;
  /**
   * `address` at index 0, in an array of objects. A number of this size is an object to V8: handed on from here it is the
   * same object each time, where one that is read from a field is made anew, 16 bytes for every call.
   */
  readonly boxedAddress: readonly [number, undefined];
  /** Counts the loans of this chunk. */
  generation = 0;
  /** Debug mode: the stack of the last release. */
  releasedAt: string | undefined = undefined;
  /** Debug mode. */
  readonly loans: LoanRecord | undefined;

  /** @internal Made by its slab. */
  constructor(
    private readonly slab: Slab,
    readonly block: Block,
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
  /** Called when a chunk comes back after `lease` had none. */
  onAvailable: (() => void) | undefined = undefined;

  private readonly chunksPerBlock: number;
  private readonly maxBytes: number;
  private readonly debug: boolean;
  private readonly blocks = new Set<Block>();
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
    this.debug = options.debug ?? process.env.POLLUX_DEBUG === '1';
  }

  /** Memory held from the system, on loan or not. */
  get heldBytes(): number {
    return this.blocks.size * this.blockBytes;
  }

  get freeChunks(): number {
    return this.free.length;
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
    if (lease.block.free-- === this.chunksPerBlock) this.idleBlocks--;
    lease.shares = 1;
    lease.generation = nextGeneration(lease.generation);
    if (lease.loans !== undefined) lease.loans.leasedAt = new Error('leased').stack;
    if (++this.leasedChunks > this.peakChunks) this.peakChunks = this.leasedChunks;
    return lease;
  }

  /**
   * Gives back blocks of which nothing is on loan, but for one. It happens by itself when a peak is over: a further block
   * falls idle and less than a quarter of what is held is on loan.
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
      if (this.blocks.has(lease.block)) this.free[kept++] = lease;
    }
    this.free.length = kept;
    return before - this.heldBytes;
  }

  /** @internal The last share of a lease is gone. */
  takeBack(lease: Lease): void {
    this.leasedChunks--;
    if (this.debug) {
      lease.bytes.fill(POISON);
      lease.releasedAt = new Error('released').stack;
      lease.loans!.leasedAt = undefined;
    }
    this.free.push(lease);
    if (++lease.block.free === this.chunksPerBlock) this.idleBlocks++;
    if (this.idleBlocks > SPARE_BLOCKS && this.leasedChunks * this.chunkBytes * 4 < this.heldBytes) this.trim();
    if (this.wasRefused) {
      this.wasRefused = false;
      this.onAvailable?.();
    }
  }

  private get blockBytes(): number {
    return this.chunkBytes * this.chunksPerBlock;
  }

  private addBlock(): void {
    const memory = new ArrayBuffer(this.blockBytes);
    // A transfer of one received chunk would take the memory of all its neighbours away.
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
}
