/**
 * Changes of one file by inotify, in the words of kqueue's vnode filter.
 *
 * A file is held open (O_PATH: that neither counts as an open nor needs permission to read), for two reasons: inotify
 * says "attributes" of a link that came or went, and only the number of links tells which; and the size tells whether a
 * write extended it. A directory is not held: inotify tells of its removal only when nobody holds it.
 */
import type { Token } from '../../base/token.js';
import { closeSync, openSync } from 'node:fs';
import { O_CLOEXEC } from '../../sys/ffi/constants.js';
import { EBADF, EINVAL } from '../../sys/ffi/errno.js';
import { fstatNow, type FileStat } from '../../sys/file/file-stat.js';
import { IoError } from '../../sys/ffi/io-error.js';
import {
  IN_ACCESS,
  IN_ATTRIB,
  IN_CLOSE_NOWRITE,
  IN_CLOSE_WRITE,
  IN_CREATE,
  IN_DELETE,
  IN_DELETE_SELF,
  IN_ISDIR,
  IN_MODIFY,
  IN_MOVE_SELF,
  IN_MOVED_FROM,
  IN_MOVED_TO,
  IN_OPEN,
  IN_Q_OVERFLOW,
  IN_UNMOUNT,
} from '../../sys/poll/inotify.js';
import {
  CHANGED_ATTRIBUTES,
  CHANGED_CLOSE,
  CHANGED_CLOSE_WRITE,
  CHANGED_DELETE,
  CHANGED_EXTEND,
  CHANGED_LINK,
  CHANGED_OPEN,
  CHANGED_READ,
  CHANGED_RENAME,
  CHANGED_REVOKE,
  CHANGED_WRITE,
  NOTHING,
  type FileChanges,
  type Source,
  type SourceWatcher,
} from './contract.js';
import type { InotifyQueues, Membership, QueueMember } from './inotify-queue.js';

const O_PATH = 0o10000000;
const ENTRIES = IN_CREATE | IN_DELETE | IN_MOVED_FROM | IN_MOVED_TO;

/** @throws IoError ENOENT, EACCES, EBADF; EINVAL: neither file nor directory; EMFILE, ENOSPC. */
export function openInotifySource(queues: InotifyQueues, file: string | number, changes: FileChanges): Source {
  const held = openPath(file);
  try {
    const stat = statOf(held, nameOf(file));
    if (stat.kind === 'file') return new FileSource(queues, held, changes, { stat, title: nameOf(file) });
    if (stat.kind !== 'directory') throw new IoError(EINVAL, 'watch', nameOf(file), 'neither a file nor a directory');
    const source = new DirectorySource(queues, held, changes, nameOf(file));
    closeSync(held);
    return source;
  } catch (error) {
    closeSync(held);
    throw error;
  }
}

abstract class InotifySource implements Source, QueueMember {
  readonly token: Token;
  watcher: SourceWatcher | undefined = undefined;
  private readonly membership: Membership;
  private changes: FileChanges = 0;
  private hasRecords = false;
  isClosed = false;

  /** @param fd of what is watched. */
  constructor(
    private readonly queues: InotifyQueues,
    fd: number,
    private readonly wanted: FileChanges,
    isDirectory: boolean,
    readonly title: string,
  ) {
    this.membership = queues.join(this, descriptorPath(fd), maskOf(wanted, isDirectory));
    this.token = this.membership.queue.token;
  }

  share(watcher: SourceWatcher): SourceWatcher {
    this.watcher = watcher;
    return this.membership.queue;
  }

  take(): number {
    if (!this.hasRecords) this.membership.queue.drain();
    if (!this.hasRecords) return NOTHING;
    const changes = this.changes & this.wanted;
    this.changes = 0;
    this.hasRecords = false;
    return changes;
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.queues.leave(this.membership);
  }

  onRecord(mask: number, ofEntry: boolean): void {
    this.hasRecords = true;
    // Records are missing: anything may have happened.
    if ((mask & IN_Q_OVERFLOW) !== 0) this.changes = this.wanted;
    else this.changes |= this.meaningOf(mask, ofEntry);
  }

  /** What a record about the watched thing itself, or about an entry of the directory, means. */
  protected abstract meaningOf(mask: number, ofEntry: boolean): FileChanges;
}

class FileSource extends InotifySource {
  private stat: FileStat;

  /** @param held becomes the source's, unless this throws. */
  constructor(
    queues: InotifyQueues,
    private readonly held: number,
    wanted: FileChanges,
    { stat, title }: { readonly stat: FileStat; readonly title: string },
  ) {
    super(queues, held, wanted, false, title);
    this.stat = stat;
  }

