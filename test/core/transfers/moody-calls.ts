/** The kernel's part of a copy between files with faults at given calls. */
import { nativeFileCopyCalls, type FileCopyCalls } from '../../../src/core/transfers/file-copy-calls.js';
import type { Done } from '../../../src/sys/blocking-call.js';
import { EOPNOTSUPP } from '../../../src/sys/errno.js';

/** What becomes of a call: done, cut to so many bytes, or answered (0, or an errno with its sign turned). */
export type Fault = 'none' | { readonly most: number } | { readonly answer: number };

/** Faults by call, one for each time that it is made; none when they are used up. */
export interface Faults {
  readonly copyRange: readonly Fault[];
  readonly pread: readonly Fault[];
  readonly pwrite: readonly Fault[];
  readonly seek: readonly Fault[];
  readonly punchHole: readonly Fault[];
}

/** This kernel, with faults. Nothing can be shared there, so that every way is gone. */
export function moodyCalls(faults: Partial<Faults>): FileCopyCalls & { readonly made: string[] } {
  const counts: Partial<Record<keyof Faults, number>> = {};
  const made: string[] = [];
  const attempt = (name: keyof Faults, lengthBytes: number, done: Done, call: (lengthBytes: number) => void): void => {
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
    cloneRange: (...args) => setImmediate(() => args[5](-EOPNOTSUPP)),
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
