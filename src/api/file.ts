/** An open file: reads and writes at offsets, any number of them at once. */
import { describeBy } from '../base/inspection.js';
import { isUint8Array } from '../base/kinds.js';
import { shareAmongCopies } from '../base/thread-state.js';
import { BufferList } from '../core/buffer-list.js';
import type { OpenDescriptor } from '../core/disk/open-descriptor.js';
import { FILE_ARRAY_BYTES, MIN_RECEIVE_BYTES } from '../core/limits.js';
import { MovedParts } from '../core/moved-parts.js';
import { alignedBytes } from '../sys/direct-io.js';
import { ENOSYS, EOPNOTSUPP } from '../sys/errno.js';
import {
  POSIX_FADV_DONTNEED,
  POSIX_FADV_NOREUSE,
  POSIX_FADV_NORMAL,
  POSIX_FADV_RANDOM,
  POSIX_FADV_SEQUENTIAL,
  POSIX_FADV_WILLNEED,
} from '../sys/file-constants.js';
import { advise, allocate, fdatasync, fsync, ftruncate } from '../sys/file-space.js';
import type { FileStat } from '../sys/file-stat.js';
import { IoError } from '../sys/io-error.js';
import { addressOf } from '../sys/memory.js';
import { kindOf } from './arguments.js';
import { FILE, give, PackedState } from './give.js';
import type { Peer } from './messages/peer.js';
import { checkInteger } from './options.js';
import { checkSendable, type Sendable } from './sendable.js';
import { currentReactor } from './thread-reactor.js';

const ADVICE = {
  normal: POSIX_FADV_NORMAL,
  random: POSIX_FADV_RANDOM,
  sequential: POSIX_FADV_SEQUENTIAL,
  'will need': POSIX_FADV_WILLNEED,
  "don't need": POSIX_FADV_DONTNEED,
  'no reuse': POSIX_FADV_NOREUSE,
};

/** How a range will be used: see posix_fadvise(2). */
export type Advice = keyof typeof ADVICE;

/** What another thread needs to go on with a file. */
export interface FileDetails {
  readonly device: number;
  readonly path: string;
  readonly alignmentBytes: number;
  readonly statAtOpen: FileStat;
}

/** An error of `read`, `readInto` or `write`. */
export type FileFailure = IoError & {
  /** Bytes that had moved before it. */
  readonly movedBytes: number;
};

/**
 * A regular file. What the system has in memory is read and written at once; for the rest a thread of the pool waits, never
 * this one. Operations that overlap run in no particular order. Every method is rejected with IoError EBADF after `close`.
 */
export class File {
  /** @internal Made by `open`. @param alignmentBytes 0 unless it is direct. */
  constructor(
    /** @internal */
    readonly descriptor: OpenDescriptor,
    readonly alignmentBytes: number,
    /** What the file was when it was opened: known without a call. `stat()` says what it is now. */
    readonly statAtOpen: FileStat,
  ) {}

  /** The descriptor, which belongs to the file; its position is of no account. -1 from `close` on. */
  get fd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  /** As it was given to `open`. */
  get path(): string {
    return this.descriptor.target;
  }

  /** Whether it goes around the page cache: offsets, lengths and memory are then multiples of `alignmentBytes`. */
  get direct(): boolean {
    return this.alignmentBytes > 0;
  }

  get isClosed(): boolean {
    return this.descriptor.isClosed;
  }

  /** Calls that were answered from memory at once, and calls that a pool thread made. */
  get counters(): { readonly nowCalls: number; readonly poolCalls: number } {
    return this.descriptor.counters;
  }

  /**
   * Reads bytes into memory of Pollux.
   *
   * @param lengthBytes how many; fewer come only at the end of the file.
   * @returns a list of yours: consume or release it.
   * @throws RangeError no such range, or one off the boundaries of a direct file.
   * @throws IoError ENOBUFS: the buffers of this thread are at their ceiling; EIO and what else preadv(2) says.
   */
  read(lengthBytes: number, offset: number): Promise<BufferList>;
  /**
   * Reads into the ranges of a list, in order, and leaves it as long as it is.
   *
   * @returns bytes read: fewer than the list has only at the end of the file.
   */
  read(list: BufferList, offset: number): Promise<number>;
  read(listOrLength: BufferList | number, offset: number): Promise<BufferList | number> {
    return typeof listOrLength === 'number' ? this.readList(listOrLength, offset) : this.fill(listOrLength, offset);
  }

