/**
 * Sources of events that are no descriptors to begin with: timers, processes, changes of files, signals, wake-ups by
 * hand. A kernel with filters for them (kqueue) watches them itself; elsewhere each is made a descriptor that any
 * backend can watch. Core sees these interfaces alone.
 */
import type { WakeHandle } from '../wake-handle.js';
import type { Token } from '../../base/token.js';

/** What `take` answers when nothing has happened after all. */
export const NOTHING = -1;
/** What `take` answers for a process that ended and whose status nobody can tell any more. */
export const STATUS_UNKNOWN = -2;

/** The listener to a source's events. */
export interface SourceWatcher {
  onReady(readiness: number, data: number, errno: number): void;
}

/** One thing that is watched. Its events come from the backend, under its token, which it may share with others. */
export interface Source {
  readonly token: Token;
  /**
   * Of those that share a token, an event of which may concern any of them: has `watcher` told of this one alone.
   *
   * @returns who has to be told of the token's events in its place.
   */
  readonly share?: (watcher: SourceWatcher) => SourceWatcher;
  /**
   * What happened since the last time. Timer: expirations. Process: its wait status, or STATUS_UNKNOWN. File: a set of
   * CHANGED_ bits, empty if something happened that was not asked for. Signal: how often it came. User: 1.
   *
   * @param data that of the backend's event.
   * @returns NOTHING if nothing has happened after all: an event that comes again like this would be a spin.
   */
  take(data: number): number;
  /** Ends it, at once, before its next event. The token is dead afterwards, unless it is shared. */
  close(): void;
}

/** A source that any thread may trigger, by `triggerUserEvent(handle)`. */
export interface UserSource extends Source {
  readonly handle: UserHandle;
}

/** Made of plain numbers, so that it can be posted to a worker. Valid until its source is closed. */
export interface UserHandle extends WakeHandle {
  /** Which descriptor it is of those that have had the number, and the table of the process that says so. */
  readonly table: number;
  readonly loan: number;
}

/** The unit of a timer's times. */
export type TimeUnit = 's' | 'ms' | 'us' | 'ns';

/**
 * `after` expires once, `amount` units from now; `every` expires again and again; `at` expires once, when the wall
 * clock shows `amount` units since 1970, at once if that is past.
 */
export interface TimerSpec {
  readonly kind: 'after' | 'every' | 'at';
  /** An integer from 0 (`every`: from 1). */
  readonly amount: number;
  readonly unit: TimeUnit;
}

/** Changes of a file or directory, as bits; the numbers are those of FreeBSD's NOTE_ flags. */
export const CHANGED_DELETE = 1;
/** The content changed. */
export const CHANGED_WRITE = 2;
/** The file grew. */
export const CHANGED_EXTEND = 4;
/** Mode, owner or times changed. */
export const CHANGED_ATTRIBUTES = 8;
/** The number of its names changed. */
export const CHANGED_LINK = 16;
/** The file was renamed. */
export const CHANGED_RENAME = 32;
/** Access was revoked, or the file system unmounted. */
export const CHANGED_REVOKE = 64;
/** The file was opened. */
export const CHANGED_OPEN = 128;
/** A descriptor of the file was closed. */
export const CHANGED_CLOSE = 256;
/** A descriptor that could write was closed. */
export const CHANGED_CLOSE_WRITE = 512;
/** The file was read. */
export const CHANGED_READ = 1024;
/** A set of `CHANGED_` bits. */
export type FileChanges = number;

/** What a backend's kernel can watch. Each call starts at once and throws what the kernel refuses. */
export interface EventSources {
  /** How it is done, for people: 'kqueue filters', 'timerfd, pidfd, inotify, eventfd'. */
  readonly means: string;
  /** @throws RangeError an amount that no timer takes. @throws IoError EMFILE, ENOMEM. */
  timer(spec: TimerSpec): Source;
  /** @throws IoError ESRCH: no such process; EPERM, EMFILE. */
  process(pid: number): Source;
  /**
   * @param file a path, or an open descriptor, which stays the caller's and may be closed at once.
   * @param changes what to tell of; a change that this kernel can't tell of is refused.
   * @throws IoError ENOENT, EACCES; ENOTSUP: a change that can't be told; EINVAL: no file or directory; EMFILE.
   */
  file(file: string | number, changes: FileChanges): Source;
  user(): UserSource;
  /**
   * Counts deliveries of a signal, ignored ones too; what the signal does to the process is not changed. Absent where
   * the kernel can't in a process with several threads (Linux: a signalfd loses what other threads take).
   */
  readonly signal?: (signal: number) => Source;
}
