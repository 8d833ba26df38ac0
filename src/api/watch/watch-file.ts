/** Changes of files and directories. */
import { describeBy } from '../../base/inspection.js';
import { isUrl } from '../../base/kinds.js';
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
  type FileChanges,
} from '../../backends/sources/contract.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { checkCallback, MAX_DESCRIPTOR, pathOf, shown } from '../../base/arguments.js';
import { optional, valuesOf, type OptionTable } from '../../base/options.js';
import { currentReactor } from '../thread-reactor.js';
import { EventWatch } from './event-watch.js';

const BITS = {
  /** Its last name was removed, or it was replaced by a rename. */
  delete: CHANGED_DELETE,
  /** Its bytes changed; a directory: entries came, went or were renamed. */
  write: CHANGED_WRITE,
  /** It grew. */
  extend: CHANGED_EXTEND,
  /** Its mode, owner or times changed. */
  attributes: CHANGED_ATTRIBUTES,
  /** It got or lost a name, and has one left; a directory: a directory in it came or went. */
  link: CHANGED_LINK,
  /** It was renamed. */
  rename: CHANGED_RENAME,
  /** Its file system was unmounted, or access to it was revoked. */
  revoke: CHANGED_REVOKE,
  /** Somebody opened it; closed it, without and with leave to write; read from it. Not on macOS and OpenBSD. */
  open: CHANGED_OPEN,
  close: CHANGED_CLOSE,
  closeWrite: CHANGED_CLOSE_WRITE,
  read: CHANGED_READ,
} as const;

/** What can happen to a watched file. */
export type FileChange = keyof typeof BITS;

const NAMES = Object.keys(BITS) as FileChange[];
const DEFAULT_CHANGES: readonly FileChange[] = ['delete', 'write', 'extend', 'attributes', 'link', 'rename', 'revoke'];

/** Options of `watchFile`. */
export interface FileWatchOptions {
  /** What to tell of. Default: everything but 'open', 'close', 'closeWrite' and 'read'. */
  readonly changes?: readonly FileChange[];
}

const FILE_WATCH_OPTIONS = { changes: optional(checkChanges, DEFAULT_CHANGES) } satisfies OptionTable<FileWatchOptions>;

/**
 * Watches a file or a directory: the very file, under whatever name, and not a name. A file that is replaced by another
 * of the same name tells 'delete'; watch the directory to learn of the other.
 *
 * A path is looked up in this call, which waits for its file system. Where that may take long (NFS, FUSE), `open` the
 * file, which waits elsewhere, and watch its descriptor.
 *
 * @param file a path, a file URL, or an open descriptor, which stays yours and may be closed at once.
 * @param onChange gets what changed since it was last called; several changes are one event.
 * @returns a watch whose events are sets of changes.
 * @throws TypeError changes: none, or one that does not exist.
 * @throws IoError ENOENT, EACCES, EBADF; EINVAL: neither file nor directory; ENOTSUP: a change that this system can't
 *   tell; EMFILE, ENOSPC (Linux: fs.inotify.max_user_instances, 128 a user as a rule, and max_user_watches). See
 *   inotify(7), kqueue(2) (EVFILT_VNODE).
 */
export function watchFile(
  file: string | URL | number,
  options: FileWatchOptions = {},
  onChange?: (changes: ReadonlySet<FileChange>) => void,
): FileWatch {
  const { changes } = valuesOf(FILE_WATCH_OPTIONS, options);
  checkCallback('onChange', onChange);
  const bits = changes.reduce((sum, name) => sum | BITS[name], 0);
  return new FileWatch(currentReactor(), fileOf(file), bits, onChange);
}

export class FileWatch extends EventWatch<ReadonlySet<FileChange>> {
  /** @internal Made by `watchFile`. */
  constructor(
    reactor: Reactor,
    file: string | number,
    changes: FileChanges,
    onChange: ((changes: ReadonlySet<FileChange>) => void) | undefined,
  ) {
    super(reactor, typeof file === 'number' ? `descriptor ${file}` : file, onChange);
    this.begin(reactor.driver.sources.file(file, changes));
  }

  protected override onTaken(bits: FileChanges): void {
    if (bits === 0) return;
    this.tell(new Set(NAMES.filter(name => (bits & BITS[name]) !== 0)));
  }

  protected override merge(earlier: ReadonlySet<FileChange>, later: ReadonlySet<FileChange>): ReadonlySet<FileChange> {
    return new Set([...earlier, ...later]);
  }
}
describeBy('FileWatch', FileWatch.prototype, watch => watch.describe());

function fileOf(file: string | URL | number): string | number {
  if (typeof file === 'string' || isUrl(file)) return pathOf('file', file);
  if (Number.isInteger(file) && file >= 0 && file <= MAX_DESCRIPTOR) return file;
  throw new TypeError(`file: ${shown(file)}; allowed: a path, a file URL, or a descriptor from 0 to ${MAX_DESCRIPTOR}`);
}

function checkChanges(option: string, changes: readonly FileChange[]): void {
  const allowed = `allowed: ${NAMES.join(', ')}`;
  const isArray: boolean = Array.isArray(changes);
  if (!isArray) throw new TypeError(`${option}: ${shown(changes)}; ${allowed}, in an array`);
  const unknown = changes.find((name: FileChange) => !Object.hasOwn(BITS, name));
  if (unknown !== undefined) throw new TypeError(`${option}: ${shown(unknown)}; ${allowed}`);
  if (changes.length === 0) throw new TypeError(`${option}: none; ${allowed}`);
}
