/**
 * A range of a file on its way to another file: shared if the file system can (reflink), else copied by the kernel
 * (copy_file_range), else through a buffer. Holes stay holes. It goes from the front to the back and counts only what
 * the target has, so wherever it stops, it can be taken up again behind `account.bytesOut`.
 */
import { monotonicMs } from '../../../base/runtime-functions.js';
import { EIO, ENXIO, errnoName, EXDEV, isRefusal } from '../../../sys/ffi/errno.js';
import { SEEK_DATA, SEEK_HOLE } from '../../../sys/file/file-constants.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { NativeBlock } from '../../../sys/ffi/memory.js';
import type { DiskPool } from '../../disk/pool.js';
import { COPY_BUFFER_BYTES } from '../../limits.js';
import { copiedBytes, TransferAccount } from '../account.js';
import { Brake } from '../relay/brake.js';
import { CopyCalls, type CopyEnd } from './copy-calls.js';
import { CallSize } from './call-size.js';
import type { FileCopyCalls } from './file-copy-calls.js';

/** What to copy, found out when it begins. */
export interface FileCopy {
  readonly source: CopyEnd;
  readonly target: CopyEnd;
  /** The source is made up as it is read (/proc): only reading tells what is in it. */
  readonly isMadeUp: boolean;
  /** Infinity for "to where the source ends": of a file that is made up. */
  readonly lengthBytes: number;
}

export interface FileCopyPlan {
  /** A promise, since the file systems may take their time to tell what the files are. */
  readonly copy: Promise<FileCopy>;
  /** Called when the files are needed no longer. */
  readonly release: () => void;
}

export class FileToFile {
  readonly account = new TransferAccount('reflink');
  readonly brake = new Brake();
  onSettled: (failure: Error | undefined) => void = () => {};

  private copy!: FileCopy;
  /** Bytes of the range that are done. */
  private position = 0;
  /** Where the target ends now. */
  private targetBytes = 0;
  private findsHoles = true;
  /** The kernel copies, as long as it can. */
  private copiesInKernel = true;
  private readonly callSize = new CallSize();
  private buffer: NativeBlock | undefined = undefined;
  private readonly disk: CopyCalls;

  constructor(
    pool: DiskPool,
    private readonly calls: FileCopyCalls,
  ) {
    this.disk = new CopyCalls(pool, this.account, this.brake.signal);
  }

  get pace() {
    return this.brake.pace;
  }

  start({ copy, release }: FileCopyPlan): void {
    void this.run(copy).then(
      () => this.settle(undefined, release),
      (failure: Error) => this.settle(failure, release),
    );
  }

  pause(): void {
    this.brake.pause();
  }

  resume(): void {
    this.brake.resume();
  }

  paceChanged(): void {
    this.brake.wake();
  }

  /** A call under way that changes the target is waited for, and counted; one that only reads is not. */
  cancel(reason: Error): void {
    this.brake.stop(reason);
  }

  private settle(failure: Error | undefined, release: () => void): void {
    this.buffer = undefined;
    this.disk.close(release);
    this.onSettled(failure);
  }

  private async run(copy: Promise<FileCopy>): Promise<void> {
    this.copy = await this.disk.ask(copy);
    const { isMadeUp, lengthBytes, target } = this.copy;
    this.targetBytes = target.stat.sizeBytes;
    if (isMadeUp) {
      this.copyByBuffers('the source is made up as it is read');
      this.findsHoles = false;
    } else if (lengthBytes === 0) {
      this.account.path = 'none';
    } else if (await this.clone()) {
      return;
    }
    while (this.position < lengthBytes) {
      const end = await this.findRegion();
      if (end < 0) await this.skipHole(-end);
      else if (!(await this.copyUntil(end))) return;
    }
  }

  // The three ways