  /**
   * Reads into your memory. Neither transfer nor resize its buffer until this is settled.
   *
   * @returns bytes read: fewer than there is room for only at the end of the file.
   * @throws as `read`.
   */
  async readInto(bytes: Uint8Array, offset: number): Promise<number> {
    if (!isUint8Array(bytes)) throw new TypeError(`bytes: ${kindOf(bytes)}; allowed: Uint8Array`);
    return this.fill(BufferList.from(bytes), offset);
  }

  /**
   * Writes all of it, however many calls that takes.
   *
   * @param data a list is moved, and empty after; it gets its bytes back where this fails before one of them was written. Leave
   *   an array alone until this is settled.
   * @returns bytes written: the length of `data`.
   * @throws FileFailure ENOSPC, EDQUOT, EFBIG, EIO: what pwritev(2) says; its `movedBytes` were written.
   */
  async write(data: Sendable, offset: number): Promise<number> {
    checkSendable('data', data);
    const lengthBytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    this.checkRange(lengthBytes, offset);
    // Before a list is moved: what is refused leaves it to its owner.
    this.descriptor.enter('pwritev');
    const moved = new MovedParts([data]);
    try {
      return await this.descriptor.write(this.onBoundary(moved.list), offset);
    } catch (error) {
      if ((error as Partial<FileFailure>).movedBytes === 0) moved.giveBack();
      throw error;
    } finally {
      moved.list.release();
      this.descriptor.leave();
    }
  }

  /** Content and everything about it is on the disk after this. fsync(2) */
  async sync(): Promise<void> {
    await this.descriptor.call('fsync', fsync);
  }

  /** As `sync`, without what is not needed to read the content back. fdatasync(2) */
  async datasync(): Promise<void> {
    await this.descriptor.call('fdatasync', fdatasync);
  }

  /** Cuts or lengthens the file; what is new reads as zeros. ftruncate(2) @throws RangeError a negative length. */
  async truncate(lengthBytes: number): Promise<void> {
    checkInteger('lengthBytes', lengthBytes, 0, Number.MAX_SAFE_INTEGER);
    await this.descriptor.call('ftruncate', (fd, done) => ftruncate(fd, lengthBytes, done));
  }

  /**
   * Reserves room on the disk for a range, so that writing there can't fail for want of it, and lengthens the file to hold
   * it. fallocate(2), posix_fallocate(2).
   *
   * @throws RangeError no such range, or an empty one.
   * @throws IoError ENOSPC; ENOTSUP, ENOSYS: this file system, or this system, can't.
   */
  async allocate(offset: number, lengthBytes: number): Promise<void> {
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    checkInteger('lengthBytes', lengthBytes, 1, Number.MAX_SAFE_INTEGER - offset);
    await this.descriptor.call('fallocate', (fd, done) => allocate(fd, offset, lengthBytes, done));
  }

  /** What the file is now: its size, its times. fstat(2) */
  stat(): Promise<FileStat> {
    return this.descriptor.stat();
  }

  /**
   * Says how a range will be used. A hint: on systems that take none it does nothing. posix_fadvise(2)
   *
   * @param lengthBytes 0, the default, for up to the end.
   */
  async advise(advice: Advice, offset = 0, lengthBytes = 0): Promise<void> {
    if (!Object.hasOwn(ADVICE, advice)) {
      throw new TypeError(`advice: '${String(advice)}'; allowed: ${Object.keys(ADVICE).join(', ')}`);
    }
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    checkInteger('lengthBytes', lengthBytes, 0, Number.MAX_SAFE_INTEGER - offset);
    try {
      await this.descriptor.call('posix_fadvise', (fd, done) => advise(fd, offset, lengthBytes, ADVICE[advice], done));
    } catch (error) {
      if (!(error instanceof IoError && (error.errno === ENOSYS || error.errno === EOPNOTSUPP))) throw error;
    }
  }

