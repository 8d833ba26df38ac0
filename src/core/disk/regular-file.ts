/** Whether something is a file with content at offsets. */
import { EINVAL, EISDIR } from '../../sys/errno.js';
import type { FileStat } from '../../sys/file-stat.js';
import { IoError } from '../../sys/io-error.js';

/**
 * @param verb what is done to files here, for the message: 'opened', 'copied'.
 * @throws IoError EISDIR, EINVAL: it is something else.
 */
export function checkRegular({ kind }: FileStat, syscall: string, target: string, verb: string): void {
  if (kind === 'file') return;
  const explanation = `it is a ${kind}; only regular files are ${verb}`;
  throw new IoError(kind === 'directory' ? EISDIR : EINVAL, syscall, target, explanation);
}
