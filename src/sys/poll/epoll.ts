/** epoll(7), and the array of struct epoll_event, read by index. */
import { EINTR } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { arch } from '../ffi/platform.js';
import { holder, owners } from '../file/owned-descriptors.js';

export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;
/** Of several epolls that wait for the same, wake one. Not with EPOLL_CTL_MOD, and not with EPOLLONESHOT. */
export const EPOLLEXCLUSIVE = 1 << 28;
export const EPOLLONESHOT = 0x40000000;
/** Bit 31, as the signed number that `|` yields. */
export const EPOLLET = 1 << 31;

export const EPOLL_CTL_ADD = 1;
export const EPOLL_CTL_DEL = 2;
export const EPOLL_CTL_MOD = 3;

const EPOLL_CLOEXEC = 0o2000000;

/**
 * On x86-64 the struct is packed (12 bytes, data at 4), so that 32-bit programs share it; elsewhere data is aligned
 * to 8.
 */
const EVENT_WORDS = arch === 'x64' ? 3 : 4;
const DATA_WORD = arch === 'x64' ? 1 : 2;

const epollCreate1 = declare<(flags: number) => number>('epoll_create1', 'int', ['int']);
/** epoll_ctl(2): 0, or -1 with `errno()`. */
export const epollCtl = declare<(epfd: number, operation: number, fd: number, eventAddress: number) => number>(
  'epoll_ctl',
  'int',
  ['int', 'int', 'int', 'uintptr_t'],
);
const nativeWait = declare<(epfd: number, address: number, maxEvents: number, timeoutMs: number) => number>(
  'epoll_wait',
  'int',
  ['int', 'uintptr_t', 'int', 'int'],
);

/** @throws IoError EMFILE, ENFILE, ENOMEM. */
export function openEpoll(): number {
  const fd = epollCreate1(EPOLL_CLOEXEC);
  if (fd >= 0) owners[fd] = holder;
  if (fd < 0) throw new IoError(errno(), 'epoll_create1');
  return fd;
}

/** epoll_wait(2). A signal counts as no event. @throws IoError EBADF, EINVAL. */
export function epollWait(epfd: number, array: EpollEventArray, maxEvents: number, timeoutMs: number): number {
  const count = nativeWait(epfd, array.address, maxEvents, timeoutMs);
  if (count >= 0) return count;
  if (errno() === EINTR) return 0;
  throw new IoError(errno(), 'epoll_wait');
}

/** A native array of struct epoll_event; user data is two 32-bit words, low and high. */
export class EpollEventArray {
  private readonly words: Uint32Array;
  private readonly block: NativeBlock;
  readonly address: number;

  constructor(readonly capacity: number) {
    this.block = new NativeBlock(capacity * EVENT_WORDS * 4);
    this.words = this.block.u32;
    this.address = this.block.address;
  }

  set(index: number, events: number, low: number, high: number): void {
    const base = index * EVENT_WORDS;
    this.words[base] = events;
    this.words[base + DATA_WORD] = low;
    this.words[base + DATA_WORD + 1] = high;
  }

  events(index: number): number {
    return this.words[index * EVENT_WORDS];
  }

  low(index: number): number {
    return this.words[index * EVENT_WORDS + DATA_WORD];
  }

  high(index: number): number {
    return this.words[index * EVENT_WORDS + DATA_WORD + 1];
  }
}
