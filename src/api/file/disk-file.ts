/** An open file: reads and writes at offsets, any number of them at once. */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import type { OpenDescriptor } from '../../core/disk/open-descriptor.js';
import { MovedParts } from '../../core/memory/moved-parts.js';
import type { Done } from '../../sys/ffi/blocking-call.js';
import { ENOSYS, EOPNOTSUPP } from '../../sys/ffi/errno.js';
import { advise, allocate, fdatasync, fsync, ftruncate } from '../../sys/file/file-space.js';
import type { FileStat } from '../../sys/file/file-stat.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkInteger, kindOf } from '../../base/arguments.js';
import { prepareMove, type Destination, type Detached } from '../departure.js';
import { checkBytes, checkSendable, type Sendable } from '../socket/sendable.js';
import { adviceNumber, type Advice } from './advice.js';
import { abortedWrite, type FileFailure } from './file-failures.js';
import { FileMemory } from './file-memory.js';
import { endWith, signalOf, waitWith, type EndOptions, type WaitOptions } from '../waiting.js';

/** What another thread needs to go on with a file. */
export interface FileDetails {
  readonly device: number;
  readonly path: string;
  readonly alignmentBytes: number;
  readonly statAtOpen: FileStat;
}

/**
 * A regular file. What the system has in memory is read and written at once; for the rest a thread of the pool waits,
 * never this one. Operations that overlap run in no particular order. Every method is rejected with IoError EBADF after
 * `close`.
 *
 * Each takes a `signal`, which ends the wait at once. A call that has not begun then is never made. One that has is
 * made to its end, over memory of Pollux, so that yours is free; `close` waits for it.
 */
export class DiskFile {
  private readonly memory: FileMemory;

  /** @internal Made by `open`. */
  constructor(
    /** @internal */
    readonly descriptor: OpenDescriptor,
    /** What the file was when it was opened: known without a call. `stat()` says what it is now. */
    readonly statAtOpen: FileStat,
  ) {
    this.memory = new FileMemory(descriptor.alignmentBytes, descriptor.target);
  }

  /** The descriptor, which belongs to the file; its position is of no account. -1 from `close` on. */
  get fd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  /** As it was given to `open`. */
  get path(): string {
    return this.descriptor.target;
  }

