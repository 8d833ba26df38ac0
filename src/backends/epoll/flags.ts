/** Interest and readiness in epoll's words. */
import {
  EPOLLERR,
  EPOLLET,
  EPOLLEXCLUSIVE,
  EPOLLHUP,
  EPOLLIN,
  EPOLLONESHOT,
  EPOLLOUT,
  EPOLLPRI,
  EPOLLRDHUP,
} from '../../sys/poll/epoll.js';
import { PEER_END, ERROR, BOTH_END, PRIORITY, READABLE, WRITABLE, type Interest, type Readiness } from '../contract.js';
import { EDGE, EXCLUSIVE, ONESHOT } from '../kit/registrations.js';

/**
 * The end of the stream is asked for together with reading only: as a level of its own it would fire for ever while
 * reading is paused.
 */
export function epollEvents(interest: Interest, mode: number): number {
  return (
    ((interest & READABLE) !== 0 ? ((mode & EXCLUSIVE) !== 0 ? EPOLLIN | EPOLLEXCLUSIVE : EPOLLIN | EPOLLRDHUP) : 0) |
    ((interest & WRITABLE) !== 0 ? EPOLLOUT : 0) |
    ((interest & PRIORITY) !== 0 ? EPOLLPRI : 0) |
    ((mode & ONESHOT) !== 0 ? EPOLLONESHOT : 0) |
    ((mode & EDGE) !== 0 ? EPOLLET : 0)
  );
}

/**
 * A hang-up or an error is reported whatever was asked, and maybe alone. Operations that wait in either direction have
 * to try their call then, so both directions are reported as ready, as far as they are wanted.
 */
export function readinessOf(events: number, wanted: Interest): Readiness {
  let readiness =
    ((events & EPOLLIN) !== 0 ? READABLE : 0) |
    ((events & EPOLLOUT) !== 0 ? WRITABLE : 0) |
    ((events & EPOLLPRI) !== 0 ? PRIORITY : 0);
  if ((events & (EPOLLRDHUP | EPOLLHUP | EPOLLERR)) !== 0) {
    if ((events & EPOLLRDHUP) !== 0) readiness |= PEER_END | (wanted & READABLE);
    if ((events & EPOLLHUP) !== 0) readiness |= BOTH_END | PEER_END | (wanted & (READABLE | WRITABLE));
    if ((events & EPOLLERR) !== 0) readiness |= ERROR | (wanted & (READABLE | WRITABLE));
  }
  return readiness;
}