  override close(): void {
    if (this.isClosed) return;
    super.close();
    closeSync(this.held);
  }

  protected override meaningOf(mask: number): FileChanges {
    const changes = plainChanges(mask);
    return (mask & (IN_ATTRIB | IN_MODIFY)) === 0 ? changes : changes | this.compare(mask);
  }

  private compare(mask: number): FileChanges {
    const before = this.stat;
    // What made the kernel send the record is in its memory, whatever file system it is.
    const after = (this.stat = statOf(this.held, this.title));
    if ((mask & IN_MODIFY) !== 0) return CHANGED_WRITE | (after.sizeBytes > before.sizeBytes ? CHANGED_EXTEND : 0);
    if (after.links === 0) return CHANGED_DELETE;
    const sameOwner = after.mode === before.mode && after.userId === before.userId && after.groupId === before.groupId;
    const link = after.links === before.links ? 0 : CHANGED_LINK;
    return link !== 0 && sameOwner ? link : link | CHANGED_ATTRIBUTES;
  }
}

class DirectorySource extends InotifySource {
  constructor(queues: InotifyQueues, fd: number, wanted: FileChanges, title: string) {
    super(queues, fd, wanted, true, title);
  }

  protected override meaningOf(mask: number, ofEntry: boolean): FileChanges {
    if ((mask & ENTRIES) !== 0) {
      // A directory's own ".." is a link to the one above it.
      const links = (mask & (IN_CREATE | IN_DELETE)) !== 0 && (mask & IN_ISDIR) !== 0;
      return CHANGED_WRITE | (links ? CHANGED_LINK : 0);
    }
    // Entries that are opened, read or changed are no change of the directory.
    if (ofEntry) return 0;
    return plainChanges(mask) | ((mask & IN_ATTRIB) !== 0 ? CHANGED_ATTRIBUTES : 0);
  }
}

/** What needs no second look. */
function plainChanges(mask: number): FileChanges {
  return (
    ((mask & IN_DELETE_SELF) !== 0 ? CHANGED_DELETE : 0) |
    ((mask & IN_MOVE_SELF) !== 0 ? CHANGED_RENAME : 0) |
    ((mask & IN_UNMOUNT) !== 0 ? CHANGED_REVOKE : 0) |
    ((mask & IN_OPEN) !== 0 ? CHANGED_OPEN : 0) |
    ((mask & IN_CLOSE_NOWRITE) !== 0 ? CHANGED_CLOSE : 0) |
    ((mask & IN_CLOSE_WRITE) !== 0 ? CHANGED_CLOSE_WRITE : 0) |
    ((mask & IN_ACCESS) !== 0 ? CHANGED_READ : 0)
  );
}

function maskOf(changes: FileChanges, isDirectory: boolean): number {
  const asks = (wanted: FileChanges, mask: number): number => ((changes & wanted) !== 0 ? mask : 0);
  return (
    // Always something: the kernel refuses an empty mask.
    IN_DELETE_SELF |
    asks(CHANGED_DELETE | CHANGED_ATTRIBUTES | CHANGED_LINK, IN_ATTRIB) |
    asks(CHANGED_WRITE | CHANGED_EXTEND | (isDirectory ? CHANGED_LINK : 0), isDirectory ? ENTRIES : IN_MODIFY) |
    asks(CHANGED_RENAME, IN_MOVE_SELF) |
    asks(CHANGED_OPEN, IN_OPEN) |
    asks(CHANGED_CLOSE, IN_CLOSE_NOWRITE) |
    asks(CHANGED_CLOSE_WRITE, IN_CLOSE_WRITE) |
    asks(CHANGED_READ, IN_ACCESS)
  );
}

function statOf(fd: number, title: string): FileStat {
  const stat = fstatNow(fd);
  if (typeof stat === 'number') throw new IoError(-stat, 'fstat', title);
  return stat;
}

/**
 * The look-up of a path may wait; with O_PATH nothing else does. A descriptor is found without one. Node notes what a
 * worker opens by it, and closes it with the worker: so it is closed by Node, too.
 */
function openPath(file: string | number): number {
  try {
    return openSync(typeof file === 'number' ? descriptorPath(file) : file, O_PATH | O_CLOEXEC);
  } catch (error) {
    const code = (error as NodeJS.ErrnoException).code ?? 'EIO';
    throw new IoError(typeof file === 'number' && code === 'ENOENT' ? EBADF : code, 'open', nameOf(file));
  }
}

/** inotify takes paths alone; this one leads to the very file, whatever its name is now. */
function descriptorPath(fd: number): string {
  return `/proc/self/fd/${fd}`;
}

function nameOf(file: string | number): string {
  return typeof file === 'number' ? `descriptor ${file}` : file;
}
