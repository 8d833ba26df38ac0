/**
 * Sources in kqueue's words: which filter watches what, and what its events say. Where the filters live, in the
 * backend's own queue or each in a queue of its own, is up to `place`.
 */
import { fstatSync, openSync } from 'node:fs';
import { O_CLOEXEC, O_NONBLOCK } from '../../sys/ffi/constants.js';
import { EACCES, ENOTSUP } from '../../sys/ffi/errno.js';
import { close, dup } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { KqueueConstants } from '../../sys/poll/kqueue-constants.js';
import type { KqueueCalls } from '../../sys/poll/kqueue.js';
import { platform } from '../../sys/ffi/platform.js';
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
  STATUS_UNKNOWN,
  type EventSources,
  type FileChanges,
  type Source,
  type TimerSpec,
  type TimeUnit,
  type UserSource,
} from './contract.js';
import { checkTimerSpec, knoteAmountOf } from './timer-spec.js';
import type { Knote } from '../../sys/poll/knote.js';

/** How files to watch are opened; a model of a kernel has files of its own. */
export interface WatchedFiles {
  /** A descriptor of its own for the file. @throws IoError */
  open(file: string | number): number;
  stat(fd: number): WatchedStat;
  close(fd: number): void;
}

export interface WatchedStat {
  readonly isDirectory: boolean;
  /** How many names it has. */
  readonly links: number;
  readonly sizeBytes: number;
}

type Constant = keyof KqueueConstants;

const UNITS: Readonly<Record<TimeUnit, Constant>> = {
  s: 'NOTE_SECONDS',
  ms: 'NOTE_MSECONDS',
  us: 'NOTE_USECONDS',
  ns: 'NOTE_NSECONDS',
};

const NOTES: readonly (readonly [FileChanges, Constant])[] = [
  [CHANGED_DELETE, 'NOTE_DELETE'],
  [CHANGED_WRITE, 'NOTE_WRITE'],
  [CHANGED_EXTEND, 'NOTE_EXTEND'],
  [CHANGED_ATTRIBUTES, 'NOTE_ATTRIB'],
  [CHANGED_LINK, 'NOTE_LINK'],
  [CHANGED_RENAME, 'NOTE_RENAME'],
  [CHANGED_REVOKE, 'NOTE_REVOKE'],
  [CHANGED_OPEN, 'NOTE_OPEN'],
  [CHANGED_CLOSE, 'NOTE_CLOSE'],
  [CHANGED_CLOSE_WRITE, 'NOTE_CLOSE_WRITE'],
  [CHANGED_READ, 'NOTE_READ'],
];

export abstract class KnoteSources implements EventSources {
  abstract readonly means: string;
  protected readonly constants: KqueueConstants;

  constructor(
    protected readonly calls: KqueueCalls,
    private readonly files: WatchedFiles = nativeFiles,
  ) {
    this.constants = calls.system.constants;
  }

  timer(spec: TimerSpec): Source {
    checkTimerSpec(spec);
    const { EV_ADD, EV_CLEAR, EV_ONESHOT, EVFILT_TIMER, NOTE_ABSTIME } = this.constants;
    const flags = EV_ADD | (spec.kind === 'every' ? EV_CLEAR : EV_ONESHOT);
    const fflags = this.constants[UNITS[spec.unit]]! | (spec.kind === 'at' ? NOTE_ABSTIME : 0);
    const ident = this.freshIdent(EVFILT_TIMER);
    return this.place({ ident, filter: EVFILT_TIMER, flags, fflags, data: knoteAmountOf(spec) }, 'a timer');
  }

  process(pid: number): Source {
    const { EV_ADD, EVFILT_PROC, NOTE_EXIT, NOTE_EXITSTATUS } = this.constants;
    const knote = { ident: pid, filter: EVFILT_PROC, flags: EV_ADD, fflags: NOTE_EXIT, data: 0 };
    const title = `process ${pid}`;
    if (NOTE_EXITSTATUS === undefined) return this.place(knote, title);
    try {
      return this.place({ ...knote, fflags: (NOTE_EXIT | NOTE_EXITSTATUS) >>> 0 }, title);
    } catch (error) {
      if (!(error instanceof IoError) || error.errno !== EACCES) throw error;
      return new StatuslessSource(this.place(knote, title));
    }
  }

  readonly signal = (signal: number): Source => {
    const { EV_ADD, EV_CLEAR, EVFILT_SIGNAL } = this.constants;
    const knote = { ident: signal, filter: EVFILT_SIGNAL, flags: EV_ADD | EV_CLEAR, fflags: 0, data: 0 };
    return this.place(knote, `signal ${signal}`);
  };

