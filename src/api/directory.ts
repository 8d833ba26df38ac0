/** An open directory: what `open` can keep a path beneath, again and again without looking it up. */
import { OpenDescriptor } from '../core/disk/open-descriptor.js';
import { openFolder } from '../core/disk/open-file.js';
import { diskPool, UNKNOWN_DEVICE } from '../core/disk/pool.js';
import { checkPath } from './options.js';

/**
 * Opens a directory.
 *
 * @param path relative to the working directory, or absolute.
 * @throws IoError ENOTDIR, ENOENT, EACCES: openat(2).
 * @throws TypeError a path that is no path.
 */
export async function openDirectory(path: string): Promise<Directory> {
  checkPath('path', path);
  const fd = await openFolder(diskPool, path, undefined);
  return new Directory(new OpenDescriptor(fd, UNKNOWN_DEVICE, path), path);
}

export class Directory {
  /** @internal Made by `openDirectory`. */
  constructor(
    private readonly descriptor: OpenDescriptor,
    readonly path: string,
  ) {}

  /** The descriptor. It belongs to this object. */
  get fd(): number {
    return this.descriptor.fd;
  }

  get isClosed(): boolean {
    return this.descriptor.isClosed;
  }

  /** Closes it, at once; files that were opened beneath it stay open. Twice is allowed. */
  close(): Promise<void> {
    return this.descriptor.close();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }
}