  /** Of memory, offsets and lengths, if it is direct; otherwise 0. */
  get alignmentBytes(): number {
    return this.descriptor.alignmentBytes;
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
   * @returns a list that you own: consume or release it.
   * @throws RangeError no such range, or one off the boundaries of a direct file.
   * @throws IoError ENOBUFS: the buffers of this thread are at their ceiling; EIO and what else preadv(2) says.
   * @throws `options.signal`'s reason, as all methods.
   */
  read(lengthBytes: number, offset: number, options?: WaitOptions): Promise<BufferList>;
  /**
   * Reads into the ranges of a list, in order, and leaves it as long as it is.
   *
   * @returns bytes read: fewer than the list has only at the end of the file.
   */
  read(list: BufferList, offset: number, options?: WaitOptions): Promise<number>;
  async read(what: BufferList | number, offset: number, options?: WaitOptions): Promise<BufferList | number> {
    const signal = signalOf(options);
    if (typeof what === 'number') return this.readList(what, offset, signal);
    if (what instanceof BufferList) return this.fill(what, offset, signal);
    throw new TypeError(`list: ${kindOf(what)}; allowed: BufferList, or a length`);
  }

  /**
   * Reads into your memory. Neither transfer nor resize its buffer until this is settled.
   *
   * @returns bytes read: fewer than there is room for only at the end of the file.
   * @throws as `read`.
   */
  async readInto(bytes: Uint8Array, offset: number, options?: WaitOptions): Promise<number> {
    checkBytes('bytes', bytes);
    return this.fill(BufferList.from(bytes), offset, signalOf(options));
  }

  /**
   * Writes all of it, however many calls that takes.
   *
   * @param data a list is moved, and empty after; it gets its bytes back where this fails before one of them was
   *   written. Leave an array alone until this is settled.
   * @returns bytes written: the length of `data`.
   * @throws FileFailure ENOSPC, EDQUOT, EFBIG, EIO: what pwritev(2) says; its `movedBytes` were written.
   * @throws `options.signal`'s reason: nothing was written, nor will be; a list has its bytes back.
   * @throws AbortedWrite it is aborted later; it says how much was written.
   */
  async write(data: Sendable, offset: number, options?: WaitOptions): Promise<number> {
    checkSendable('data', data);
    const signal = signalOf(options);
    if (this.descriptor.appends) throw this.refused('it was opened to append; allowed: append()');
    return this.moveAndWrite(data, offset, signal);
  }

  /**
   * Writes all of it to the end of the file, wherever that is by then: of a file that was opened with the flags 'a' or
   * 'a+'. Calls on one file are made one after the other. What other descriptors append comes before or after, where it
   * is written by one call (up to some 2 GiB, and room on the disk).
   *
   *     const log = await open('access.log', { flags: 'a' });
   *     await log.append(`${line}\n`);
   *
   * @returns bytes written: the length of `data`.
   * @throws IoError EBADF: the file was not opened to append. @throws as `write`.
   */
  async append(data: Sendable, options?: WaitOptions): Promise<number> {
    checkSendable('data', data);
    const signal = signalOf(options);
    if (!this.descriptor.appends) throw this.refused("it was not opened to append; allowed: the flags 'a' and 'a+'");
    return this.moveAndWrite(data, undefined, signal);
  }

  /** Content and everything about it is on the disk after this. fsync(2) @throws IoError EIO, ENOSPC, EDQUOT. */
  async sync(options?: WaitOptions): Promise<void> {
    await this.descriptor.call('fsync', fsync, signalOf(options));
  }

  /** As `sync`, without what is not needed to read the content back. fdatasync(2) */
  async datasync(options?: WaitOptions): Promise<void> {
    await this.descriptor.call('fdatasync', fdatasync, signalOf(options));
  }

  /** Cuts or lengthens the file; what is new reads as zeros. ftruncate(2) @throws RangeError a negative length. */
  async truncate(lengthBytes: number, options?: WaitOptions): Promise<void> {
    checkInteger('lengthBytes', lengthBytes, 0, Number.MAX_SAFE_INTEGER);
    const signal = signalOf(options);
    await this.descriptor.call('ftruncate', (fd, done) => ftruncate(fd, lengthBytes, done), signal);
  }

  /**
   * Reserves room on the disk for a range, so that writing there can't fail for want of it, and lengthens the file to
   * hold it. fallocate(2), posix_fallocate(2).
   *
   * @throws RangeError no such range, or an empty one.
   * @throws IoError ENOSPC; ENOTSUP, ENOSYS: this file system, or this system, can't.
   */
  async allocate(offset: number, lengthBytes: number, options?: WaitOptions): Promise<void> {
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    checkInteger('lengthBytes', lengthBytes, 1, Number.MAX_SAFE_INTEGER - offset);
    const signal = signalOf(options);
    await this.descriptor.call('fallocate', (fd, done) => allocate(fd, offset, lengthBytes, done), signal);
  }

  /** What the file is now: its size, its times. fstat(2) */
  async stat(options?: WaitOptions): Promise<FileStat> {
    return this.descriptor.stat(signalOf(options));
  }

  /**
   * Says how a range will be used. A hint: on systems that take none it does nothing. posix_fadvise(2)
   *
   * @param lengthBytes 0, the default, for up to the end.
   */
  async advise(advice: Advice, offset = 0, lengthBytes = 0, options?: WaitOptions): Promise<void> {
    const number = adviceNumber(advice);
    checkInteger('offset', offset, 0, Number.MAX_SAFE_INTEGER);
    checkInteger('lengthBytes', lengthBytes, 0, Number.MAX_SAFE_INTEGER - offset);
    const signal = signalOf(options);
    const begin = (fd: number, done: Done) => advise(fd, offset, lengthBytes, number, done);
    try {
      await this.descriptor.call('posix_fadvise', begin, signal);
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
    this.memory.checkRange(lengthBytes, 0);
    return this.memory.array(lengthBytes);
  }

  /**
   * Waits for what is under way, then closes. Nothing begins after the call. Twice is allowed.
   *
   * @param options aborting its `signal` ends the wait; it is closed all the same.
   * @throws IoError EIO, ENOSPC, EDQUOT: what was written could not be kept (NFS tells so late); it is closed all the
   *   same.
   */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => this.descriptor.close());
  }

