/** Files as ends of a transfer by buffers. */
import { read } from 'node:fs';
import { BufferList } from '../../../core/memory/buffer-list.js';
import type { FileRange } from '../../../core/operations/send-file.js';
import type { FileSending } from '../../../core/transfers/files/file-to-socket.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import type { FileFailure } from '../../file/file-failures.js';
import type { DiskFile } from '../../file/disk-file.js';
import type { BufferedSink, BufferedSource } from './port.js';

/** Bytes of one read: a disk is asked for a few of the kernel's own read-ahead windows. */
const READ_BYTES = 256 * 1024;

/** A part of a file, and what goes before and behind it. */
export class FileSource implements BufferedSource {
  private range: FileRange | undefined = undefined;
  private readBytes = 0;
  /** Read, and not taken yet. */
  private chunk: BufferList | undefined = undefined;

  constructor(private readonly sending: FileSending) {
    // It may be over before anybody asks.
    Promise.resolve(sending.range).catch(() => {});
  }

  /**
   * Whether it is known how many bytes are to be sent: what is missing of them then, nobody can tell from what follows.
   */
  get isPromised(): boolean {
    return this.range !== undefined;
  }

  begin(): void {
    // The file was opened by who gave it.
  }

  async ready(mostBytes: number, signal: AbortSignal): Promise<void> {
    this.range ??= await this.sending.range;
    signal.throwIfAborted();
    if (this.sending.before.length > 0) return;
    const leftBytes = this.range.lengthBytes - this.readBytes;
    const chunk = leftBytes === 0 ? undefined : await this.readSome(this.range, Math.min(leftBytes, mostBytes));
    // What was read for one who has gone is read again.
    signal.throwIfAborted();
    this.chunk = chunk;
    this.readBytes += chunk?.length ?? 0;
  }

  take(mostBytes: number): BufferList | null {
    const { before, after } = this.sending;
    if (before.length > 0) return before.split(Math.min(before.length, mostBytes));
    const { chunk } = this;
    this.chunk = undefined;
    if (chunk !== undefined) return chunk;
    return after.length > 0 ? after.split(Math.min(after.length, mostBytes)) : null;
  }

  finish(): void {
    if (!this.isPromised) this.sending.giveBack?.();
    this.sending.releaseFile?.();
  }

  /**
   * @returns undefined: a file whose size nobody knows has ended.
   * @throws IoError EIO: it was cut short; what the disk says.
   */
  private async readSome(range: FileRange, mostBytes: number): Promise<BufferList | undefined> {
    const { fd, offset, lengthBytes, path = `descriptor ${fd}` } = range;
    const bytes = Buffer.allocUnsafe(Math.min(mostBytes, READ_BYTES));
    const readBytes = await readAt(fd, bytes, offset + this.readBytes, path);
    if (readBytes > 0) return BufferList.from(bytes.subarray(0, readBytes));
    if (lengthBytes === Infinity) return undefined;
    const explanation = `the file was cut short: it ends after ${this.readBytes} of ${lengthBytes} bytes`;
    throw new IoError('EIO', 'read', path, explanation);
  }
}

/** A part of a file that is written. */
export class FileSink implements BufferedSink {
  constructor(
    private readonly file: DiskFile,
    private offset: number,
    private readonly releaseFile: () => void,
  ) {}

  takeTurn(): Promise<void> {
    return Promise.resolve();
  }

  async write(bytes: BufferList): Promise<void> {
    try {
      this.offset += await this.file.write(bytes, this.offset);
    } catch (error) {
      this.offset += (error as Partial<FileFailure>).movedBytes ?? 0;
      throw error;
    }
  }

  finish(): void {
    this.releaseFile();
  }
}

function readAt(fd: number, bytes: Uint8Array, offset: number, path: string): Promise<number> {
  return new Promise((resolve, reject) => {
    read(fd, bytes, 0, bytes.length, offset, (error, readBytes) => {
      if (error === null) resolve(readBytes);
      else reject(new IoError(error.code ?? 'EIO', 'read', path));
    });
  });
}
