/** The kernel's part of a copy between files with faults at given calls. */
import { readSync, writeSync } from 'node:fs';
import { nativeFileCopyCalls, type FileCopyCalls } from '../../../src/core/transfers/files/file-copy-calls.js';
import type { Done } from '../../../src/sys/ffi/blocking-call.js';
import { EINVAL, EOPNOTSUPP } from '../../../src/sys/ffi/errno.js';

/** What becomes of a call: done, cut to so many bytes, or answered (0, or an errno with its sign turned). */
export type Fault = 'none' | { readonly most: number } | { readonly answer: number };

/**
 * What becomes of the question whether the blocks can be shared: they are, it is refused, or it is refused when so
 * many bytes are shared already: Linux answers EINVAL then.
 */
export type Sharing = 'shared' | { readonly answer: number } | { readonly most: number };

/** Faults by call, one for each time that it is made; none when they are used up. */
export interface Faults {
  readonly cloneRange: Sharing;
  readonly copyRange: readonly Fault[];
  readonly pread: readonly Fault[];
  readonly pwrite: readonly Fault[];
  readonly seek: readonly Fault[];
  readonly punchHole: readonly Fault[];
}

type Lists = Omit<Faults, 'cloneRange'>;

const PIECE_BYTES = 64 * 1024;

/** Sharing, played: from then on the target has the bytes of the source, holes as holes or as zeros. */
function share(source: number, from: number, target: number, to: number, lengthBytes: number): void {
  const piece = Buffer.alloc(PIECE_BYTES);
  for (let done = 0; done < lengthBytes;) {
    const wanted = Math.min(PIECE_BYTES, lengthBytes - done);
    const read = readSync(source, piece, 0, wanted, from + done);
    if (read === 0) return;
    writeSync(target, piece, 0, read, to + done);
    done += read;
  }
}

/**
 * This kernel, with faults. Nothing can be shared there unless it is said, so that every way is gone: file systems that share
 * are rare where tests run.
 */
export function moodyCalls(faults: Partial<Faults>): FileCopyCalls & { readonly made: string[] } {
  const counts: Partial<Record<keyof Lists, number>> = {};
  const made: string[] = [];
  const attempt = (name: keyof Lists, lengthBytes: number, done: Done, call: (lengthBytes: number) => void): void => {
    made.push(name);
    const index = counts[name] ?? 0;
    counts[name] = index + 1;
    const fault = faults[name]?.[index] ?? 'none';
    if (fault === 'none') call(lengthBytes);
    else if ('answer' in fault) setImmediate(() => done(fault.answer));
    else call(Math.min(lengthBytes, fault.most));
  };
  const native = nativeFileCopyCalls;
  return {
    ...native,
    made,
    cloneRange: (source, from, target, to, lengthBytes, done) => {
      made.push('cloneRange');
      const sharing = faults.cloneRange ?? { answer: -EOPNOTSUPP };
      setImmediate(() => {
        if (sharing === 'shared') share(source, from, target, to, lengthBytes);
        else if ('most' in sharing) share(source, from, target, to, Math.min(sharing.most, lengthBytes));
        done(sharing === 'shared' ? 0 : 'most' in sharing ? -EINVAL : sharing.answer);
      });
    },
    copyRange: (source, from, target, to, lengthBytes, done) =>
      attempt('copyRange', lengthBytes, done, most => native.copyRange(source, from, target, to, most, done)),
    pread: (fd, address, lengthBytes, offset, done) =>
      attempt('pread', lengthBytes, done, most => native.pread(fd, address, most, offset, done)),
    pwrite: (fd, address, lengthBytes, offset, done) =>
      attempt('pwrite', lengthBytes, done, most => native.pwrite(fd, address, most, offset, done)),
    seek: (fd, offset, whence, done) => attempt('seek', 0, done, () => native.seek(fd, offset, whence, done)),
    punchHole: (fd, offset, lengthBytes, done) =>
      attempt('punchHole', 0, done, () => native.punchHole(fd, offset, lengthBytes, done)),
  };
}