  /** @returns whether all is done. */
  private async clone(): Promise<boolean> {
    const { source, target, lengthBytes } = this.copy;
    await this.brake.released();
    const result = await this.disk.call(target, done =>
      this.calls.cloneRange(source.fd, source.offset, target.fd, target.offset, lengthBytes, done),
    );
    if (result < 0) {
      // Until the first byte is copied: there may be nothing but holes.
      this.account.path = 'none';
      this.account.fallback = `reflink: ${errnoName(-result)}`;
      return false;
    }
    this.advance(lengthBytes);
    return true;
  }

  /** @returns false at the end of a source whose length nobody knew. */
  private async copyUntil(end: number): Promise<boolean> {
    while (this.position < end) {
      const wanted = Math.min(end - this.position, this.callSize.bytes);
      const allowed = await this.brake.allow(wanted);
      if (this.copiesInKernel) await this.copyInKernel(allowed);
      else if (!(await this.copyByBuffer(allowed))) return false;
    }
    return true;
  }

  private async copyInKernel(lengthBytes: number): Promise<void> {
    this.account.path = 'copy_file_range';
    const { source, target } = this.copy;
    const [from, to] = [source.offset + this.position, target.offset + this.position];
    const beganMs = monotonicMs();
    const result = await this.disk.call(target, done =>
      this.calls.copyRange(source.fd, from, target.fd, to, lengthBytes, done),
    );
    this.callSize.took(lengthBytes, monotonicMs() - beganMs);
    if (result > 0) this.written(result);
    // The end of the source, or a file system that has nothing to give this way: a read will tell.
    else if (result === 0) this.copyByBuffers('copy_file_range: nothing came');
    else if (isRefusal(-result) || result === -EXDEV) this.copyByBuffers(`copy_file_range: ${errnoName(-result)}`);
    else throw new IoError(-result, 'copy_file_range', `${source.name} to ${target.name}`);
  }

  /** @returns false at the end of a source whose length nobody knew. */
  private async copyByBuffer(allowedBytes: number): Promise<boolean> {
    const { source, lengthBytes } = this.copy;
    const buffer = (this.buffer ??= new NativeBlock(COPY_BUFFER_BYTES));
    const wanted = Math.min(allowedBytes, buffer.lengthBytes);
    const from = source.offset + this.position;
    const result = await this.disk.ask(
      this.disk.call(source, done => this.calls.pread(source.fd, buffer.address, wanted, from, done)),
    );
    if (result < 0) throw new IoError(-result, 'pread', source.name);
    if (result === 0) {
      if (lengthBytes === Infinity) return false;
      throw this.cutShort();
    }
    this.account.bytesIn += result;
    this.account.residueBytes += result;
    await this.writeBuffer(buffer, result);
    return true;
  }

  /** Writes what was read, all of it or it fails. */
  private async writeBuffer(buffer: NativeBlock, lengthBytes: number): Promise<void> {
    for (let written = 0; written < lengthBytes;) {
      const result = await this.write(buffer, written, lengthBytes - written);
      written += result;
      this.account.residueBytes -= result;
      this.account.bytesOut += result;
      this.arrive(result);
      this.pace.spend(result);
    }
  }

  private async write(buffer: NativeBlock, start: number, lengthBytes: number): Promise<number> {
    const { target } = this.copy;
    const result = await this.disk.call(target, done =>
      this.calls.pwrite(target.fd, buffer.address + start, lengthBytes, target.offset + this.position, done),
    );
    if (result <= 0) throw new IoError(result === 0 ? EIO : -result, 'pwrite', target.name);
    return result;
  }

  // Holes

