/** poll(2), and the array of struct pollfd, edited by index. */
import { EINTR } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

export const POLLIN = 0x1;
export const POLLPRI = 0x2;
export const POLLOUT = 0x4;
export const POLLERR = 0x8;
export const POLLHUP = 0x10;
export const POLLNVAL = 0x20;
/** Half-close of the peer: Linux and FreeBSD 14 report it, elsewhere 0 and a read that returns 0 tells. */
export const POLLRDHUP = platform === 'linux' ? 0x2000 : platform === 'freebsd' ? 0x4000 : 0;

/** int fd; short events; short revents. */
const POLLFD_WORDS = 2;

// nfds_t is unsigned long on Linux and unsigned int on the BSDs; both take a 32-bit count in a register.
const nativePoll = declare<(address: number, count: number, timeoutMs: number) => number>('poll', 'int', [
  'uintptr_t',
  platform === 'linux' ? 'ulong' : 'uint',
  'int',
]);

/**
 * poll(2) on the first `count` entries. A signal counts as no event.
 *
 * @returns how many entries have revents.
 * @throws IoError EINVAL (more entries than RLIMIT_NOFILE), ENOMEM.
 */
export function poll(array: PollfdArray, count: number, timeoutMs: number): number {
  const ready = nativePoll(array.address, count, timeoutMs);
  if (ready >= 0) return ready;
  if (errno() === EINTR) return 0;
  throw new IoError(errno(), 'poll', `${count} descriptors`);
}

let single: PollfdArray | undefined;

/** Whether poll(2) says now that a descriptor can be written to. @throws IoError as `poll`. */
export function isWritable(fd: number): boolean {
  single ??= new PollfdArray(1);
  single.set(0, fd, POLLOUT);
  return poll(single, 1, 0) > 0;
}

/** A native array of struct pollfd that grows by doubling; `address` changes when it does. */
export class PollfdArray {
  private block: NativeBlock;
  private fds: Int32Array;
  private masks: Uint16Array;

  constructor(capacity: number) {
    this.block = new NativeBlock(capacity * POLLFD_WORDS * 4);
    this.fds = this.block.i32;
    this.masks = new Uint16Array(this.block.bytes.buffer);
  }

  get address(): number {
    return this.block.address;
  }

  get capacity(): number {
    return this.block.lengthBytes / (POLLFD_WORDS * 4);
  }

  grow(): void {
    const old = this.block;
    this.block = new NativeBlock(old.lengthBytes * 2);
    this.block.bytes.set(old.bytes);
    this.fds = this.block.i32;
    this.masks = new Uint16Array(this.block.bytes.buffer);
  }

  set(index: number, fd: number, events: number): void {
    this.fds[index * 2] = fd;
    this.masks[index * 4 + 2] = events;
    this.masks[index * 4 + 3] = 0;
  }

  /** Copies entry `from` over entry `to`, with what the last poll reported of it. */
  move(from: number, to: number): void {
    this.fds[to * 2] = this.fds[from * 2];
    this.fds[to * 2 + 1] = this.fds[from * 2 + 1];
  }

  setEvents(index: number, events: number): void {
    this.masks[index * 4 + 2] = events;
  }

  /** What the last poll reported of an entry. */
  revents(index: number): number {
    return this.masks[index * 4 + 3];
  }

  /** What the last poll reported of an entry, once: it reads 0 afterwards. */
  takeRevents(index: number): number {
    const revents = this.masks[index * 4 + 3];
    this.masks[index * 4 + 3] = 0;
    return revents;
  }
}
