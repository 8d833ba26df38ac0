/** An open directory: what `open` can keep a path beneath, again and again without looking it up. */
import { describeBy } from '../../base/inspection.js';
import { shareAmongCopies } from '../../base/thread-state.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { OpenDescriptor } from '../../core/disk/open-descriptor.js';
import { openFolder, type Beneath } from '../../core/disk/open-file.js';
import { diskPool } from '../../core/disk/pool.js';
import { pathOf } from '../../base/arguments.js';
import { endWith, signalOf, type EndOptions, type WaitOptions } from '../waiting.js';

/**
 * Opens a directory.
 *
 * @param given relative to the working directory, or absolute; or a file URL.
 * @param options.signal gives up: a directory that is opened all the same is closed.
 * @throws IoError ENOTDIR, ENOENT, EACCES: openat(2).
 * @throws TypeError a path that is no path, an option that there is not. @throws the signal's reason.
 */
export async function openDirectory(given: string | URL, options?: WaitOptions): Promise<Directory> {
  const path = pathOf('path', given);
  const signal = signalOf(options);
  const opened = openAt(path, signal);
  return unlessAborted(opened, signal, () => {
    opened.then(directory => directory.close()).catch(() => {});
    return true;
  });
}

async function openAt(path: string, signal: AbortSignal | undefined): Promise<Directory> {
  const { fd, place } = await openFolder(diskPool, path, undefined, { signal });
  return new Directory(new OpenDescriptor(fd, place.device, path, { place }), path);
}

/** A directory that is kept open, to open files beneath it. `openDirectory` makes one. */
export class Directory {
  /** @internal Made by `openDirectory`. */
  constructor(
    private readonly descriptor: OpenDescriptor,
    readonly path: string,
  ) {}

  /** The descriptor, which belongs to this object; -1 once closed. */
  get fd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  get isClosed(): boolean {
    return this.descriptor.isClosed;
  }

  /**
   * Closes it, once what is being opened beneath it is open; files that were opened beneath it stay open. Twice is
   * allowed.
   *
   * @param options aborting its `signal` ends the wait; it is closed all the same.
   */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, () => this.descriptor.close());
  }

  /** @internal Has `close` wait for what is done: the descriptor's number must not be another's meanwhile. */
  async during<T>(work: (folder: Beneath) => Promise<T>): Promise<T> {
    const { descriptor, path } = this;
    descriptor.enter('open');
    try {
      return await work({ fd: descriptor.fd, path, place: descriptor.place });
    } finally {
      descriptor.leave();
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  static {
    describeBy('Directory', Directory.prototype, ({ path, fd, isClosed }) => ({
      state: isClosed ? 'closed' : 'open',
      path,
      fd,
    }));
  }
}
shareAmongCopies({ Directory });