  /**
   * @returns where the region at `position` ends, relative to the range; below 0, with its sign turned, if it is a
   *   hole.
   */
  private async findRegion(): Promise<number> {
    const { source, lengthBytes } = this.copy;
    if (!this.findsHoles) return lengthBytes;
    const here = source.offset + this.position;
    const seek = (whence: number): Promise<number> =>
      this.disk.ask(this.disk.call(source, done => this.calls.seek(source.fd, here, whence, done)));
    const content = await seek(SEEK_DATA);
    if (content === -ENXIO) return -(await this.sourceEnd());
    if (content > here) return -Math.min(content - source.offset, lengthBytes);
    const hole = content < 0 ? content : await seek(SEEK_HOLE);
    if (hole > here) return Math.min(hole - source.offset, lengthBytes);
    // This file system does not know, or the file changed between the two questions.
    if (hole < 0) this.findsHoles = false;
    return lengthBytes;
  }

  /** Where the range ends, if the source still has it. @throws IoError EIO it was cut short. */
  private async sourceEnd(): Promise<number> {
    const { source, lengthBytes } = this.copy;
    const { sizeBytes } = await this.disk.stat(this.calls, source);
    if (sizeBytes < source.offset + lengthBytes) throw this.cutShort();
    return lengthBytes;
  }

  private async skipHole(end: number): Promise<void> {
    const { target } = this.copy;
    await this.brake.released();
    const start = target.offset + this.position;
    const insideBytes = Math.min(this.targetBytes, target.offset + end) - start;
    if (insideBytes > 0) {
      const result = await this.disk.call(target, done => this.calls.punchHole(target.fd, start, insideBytes, done));
      if (result < 0) await this.writeZeros(this.position + insideBytes);
      else this.advance(insideBytes);
    }
    if (this.position < end) await this.lengthen(end);
  }

  /**
   * A hole that lies behind the end of the target. The range's last byte, a zero, makes the target long enough: setting
   * the length would cut off what others, who copy or write behind this range, have written since somebody looked.
   */
  private async lengthen(end: number): Promise<void> {
    const { target } = this.copy;
    const [from, to] = [target.offset + this.position, target.offset + end];
    if ((await this.disk.stat(this.calls, target)).sizeBytes < to) {
      const zero = new NativeBlock(1);
      const result = await this.disk.call(target, done => this.calls.pwrite(target.fd, zero.address, 1, to - 1, done));
      if (result <= 0) throw new IoError(result === 0 ? EIO : -result, 'pwrite', target.name);
    }
    this.advance(end - this.position);
    // The block of that byte becomes a hole again where the system can.
    await this.disk.call(target, done => this.calls.punchHole(target.fd, from, to - from, done));
  }

  private async writeZeros(end: number): Promise<void> {
    if (this.account.path === 'none') this.account.path = 'buffers';
    const zeros = new NativeBlock(Math.min(COPY_BUFFER_BYTES, end - this.position));
    while (this.position < end) {
      const allowed = await this.brake.allow(Math.min(zeros.lengthBytes, end - this.position));
      this.written(await this.write(zeros, 0, allowed));
    }
  }

  // Counting

  /** What counts against `bytesPerSecond`: neither holes nor blocks that are shared. */
  private written(movedBytes: number): void {
    this.advance(movedBytes);
    this.pace.spend(movedBytes);
  }

  private advance(movedBytes: number): void {
    this.account.bytesIn += movedBytes;
    this.account.bytesOut += movedBytes;
    this.arrive(movedBytes);
  }

  private arrive(movedBytes: number): void {
    const { path } = this.account;
    if (path in copiedBytes) copiedBytes[path as keyof typeof copiedBytes] += movedBytes;
    this.position += movedBytes;
    this.targetBytes = Math.max(this.targetBytes, this.copy.target.offset + this.position);
  }

  private copyByBuffers(reason: string): void {
    this.copiesInKernel = false;
    this.account.path = 'buffers';
    this.account.fallback = reason;
  }

  private cutShort(): IoError {
    const { source, lengthBytes } = this.copy;
    const explanation = `the file was cut short while it was being copied: ${lengthBytes - this.position} bytes are missing`;
    return new IoError(EIO, 'copy', source.name, explanation);
  }
}
