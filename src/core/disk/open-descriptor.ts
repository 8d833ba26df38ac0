/**
 * A descriptor of a file with what is under way on it. Bytes that the system has in memory move at once; for the
 * others a pool thread waits. The memory that they move to or from is held until the last call on it has answered.
 */
import { unlessAborted } from '../../base/unless-aborted.js';
import { EBADF, EINTR, EIO } from '../../sys/ffi/errno.js';
import { linksNow, type FileStat } from '../../sys/file/file-stat.js';
import { closeFile, closeNow } from '../../sys/file/open-file.js';
import { O_APPEND } from '../../sys/file/file-constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { statusFlags } from '../../sys/file/io.js';
import type { Done } from '../../sys/ffi/blocking-call.js';
import type { BufferList } from '../memory/buffer-list.js';
import { IovecTable } from '../memory/iovec-table.js';
import { DISK_BYTES_PER_CALL, IOVECS_PER_CALL } from '../limits.js';
import { isOpenFor, whyRefused } from './access.js';
import { nativeFileCalls, type FileCalls } from './file-calls.js';
import { currentTurn } from './now-budget.js';
import { NowMoves, type Move } from './now-moves.js';
import { statOf } from './open-file.js';
import { placeOf, type Place } from './place.js';
import { diskPool, type DiskPool } from './pool.js';
import { AbortedMove, Scratch } from './scratch.js';
import { Turns } from './turns.js';
import { UnderWay } from './under-way.js';

/** No boundary for direct calls is finer. */
const SECTOR_BYTES = 512;

/** Tables of calls on the pool, which keep theirs until they answer. */
const spareTables: IovecTable[] = [];

export interface DescriptorOptions {
  readonly pool?: DiskPool;
  readonly calls?: FileCalls;
  /** It goes around the page cache, on these boundaries. */
  readonly alignmentBytes?: number;
  /** Where it lies; otherwise it is found out. */
  readonly place?: Place;
  /** O_... that it was opened with; otherwise it is asked. */
  readonly flags?: number;
  /** What it is, if that was asked just now. */
  readonly stat?: FileStat;
}

export class OpenDescriptor {
  /** Calls that were answered at once, and calls on the pool. */
  readonly counters = { nowCalls: 0, poolCalls: 0 };

  readonly place: Place;
  /** O_... that it was opened with. */
  readonly flags: number;
  /** Of memory, offsets and lengths; 0 unless it goes around the page cache. */
  readonly alignmentBytes: number;

  private readonly pool: DiskPool;
  private readonly calls: FileCalls;
  private readonly nowMoves: NowMoves;
  private readonly underWay = new UnderWay();
  private closing: Promise<void> | undefined = undefined;
  private hasMoved = false;
  /** The turn in which the file was last seen to have a name. */
  private namedIn = -1;
  private readonly turns = new Turns();

  /**
   * @param fd belongs to this object from now on.
   * @param device st_dev.
   * @param target for messages: the path.
   */
  constructor(
    readonly fd: number,
    readonly device: number,
    readonly target: string,
    options: DescriptorOptions = {},
  ) {
    this.pool = options.pool ?? diskPool;
    this.calls = options.calls ?? nativeFileCalls;
    this.alignmentBytes = options.alignmentBytes ?? 0;
    this.place = options.place ?? placeOf(fd);
    this.flags = options.flags ?? statusFlags(fd);
    this.nowMoves = new NowMoves(this, this.calls);
    if (options.stat !== undefined) this.noteLinks(options.stat);
  }

  /** Operations under way. */
  get inFlight(): number {
    return this.underWay.count;
  }

  get isClosed(): boolean {
    return this.closing !== undefined;
  }

  /** Whether each write goes to the end of the file, whatever its offset (O_APPEND). */
  get appends(): boolean {
    return (this.flags & O_APPEND) !== 0;
  }

  private get direct(): boolean {
    return this.alignmentBytes > 0;
  }

