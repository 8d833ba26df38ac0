/** sched_setaffinity(2) and sched_getaffinity(2): which processors a thread may run on. Linux only. */
import { availableParallelism } from 'node:os';
import { isRefusal } from '../ffi/errno.js';
import { declare, errno } from '../ffi/libc.js';
import { IoError } from '../ffi/io-error.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

type Affinity = (pid: number, lengthBytes: number, address: number) => number;
const types = ['int', 'size_t', 'uintptr_t'];
const getAffinity = declare<Affinity>('sched_getaffinity', 'int', types);
const setAffinity = declare<Affinity>('sched_setaffinity', 'int', types);

/** Room for 8192 processors, the most that Linux is built for: the kernel refuses a mask that is too short. */
const MASK_BYTES = 1024;
/** Of pid: the calling thread, and not its process. */
const THIS_THREAD = 0;

/** Whether threads can be pinned here. */
export const canPin = platform === 'linux';

/** The numbers of the processors that this thread may run on; where the system does not tell, 0 to their count - 1. */
export function allowedProcessors(): number[] {
  const mask = new NativeBlock(MASK_BYTES);
  if (!canPin || getAffinity(THIS_THREAD, MASK_BYTES, mask.address) < 0) {
    if (canPin && !isRefusal(errno())) throw new IoError(errno(), 'sched_getaffinity');
    return Array.from({ length: availableParallelism() }, (_, index) => index);
  }
  const allowed: number[] = [];
  for (let cpu = 0; cpu < MASK_BYTES * 8; cpu++) if ((mask.bytes[cpu >> 3] & (1 << (cpu & 7))) !== 0) allowed.push(cpu);
  return allowed;
}

/** Binds the calling thread to one processor. @throws IoError EINVAL: it is not one of those allowed. */
export function pinThread(processor: number): void {
  const mask = new NativeBlock(MASK_BYTES);
  mask.bytes[processor >> 3] = 1 << (processor & 7);
  if (setAffinity(THIS_THREAD, MASK_BYTES, mask.address) < 0) {
    throw new IoError(errno(), 'sched_setaffinity', `processor ${processor}`);
  }
}
