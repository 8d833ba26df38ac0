/** Whether something is a file with content at offsets, and whether its size is that of its content. */
import { EINVAL, EISDIR } from '../../sys/ffi/errno.js';
import type { FileStat } from '../../sys/file/file-stat.js';
import { IoError } from '../../sys/ffi/io-error.js';

/**
 * @param verb what is done to files here, for the message: 'opened', 'copied'.
 * @throws IoError EISDIR, EINVAL: it is something else.
 */
export function checkRegular({ kind }: FileStat, syscall: string, target: string, verb: string): void {
  if (kind === 'file') return;
  const explanation = `it is a ${kind}; only regular files are ${verb}`;
  throw new IoError(kind === 'directory' ? EISDIR : EINVAL, syscall, target, explanation);
}

/** Largest size of a file that takes no block and may still have other content: a page, in sysfs. */
const MADE_UP_BYTES = 4096;

/**
 * Whether the size of a file says nothing of its content, which may be made up as it is read (/proc, mqueue, FUSE):
 * only reading it to its end tells. Files of a local file system have the size that they say.
 */
export function saysNoSize({ sizeBytes, allocatedBytes }: FileStat): boolean {
  return sizeBytes === 0 || (sizeBytes <= MADE_UP_BYTES && allocatedBytes === 0);
}