  /**
   * Fills a list from the file. The list is consumed as it is filled.
   *
   * @param rest a list of its own shares, which this call releases.
   * @param signal ends the wait at once. The memory of the list is free then: with a signal the kernel never has it.
   * @returns bytes read, fewer than asked for only at the end of the file.
   * @throws IoError what the system refused; EBADF once `close` was called. @throws the signal's reason.
   */
  read(rest: BufferList, offset: number, signal?: AbortSignal): Promise<number> {
    return this.move('preadv', rest, offset, signal);
  }

  /**
   * Writes a list to the file, all of it or it fails. Otherwise as `read`, but for the list: what was written is
   * consumed, and what a failure leaves is the caller's; of what the kernel had when the wait was ended an
   * `AbortedMove` tells.
   */
  write(rest: BufferList, offset: number, signal?: AbortSignal): Promise<number> {
    return this.move('pwritev', rest, offset, signal);
  }

  /**
   * As `write`, to the end of a file that appends, after all appends that were asked for before. Only between `enter`
   * and `leave`: `close` waits for those that wait for their turn.
   */
  append(rest: BufferList, signal?: AbortSignal): Promise<number> {
    return this.turns.next(() => this.moveAll('pwritev', rest, 0, signal), signal);
  }

  /**
   * Makes another call on the descriptor on a pool thread.
   *
   * @param signal ends the wait at once: a call that has begun is made all the same, and `close` waits for it.
   * @returns what it returned, 0 or more.
   * @throws IoError what the system refused; EBADF once `close` was called. @throws the signal's reason.
   */
  async call(syscall: string, begin: (fd: number, done: Done) => void, signal?: AbortSignal): Promise<number> {
    this.enter(syscall);
    try {
      const result = await this.onPool(done => begin(this.fd, done), signal);
      if (result < 0) throw this.error(-result, syscall);
      return result;
    } finally {
      this.leave();
    }
  }

  /** Begins an operation, for which `close` waits until `leave`. @throws IoError EBADF once `close` was called. */
  enter(syscall: string): void {
    if (this.isClosed) throw this.error(EBADF, syscall, 0, this.whyClosed);
    this.underWay.enter();
  }

  leave(): void {
    this.underWay.leave();
  }

  /**
   * What it is now. fstat(2)
   * @throws IoError what the system refused; EBADF once `close` was called.
   * @throws as `call`.
   */
  async stat(signal?: AbortSignal): Promise<FileStat> {
    this.enter('fstat');
    try {
      const stat = await this.waitFor(statOf(this.pool, this, signal), signal);
      if (typeof stat === 'number') throw this.error(-stat, 'fstat');
      this.noteLinks(stat);
      return stat;
    } finally {
      this.leave();
    }
  }

  /**
   * Waits for what is under way, then closes. Until that is over it is always the same promise; after it there is
   * nothing left to close.
   *
   * @throws IoError EIO, ENOSPC, EDQUOT (NFS), once.
   */
  close(): Promise<void> {
    this.closing ??= this.closeIdle().catch((failure: unknown) => {
      this.closing = Promise.resolve();
      throw failure;
    });
    return this.closing;
  }

  /**
   * Waits for what is under way, then lets go of the descriptor: it is the caller's, and this object counts as closed.
   *
   * @throws IoError EBADF once `close` or `detach` was called.
   */
  async detach(): Promise<number> {
    if (this.isClosed) throw this.error(EBADF, 'moveTo', 0, this.whyClosed);
    this.hasMoved = true;
    this.closing = this.underWay.idle();
    await this.closing;
    return this.fd;
  }

  private get whyClosed(): string {
    return this.hasMoved ? 'the file was moved to another thread' : 'the file is closed';
  }

  private async closeIdle(): Promise<void> {
    await this.underWay.idle();
    const result = this.closesAtOnce() ? closeNow(this.fd) : await this.closeOnPool();
    // Interrupted or not, the descriptor is gone.
    if (result < 0 && result !== -EINTR) throw this.error(-result, 'close');
  }

  /**
   * Whether closing waits for nothing. What was written may have to be put in order first; and the last descriptor of
   * a file without a name gives its blocks back, which is work for a disk.
   */
  private closesAtOnce(): boolean {
    if (!this.place.isLocal || isOpenFor(this.flags, 'writing')) return false;
    return this.namedIn === currentTurn() || linksNow(this.fd) > 0;
  }

