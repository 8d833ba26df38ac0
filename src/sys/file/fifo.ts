/** mkfifo(2): a pipe with a name. */
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';

const nativeMkfifo = declare<(path: string, mode: number) => number>('mkfifo', 'int', ['str', 'uint']);

/** @throws IoError EEXIST, ENOENT, ENOTDIR, EACCES, ENOSPC. */
export function mkfifo(path: string, mode = 0o600): void {
  if (nativeMkfifo(path, mode) < 0) throw new IoError(errno(), 'mkfifo', path);
}
