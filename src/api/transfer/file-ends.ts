/**
 * The files at the ends of a transfer: open ones, which stay their owner's, and paths, which the transfer opens and
 * closes.
 */
import { checkAccess } from '../../core/disk/access.js';
import type { FileReceiving } from '../../core/transfers/files/socket-to-file.js';
import { wrongState } from '../../sys/ffi/io-error.js';
import { isUrl } from '../../base/kinds.js';
import { kindOf, pathOf } from '../../base/arguments.js';
import { DiskFile } from '../file/disk-file.js';
import { open, type OpenFlags } from '../file/open.js';

/** An open file, or the path of one that is opened for a transfer and closed at its end. */
export type FileEnd = DiskFile | string | URL;

export function isPath(end: unknown): end is string | URL {
  return typeof end === 'string' || isUrl(end);
}

/** @throws TypeError */
export function checkFileEnd(name: string, end: unknown): void {
  if (isPath(end)) pathOf(name, end);
  else if (!(end instanceof DiskFile))
    throw new TypeError(`${name}: ${kindOf(end)}; allowed: a DiskFile, a path, or a Connection`);
}

/** @internal What is written of a file that is open. @throws IoError EBADF: it is closed, or not open for writing. */
export function fileReceiving(
  { descriptor, path: name }: DiskFile,
  { to, length }: { readonly to: number; readonly length: number },
): FileReceiving {
  descriptor.enter('copy');
  const releaseFile = () => descriptor.leave();
  const { fd, device, flags } = descriptor;
  try {
    // Bytes that are taken from a stream can't be put back: it has to be known before.
    checkAccess(flags, 'writing', 'copy', name);
  } catch (error) {
    releaseFile();
    throw error;
  }
  return { file: { fd, device, name }, offset: to, lengthBytes: length, releaseFile };
}

/** Files of one transfer. */
export class OpenedFiles {
  private readonly files: DiskFile[] = [];
  private isOver = false;

  /**
   * @param flags with which a path is opened.
   * @returns (by the promise) the file itself if it was open.
   * @throws (by the promise) what `open` throws; IoError ECANCELED: the transfer is over.
   */
  async open(end: FileEnd, flags: OpenFlags): Promise<DiskFile> {
    if (!isPath(end)) return end;
    const file = await open(end, { flags });
    if (this.isOver) {
      await file.close();
      throw wrongState('ECANCELED', 'open', 'the transfer is over');
    }
    this.files.push(file);
    return file;
  }

  /**
   * Closes those that it has opened, and those that it is still opening.
   * @throws (by the promise) what the system refused.
   */
  async close(): Promise<void> {
    this.isOver = true;
    await Promise.all(this.files.map(file => file.close()));
  }
}