  private noteLinks({ links }: FileStat): void {
    this.namedIn = links > 0 ? currentTurn() : -1;
  }

  private closeOnPool(): Promise<number> {
    this.counters.poolCalls++;
    return this.pool.release(this.device, done => closeFile(this.fd, done));
  }

  private async move(syscall: Move, rest: BufferList, offset: number, signal?: AbortSignal): Promise<number> {
    try {
      this.enter(syscall);
      try {
        return await this.moveAll(syscall, rest, offset, signal);
      } finally {
        this.leave();
      }
    } finally {
      if (syscall === 'preadv') rest.release();
    }
  }

  private async moveAll(syscall: Move, rest: BufferList, offset: number, signal?: AbortSignal): Promise<number> {
    let position = offset;
    try {
      while (rest.length > 0) {
        signal?.throwIfAborted();
        const now = this.nowMoves.move(syscall, rest, position);
        const result = now ?? (await this.moveOnPool(syscall, rest, position, signal));
        if (result < 0) throw this.error(-result, syscall, position - offset);
        if (result === 0) {
          if (syscall === 'preadv') break;
          throw this.error(EIO, syscall, position - offset);
        }
        rest.consume(result);
        position += result;
        // The end of the file: a further direct call would begin off a boundary and be refused.
        if (this.direct && syscall === 'preadv' && rest.length > 0 && result % SECTOR_BYTES !== 0) break;
      }
    } catch (error) {
      // So many wait for the disk already that it refused a call.
      if (error instanceof IoError) (error as { movedBytes?: number }).movedBytes ??= position - offset;
      throw error;
    }
    return position - offset;
  }

  private async moveOnPool(syscall: Move, rest: BufferList, offset: number, signal?: AbortSignal): Promise<number> {
    if (signal !== undefined) return this.moveThroughScratch(syscall, rest, offset, signal);
    const table = spareTables.pop() ?? new IovecTable(IOVECS_PER_CALL);
    rest.fillIovecs(table, DISK_BYTES_PER_CALL);
    const result = await this.onPool(done => this.calls[syscall](this.fd, table.address, table.count, offset, done));
    spareTables.push(table);
    return result;
  }

  /** Over memory of our own, which the kernel may go on with when nobody waits any more. */
  private async moveThroughScratch(
    syscall: Move,
    rest: BufferList,
    offset: number,
    signal: AbortSignal,
  ): Promise<number> {
    const scratch = new Scratch(Math.min(rest.length, DISK_BYTES_PER_CALL), this.alignmentBytes);
    if (syscall === 'pwritev') scratch.copyFrom(rest);
    let hasBegun = false;
    let result: number;
    try {
      result = await this.onPool(done => {
        hasBegun = true;
        const { address, count } = scratch.table;
        this.calls[syscall](this.fd, address, count, offset, scratch.heldUntil(done));
      }, signal);
    } catch (error) {
      if (hasBegun && syscall === 'pwritev') throw new AbortedMove(scratch.lengthBytes);
      throw error;
    }
    // Aborted in the same turn: the memory is its owner's again.
    if (syscall === 'preadv' && !signal.aborted && result > 0) scratch.copyTo(rest, result);
    return result;
  }

  private async onPool(begin: (done: Done) => void, signal?: AbortSignal): Promise<number> {
    this.counters.poolCalls++;
    return this.waitFor(this.pool.call(this.device, begin, signal), signal);
  }

  /** `close` waits for the call also if its caller does not any more. */
  private waitFor<T>(call: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
    if (signal === undefined) return call;
    this.underWay.hold(call);
    return unlessAborted(call, signal);
  }

  private error(errno: number, syscall: string, movedBytes = 0, explanation = whyRefused(this, errno, syscall)) {
    const failure = new IoError(errno, syscall, this.target, explanation);
    // How much was written, or read, before: the caller may go on behind it.
    return Object.assign(failure, { movedBytes });
  }
}
