/** pidfd_open(2): a process as a descriptor, Linux 5.3 and later, and what it left behind when it ended. */
import { errnoNumber, isRefusal } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { holder, owners } from '../file/owned-descriptors.js';

/** Late enough to have one number on every processor. */
const PIDFD_OPEN = 434;
const P_PIDFD = 3;
const WNOHANG = 1;
const WEXITED = 4;
const WNOWAIT = 0x01000000;
const CLD_EXITED = 1;
/** siginfo_t of a child on 64-bit Linux, in 32-bit words. */
const SI_CODE = 2;
const SI_PID = 4;
const SI_STATUS = 6;
const SIGINFO_BYTES = 128;
/** _IOWR(0xff, 11, struct pidfd_info) with its first 64 bytes, Linux 6.13; the exit status in it is Linux 6.15's. */
const PIDFD_GET_INFO = 0xc040ff0b;
const PIDFD_INFO_EXIT = 8;
const EXIT_CODE_WORD = 15;

const open = declare<(number: number, pid: number, flags: number) => number>('syscall', 'int', ['long', 'int', 'uint']);
type Waitid = (type: number, id: number, siginfo: number, options: number) => number;
const waitid = declare<Waitid>('waitid', 'int', ['int', 'uint', 'uintptr_t', 'int']);
type Ioctl = (fd: number, request: number, type: 'uintptr_t', address: number) => number;
const ioctl = declare<Ioctl>('ioctl', 'int', ['int', 'ulong', '...']);

const block = new NativeBlock(SIGINFO_BYTES);

/** What `exitStatus` answers besides a wait status. */
export const STILL_RUNNING = -1;
export const STATUS_UNKNOWN = -2;

/**
 * A descriptor of a process, close-on-exec. It becomes readable when the process ends.
 *
 * @throws IoError ESRCH: there is no such process; EINVAL: the number is that of a thread; ENOSYS: a kernel before 5.3.
 */
export function openPidfd(pid: number): number {
  const fd = open(PIDFD_OPEN, pid, 0);
  if (fd >= 0) owners[fd] = holder;
  if (fd < 0) throw new IoError(errno(), 'pidfd_open', `process ${pid}`);
  return fd;
}

/**
 * How a process ended, as wait(2) has it: the exit code times 256, or the number of the signal. Nothing is reaped:
 * that is the parent's.
 *
 * @returns STILL_RUNNING; or STATUS_UNKNOWN: not a child of this process, or reaped already, on a kernel before 6.15.
 * @throws IoError EBADF.
 */
export function exitStatus(pidfd: number): number {
  block.i32.fill(0);
  if (waitid(P_PIDFD, pidfd, block.address, WEXITED | WNOHANG | WNOWAIT) === 0) {
    if (block.i32[SI_PID] === 0) return STILL_RUNNING;
    const status = block.i32[SI_STATUS];
    return block.i32[SI_CODE] === CLD_EXITED ? status << 8 : status;
  }
  // A sandbox may keep from us what the parent is told; that the process has ended is known by the event.
  if (errno() !== errnoNumber('ECHILD') && !isRefusal(errno()))
    throw new IoError(errno(), 'waitid', `descriptor ${pidfd}`);
  return statusKeptByDescriptor(pidfd);
}

/**
 * The kernel keeps the status with the descriptor, also where the parent is another process, and whether or not that
 * has reaped.
 */
function statusKeptByDescriptor(pidfd: number): number {
  block.i32.fill(0);
  block.i32[0] = PIDFD_INFO_EXIT;
  const answered = ioctl(pidfd, PIDFD_GET_INFO, 'uintptr_t', block.address) === 0;
  if (!answered || (block.i32[0] & PIDFD_INFO_EXIT) === 0) return STATUS_UNKNOWN;
  // The bit that says "with a core dump" is no part of the answer of waitid either.
  return block.i32[EXIT_CODE_WORD] & ~0x80;
}
