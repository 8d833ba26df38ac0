/**
 * Opening a path that may not lead out of a directory: by the kernel, or component by component where it can't. Both
 * follow symbolic links and `..` as long as they stay inside, and refuse absolute targets and links that lead outside.
 */
import { EAGAIN, EISDIR, ELOOP, EMLINK, ENAMETOOLONG, ENOTDIR, EXDEV, isRefusal } from '../../sys/ffi/errno.js';
import {
  O_CREAT,
  O_DIRECTORY,
  O_NOFOLLOW,
  O_PATH,
  O_RESOLVE_BENEATH,
  RESOLVE_BENEATH,
  RESOLVE_NO_MAGICLINKS,
} from '../../sys/file/file-constants.js';
import { O_CLOEXEC } from '../../sys/ffi/constants.js';
import { closeFile, openat, openat2, openCached, pathBlock, readlinkat } from '../../sys/file/open-file.js';
import type { DeviceCalls } from './pool.js';

/**
 * The kernel's part, in an object so that a test can lack some of it. Results below 0 are errnos with their sign
 * turned.
 */
export interface OpenCalls {
  readonly openat: typeof openat;
  readonly openat2: typeof openat2;
  readonly openCached: typeof openCached;
  readonly readlinkat: typeof readlinkat;
  readonly closeFile: typeof closeFile;
  /** The flag of openat(2) that keeps a path inside; 0 where there is none. */
  readonly beneathFlag: number;
}

export const nativeOpenCalls: OpenCalls = {
  openat,
  openat2,
  openCached,
  readlinkat,
  closeFile,
  beneathFlag: O_RESOLVE_BENEATH,
};

/** What openat2(2) is told so that a path stays inside. */
export const BENEATH = RESOLVE_BENEATH | RESOLVE_NO_MAGICLINKS;

/** What FreeBSD's kernel says of a path that leads outside; here it is EXDEV everywhere, as on Linux. */
const ENOTCAPABLE = 93;

/** As many links as Linux follows in one path. */
const MOST_LINKS = 40;
/** A path has fewer. */
const MOST_PATH_BYTES = 4096;
/** openat2 gives up while somebody renames directories on the way; a second try mostly finds them settled. */
const TRIES = 8;
/** What openat(2) with O_NOFOLLOW says of a link: ENOTDIR if a directory was asked for, ELOOP, on some BSDs EMLINK. */
const MAYBE_LINK = new Set([ELOOP, ENOTDIR, EMLINK]);

/** What to open, and how. */
export interface Opening {
  readonly path: string;
  /** O_... */
  readonly flags: number;
  /** Permissions of a file that is made. */
  readonly mode: number;
  /** Takes back what has not begun. What was opened is closed. */
  readonly signal?: AbortSignal;
}

/**
 * Opens a path that stays beneath a directory.
 *
 * @param directory an open descriptor, which stays the caller's.
 * @returns a descriptor, or an errno with its sign turned: EXDEV if the path leads outside.
 */
export async function openBeneath(
  pool: DeviceCalls,
  directory: number,
  opening: Opening,
  calls: OpenCalls,
): Promise<number> {
  const { path, flags, mode } = opening;
  const block = pathBlock(path);
  for (let tries = 0; tries < TRIES; tries++) {
    const result = await pool.call(done =>
      // The kernel refuses a mode where nothing is made.
      calls.openat2(directory, block, flags, (flags & O_CREAT) === 0 ? 0 : mode, BENEATH, done),
    );
    // It may be a sandbox's word on the call; if it is the kernel's on the file, the other way finds it again.
    if (isRefusal(-result)) break;
    if (result !== -EAGAIN) return result;
  }
  if (calls.beneathFlag !== 0) {
    const result = await pool.call(done => calls.openat(directory, block, flags | calls.beneathFlag, mode, done));
    return result === -ENOTCAPABLE ? -EXDEV : result;
  }
  return new Walk(pool, directory, calls).open(opening);
}

/** The way through a path by descriptors of its directories, which nobody can pull outside while it is gone. */
class Walk {
  /** Directories below the first, each inside the one before. */
  private readonly inner: number[] = [];
  private links = 0;

  constructor(
    private readonly pool: DeviceCalls,
    private readonly root: number,
    private readonly calls: OpenCalls,
  ) {}

  async open(opening: Opening): Promise<number> {
    try {
      return await this.resolve(opening);
    } finally {
      while (this.inner.length > 0) await this.leave();
    }
  }

  private async resolve({ path, flags, mode }: Opening): Promise<number> {
    if (path.startsWith('/')) return -EXDEV;
    if (Buffer.byteLength(path) >= MOST_PATH_BYTES) return -ENAMETOOLONG;
    let wantsDirectory = path.endsWith('/');
    const names = namesOf(path);
    for (let name = names.shift(); name !== undefined; name = names.shift()) {
      const isLast = names.length === 0;
      if (name === '.') break;
      if (name === '..') {
        if (this.inner.length === 0) return -EXDEV;
        await this.leave();
        continue;
      }
      // What is made is a file, and named as one.
      if (isLast && wantsDirectory && (flags & O_CREAT) !== 0) return -EISDIR;
      const lastFlags = wantsDirectory ? flags | O_DIRECTORY : flags;
      const result = isLast
        ? await this.openat(name, lastFlags, mode)
        : await this.openat(name, O_PATH | O_DIRECTORY, 0);
      if (result >= 0) {
        if (isLast) return result;
        this.inner.push(result);
        continue;
      }
      const target = MAYBE_LINK.has(-result) ? await this.readlinkat(name) : result;
      if (typeof target === 'number') return result;
      if (++this.links > MOST_LINKS) return -ELOOP;
      if (target.startsWith('/')) return -EXDEV;
      if (isLast && target.endsWith('/')) wantsDirectory = true;
      names.unshift(...namesOf(target));
    }
    return this.openat('.', flags, mode);
  }

  private get top(): number {
    return this.inner[this.inner.length - 1] ?? this.root;
  }

  private openat(name: string, flags: number, mode: number): Promise<number> {
    const { pool, calls, top } = this;
    const block = pathBlock(name);
    return pool.call(done => calls.openat(top, block, flags | O_NOFOLLOW | O_CLOEXEC, mode, done));
  }

  private readlinkat(name: string): Promise<string | number> {
    const { pool, calls, top } = this;
    return new Promise((resolve, reject) => {
      pool
        .call(done =>
          calls.readlinkat(top, pathBlock(name), target => {
            resolve(target);
            done(0);
          }),
        )
        .catch(reject);
    });
  }

  private async leave(): Promise<void> {
    const fd = this.inner.pop()!;
    await this.pool.release(done => this.calls.closeFile(fd, done));
  }
}

/** Without the parts that stay where they are, but for the last: what is before it has to be a directory. */
function namesOf(path: string): string[] {
  const names = path.split('/').filter(name => name !== '');
  return names.filter((name, index) => name !== '.' || index === names.length - 1);
}