  /**
   * Zeroed memory that lies right for this file, for `readInto` and `write` without a copy.
   *
   * @throws RangeError a negative length, or one off the boundaries of a direct file.
   */
  lease(lengthBytes: number): Uint8Array {
    this.checkRange(lengthBytes, 0);
    return this.array(lengthBytes);
  }

  /**
   * Waits for what is under way, then closes. Nothing begins after the call. Twice is allowed.
   *
   * @throws IoError EIO, ENOSPC, EDQUOT: what was written could not be kept (NFS tells so late); it is closed all the same.
   */
  close(): Promise<void> {
    return this.descriptor.close();
  }

  /**
   * Moves the file to another thread, which has called `receiveFiles`, once what is under way here is done. Nothing begins
   * here after the call.
   *
   * @param state what the other thread needs to go on: anything that can be cloned.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the file.
   * @throws IoError EBADF: it is closed, or was moved before; EPIPE: that thread has ended, and the file is closed.
   * @throws Error that thread receives no files, and the file is closed.
   */
  async moveTo(peer: Peer, state?: unknown): Promise<void> {
    const packed = new PackedState(peer, state);
    const { descriptor, alignmentBytes, path, statAtOpen } = this;
    const fd = await descriptor.detach();
    const details: FileDetails = { device: descriptor.device, path, alignmentBytes, statAtOpen };
    await give(packed, FILE, fd, details);
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  private async readList(lengthBytes: number, offset: number): Promise<BufferList> {
    this.checkRange(lengthBytes, offset);
    const list = this.memory(lengthBytes);
    try {
      return list.split(await this.descriptor.read(list.slice(), offset));
    } finally {
      list.release();
    }
  }

  private async fill(list: BufferList, offset: number): Promise<number> {
    if (!(list instanceof BufferList)) throw new TypeError(`list: ${kindOf(list)}; allowed: BufferList, or a length`);
    this.checkRange(list.length, offset);
    this.checkMemory(list);
    return this.descriptor.read(list.slice(), offset);
  }

  /** Memory for a read. Little of it comes from the heap: a chunk of the slab for each small read would soon empty it. */
  private memory(lengthBytes: number): BufferList {
    const list = new BufferList();
    if (this.direct || lengthBytes <= MIN_RECEIVE_BYTES) return list.append(this.array(lengthBytes));
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

  private array(lengthBytes: number): Uint8Array {
    checkInteger('lengthBytes', lengthBytes, 0, FILE_ARRAY_BYTES);
    return this.direct ? alignedBytes(lengthBytes, this.alignmentBytes) : new Uint8Array(lengthBytes);
  }

  /** Makes a list for a direct write lie right: it has the same ranges after, or a copy of them. */
  private onBoundary(list: BufferList): BufferList {
    if (!this.direct || this.isOnBoundary(list)) return list;
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

  private checkMemory(list: BufferList): void {
    if (this.direct && !this.isOnBoundary(list)) {
      throw new RangeError(
        `bytes: memory of a direct file begins at multiples of ${this.alignmentBytes} bytes; lease() gives such`,
      );
    }
  }

  private checkRange(lengthBytes: number, offset: number): void {
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    checkInteger('lengthBytes', lengthBytes, 0, Number.MAX_SAFE_INTEGER - offset);
    if (!this.direct) return;
    for (const [name, value] of [
      ['offset', offset],
      ['lengthBytes', lengthBytes],
    ] as const) {
      if (value % this.alignmentBytes !== 0) {
        throw new RangeError(`${name}: ${value}; allowed for a direct file: multiples of ${this.alignmentBytes}`);
      }
    }
  }

  static {
    describeBy('File', File.prototype, ({ path, fd, isClosed, direct, counters }) => ({
      state: isClosed ? 'closed' : 'open',
      path,
      fd,
      direct,
      ...counters,
    }));
  }
}
shareAmongCopies({ File });
