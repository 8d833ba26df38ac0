/** What poll(2) and epoll(7) of Linux see of a thing, and where they hear of it. */
import type { WatcherList } from '../watcher-list.js';

export const EPOLLIN = 0x1;
export const EPOLLPRI = 0x2;
export const EPOLLOUT = 0x4;
export const EPOLLERR = 0x8;
export const EPOLLHUP = 0x10;
export const EPOLLRDHUP = 0x2000;

/** Errors and hang-ups are reported without being asked for, and wake everybody. */
export const ALWAYS = EPOLLERR | EPOLLHUP;

export interface Pollable {
  /** What holds now. */
  readiness(): number;
  /** Where it is told, and of what. */
  readonly sources: readonly PollSource[];
}

export interface PollSource {
  readonly list: WatcherList;
  /** The readiness that a call from there is about. */
  readonly about: number;
}