  /**
   * Moves the file to another thread, which has called `receiveFiles`, once what is under way here is done. Nothing
   * begins here after the call.
   *
   * @param state what the other thread needs to go on: anything that can be cloned.
   * @param options aborting its `signal` later ends the wait; the file moves all the same.
   * @throws TypeError, RangeError (by the promise, as all) not a peer, or a state that can't be cloned or is too long:
   *   nothing has happened to the file.
   * @throws IoError EBADF: it is closed, or was moved before; EPIPE: that thread has ended, and the file is closed.
   * @throws Error that thread receives no files, and the file is closed.
   */
  moveTo(peer: Destination, state?: unknown, options?: WaitOptions): Promise<void> {
    return waitWith(options, async () => await prepareMove(peer, state).give('file', await this.detach()));
  }

  /** @internal Takes the descriptor out, once what is under way is done. @throws IoError EBADF. */
  async detach(): Promise<Detached<FileDetails>> {
    const { descriptor, alignmentBytes, path, statAtOpen } = this;
    const fd = await descriptor.detach();
    return { fd, details: { device: descriptor.device, path, alignmentBytes, statAtOpen } };
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  /** @param offset undefined: at the end, after all that is appended already. */
  private async moveAndWrite(data: Sendable, offset: number | undefined, signal?: AbortSignal): Promise<number> {
    const lengthBytes = typeof data === 'string' ? Buffer.byteLength(data) : data.length;
    this.memory.checkRange(lengthBytes, offset ?? 0);
    // Before a list is moved: what is refused leaves it to its owner.
    this.descriptor.enter('pwritev');
    const moved = new MovedParts([data]);
    try {
      const { list } = moved;
      if (offset !== undefined) return await this.descriptor.write(this.memory.onBoundary(list), offset, signal);
      return await this.descriptor.append(this.memory.onBoundary(list), signal);
    } catch (error) {
      const failure = abortedWrite(error, lengthBytes - moved.list.length, signal);
      if (failure === signal?.reason || (failure as Partial<FileFailure>).movedBytes === 0) moved.giveBack();
      throw failure;
    } finally {
      moved.list.release();
      this.descriptor.leave();
    }
  }

  private refused(explanation: string): IoError {
    return new IoError('EBADF', 'pwritev', this.path, explanation);
  }

  private async readList(lengthBytes: number, offset: number, signal?: AbortSignal): Promise<BufferList> {
    this.memory.checkRange(lengthBytes, offset);
    const list = this.memory.list(lengthBytes);
    try {
      return list.split(await this.descriptor.read(list.slice(), offset, signal));
    } finally {
      list.release();
    }
  }

  private async fill(list: BufferList, offset: number, signal?: AbortSignal): Promise<number> {
    this.memory.checkRange(list.length, offset);
    this.memory.check(list);
    return this.descriptor.read(list.slice(), offset, signal);
  }

  static {
    describeBy('DiskFile', DiskFile.prototype, ({ path, fd, isClosed, direct, counters }) => ({
      state: isClosed ? 'closed' : 'open',
      path,
      fd,
      direct,
      ...counters,
    }));
  }
}
shareAmongCopies({ DiskFile });
