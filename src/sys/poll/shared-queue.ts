/**
 * One kernel queue that all threads of a process take from: an epoll or a kqueue of descriptors that are watched for
 * reading, each for one event. It is itself a descriptor that is readable while an event waits in it.
 */
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_MOD,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLRDHUP,
  EpollEventArray,
  epollCtl,
  epollWait,
  openEpoll,
} from './epoll.js';
import { ENOENT } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { KeventArray } from './kevent-array.js';
import { nativeKqueue, type KqueueCalls } from './kqueue.js';
import { errno } from '../ffi/libc.js';
import { platform } from '../ffi/platform.js';

/** Events of one call. */
const EVENTS = 16;

/** One thread's hold on the queue, whose descriptor belongs to the thread that opened it. */
export interface SharedQueue {
  readonly fd: number;
  /** Watches a descriptor until its next event, which may be there already. @throws IoError EBADF, ENOSPC, ENOMEM. */
  arm(fd: number): void;
  /**
   * Takes events without waiting for any.
   *
   * @param into gets the descriptors; a number may by now be that of another file than the one that was armed.
   * @returns how many.
   */
  take(into: Int32Array): number;
}

class EpollQueue implements SharedQueue {
  private readonly change = new EpollEventArray(1);
  private readonly events = new EpollEventArray(EVENTS);

  constructor(readonly fd: number) {}

  arm(fd: number): void {
    this.change.set(0, EPOLLIN | EPOLLRDHUP | EPOLLONESHOT, fd, 0);
    if (epollCtl(this.fd, EPOLL_CTL_MOD, fd, this.change.address) >= 0) return;
    if (errno() === ENOENT && epollCtl(this.fd, EPOLL_CTL_ADD, fd, this.change.address) >= 0) return;
    throw new IoError(errno(), 'epoll_ctl', `descriptor ${fd}`);
  }

  take(into: Int32Array): number {
    const count = epollWait(this.fd, this.events, Math.min(into.length, EVENTS), 0);
    for (let index = 0; index < count; index++) into[index] = this.events.low(index);
    return count;
  }
}

class KeventQueue implements SharedQueue {
  private readonly change: KeventArray;
  private readonly events: KeventArray;

  constructor(
    readonly fd: number,
    private readonly calls: KqueueCalls,
  ) {
    this.change = new KeventArray(calls.system.layout, 1);
    this.events = new KeventArray(calls.system.layout, EVENTS);
  }

  arm(fd: number): void {
    const { EVFILT_READ, EV_ADD, EV_ONESHOT } = this.calls.system.constants;
    this.change.set(0, fd, EVFILT_READ, EV_ADD | EV_ONESHOT, 0, 0, 0, 0);
    if (this.calls.kevent(this.fd, this.change, 1, undefined, 0, 0) >= 0) return;
    throw new IoError(this.calls.errno(), 'kevent', `descriptor ${fd}`);
  }

  take(into: Int32Array): number {
    const room = Math.min(into.length, EVENTS);
    const count = this.calls.kevent(this.fd, undefined, 0, this.events, room, 0);
    for (let index = 0; index < count; index++) into[index] = this.events.ident(index);
    return Math.max(0, count);
  }
}

/**
 * @returns the descriptor of a new queue, the caller's.
 * @throws IoError EMFILE, ENFILE, ENOMEM; ENOSYS: no kqueue here.
 */
export function openSharedQueue(): number {
  if (platform === 'linux') return openEpoll();
  const calls = nativeKqueue();
  const fd = calls.kqueue();
  if (fd < 0) throw new IoError(calls.errno(), 'kqueue');
  return fd;
}

/** A thread's hold on a queue that was opened in this process. */
export function joinSharedQueue(fd: number): SharedQueue {
  return platform === 'linux' ? new EpollQueue(fd) : new KeventQueue(fd, nativeKqueue());
}
