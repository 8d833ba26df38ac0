/** Whether this kernel lets the process have an io_uring: asked by making the smallest one and closing it. */
import { errnoName } from '../ffi/errno.js';
import { close } from '../file/io.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

/** io_uring_setup(2) came late enough to have one number on every processor. */
const IO_URING_SETUP = 425;
const PARAMS_BYTES = 120;

type Setup = (number: number, entries: number, params: number) => number;
const syscall = declare<Setup>('syscall', 'int', ['long', 'uint', 'uintptr_t']);

/** @returns the errno's name with which the kernel refused, or undefined: it works. */
export function ioUringRefusal(): string | undefined {
  if (platform !== 'linux') return 'ENOSYS';
  const params = new NativeBlock(PARAMS_BYTES);
  const fd = syscall(IO_URING_SETUP, 1, params.address);
  if (fd < 0) return errnoName(errno());
  close(fd);
  return undefined;
}
