/** eventfd(2): a counter of the kernel that can be polled, Linux and FreeBSD 13. */
import { O_CLOEXEC, O_NONBLOCK } from '../ffi/constants.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno, hasFunction } from '../ffi/libc.js';
import { platform } from '../ffi/platform.js';
import { holder, owners } from '../file/owned-descriptors.js';

const nativeEventfd = declare<(initial: number, flags: number) => number>('eventfd', 'int', ['uint', 'int']);

export const hasEventfd = hasFunction('eventfd');

/** A counter of 0, non-blocking and close-on-exec. @throws IoError EMFILE, ENFILE, ENODEV. */
export function openEventfd(): number {
  // FreeBSD's EFD_ flags have numbers of their own; Linux's are those of open(2).
  const flags = platform === 'linux' ? O_NONBLOCK | O_CLOEXEC : 0x4 | 0x100000;
  const fd = nativeEventfd(0, flags);
  if (fd >= 0) owners[fd] = holder;
  if (fd < 0) throw new IoError(errno(), 'eventfd');
  return fd;
}
