/** One clock for all threads of the process, which nobody sets: `performance.now()` begins anew in each of them. */
import { IoError } from './io-error.js';
import { declare, errno } from './libc.js';
import { NativeBlock } from './memory.js';
import { platform } from './platform.js';

/** CLOCK_MONOTONIC. */
const MONOTONIC = { linux: 1, freebsd: 4, openbsd: 3, netbsd: 3, darwin: 6, unsupported: 1 }[platform];

const clockGettime = declare<(clock: number, address: number) => number>('clock_gettime', 'int', ['int', 'uintptr_t']);
const timespec = new NativeBlock(16);

/** Milliseconds since some moment. @throws IoError EINVAL. */
export function sharedClockMs(): number {
  if (clockGettime(MONOTONIC, timespec.address) < 0) throw new IoError(errno(), 'clock_gettime');
  const { u32 } = timespec;
  return (u32[1] * 2 ** 32 + u32[0]) * 1_000 + Math.floor(u32[2] / 1e6);
}