  file(file: string | number, changes: FileChanges): Source {
    const { EV_ADD, EV_CLEAR, EVFILT_VNODE } = this.constants;
    const title = typeof file === 'number' ? `descriptor ${file}` : file;
    // More than was asked for, since `translate` makes other changes of them.
    const told = changes & (CHANGED_WRITE | CHANGED_EXTEND) ? changes | CHANGED_ATTRIBUTES : changes;
    const fflags = this.notesOf(told & CHANGED_LINK ? told | CHANGED_DELETE : told, title);
    const fd = this.files.open(file);
    try {
      const source = this.place({ ident: fd, filter: EVFILT_VNODE, flags: EV_ADD | EV_CLEAR, fflags, data: 0 }, title);
      return new FileSource(source, fd, changes, this.files);
    } catch (error) {
      this.files.close(fd);
      throw error;
    }
  }

  abstract user(): UserSource;

  /**
   * Puts a filter where it is watched.
   *
   * @param title for messages.
   * @throws IoError what the kernel refused.
   */
  protected abstract place(knote: Knote, title: string): Source;

  /** A number that no filter of this kind has in the queue where it is going to be placed. */
  protected abstract freshIdent(filter: number): number;

  private notesOf(changes: FileChanges, title: string): number {
    let notes = 0;
    for (const [change, name] of NOTES) {
      if ((changes & change) === 0) continue;
      const note = this.constants[name];
      if (note === undefined) throw new IoError(ENOTSUP, 'watch', title, `${this.calls.system.name} has no ${name}`);
      notes |= note;
    }
    return notes;
  }
}

/** What an event says, as the one number of `Source.take`: notes for a file, 1 for a user event, otherwise its data. */
export function reportOf(filter: number, fflags: number, data: number, constants: KqueueConstants): number {
  if (filter === constants.EVFILT_USER) return 1;
  if (filter !== constants.EVFILT_VNODE) return data;
  let changes = 0;
  for (const [change, name] of NOTES) if ((fflags & (constants[name] ?? 0)) !== 0) changes |= change;
  return changes;
}

/**
 * Holds what is watched open as long as it is watched, and brings its notes to what they mean elsewhere: FreeBSD says
 * "deleted" also while other names remain, and "attributes" of a change of size by ftruncate(2).
 */
class FileSource implements Source {
  readonly token;
  private before: WatchedStat;

  constructor(
    private readonly source: Source,
    private readonly fd: number,
    private readonly wanted: FileChanges,
    private readonly files: WatchedFiles,
  ) {
    this.token = source.token;
    this.before = files.stat(fd);
  }

  take(data: number): number {
    const notes = this.source.take(data);
    if (notes === NOTHING || this.before.isDirectory) return notes;
    return this.translate(notes) & this.wanted;
  }

  close(): void {
    this.source.close();
    this.files.close(this.fd);
  }

  private translate(notes: FileChanges): FileChanges {
    const { before } = this;
    const after = (this.before = this.files.stat(this.fd));
    let changes = notes;
    if ((notes & CHANGED_DELETE) !== 0 && after.links > 0) changes = (notes & ~CHANGED_DELETE) | CHANGED_LINK;
    if ((notes & CHANGED_ATTRIBUTES) !== 0 && after.sizeBytes !== before.sizeBytes) {
      changes |= CHANGED_WRITE | (after.sizeBytes > before.sizeBytes ? CHANGED_EXTEND : 0);
    }
    return changes;
  }
}

/** macOS tells the status of children alone. */
class StatuslessSource implements Source {
  readonly token;

  constructor(private readonly source: Source) {
    this.token = source.token;
  }

  take(): number {
    return STATUS_UNKNOWN;
  }

  close(): void {
    this.source.close();
  }
}

/** macOS: opens for events alone, which does not keep a volume from being unmounted. */
const O_EVTONLY = 0x8000;

/** There is no way to ask these systems without waiting: a watch of a file that a server has waits for the server. */
const nativeFiles: WatchedFiles = {
  open(file) {
    if (typeof file === 'number') return dup(file);
    let fd: number;
    try {
      // Non-blocking for the case that it is a FIFO.
      fd = openSync(file, (platform === 'darwin' ? O_EVTONLY : 0) | O_NONBLOCK | O_CLOEXEC);
    } catch (error) {
      throw new IoError((error as NodeJS.ErrnoException).code ?? 'EIO', 'open', file);
    }
    return fd;
  },
  stat(fd) {
    const stats = fstatSync(fd);
    return { isDirectory: stats.isDirectory(), links: stats.nlink, sizeBytes: stats.size };
  },
  close,
};
