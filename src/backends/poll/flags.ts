/** Interest and readiness in poll's words. */
import { POLLERR, POLLHUP, POLLIN, POLLNVAL, POLLOUT, POLLPRI, POLLRDHUP } from '../../sys/poll/poll.js';
import { SOCKET } from '../kit/registrations.js';
import { PEER_END, ERROR, BOTH_END, PRIORITY, READABLE, WRITABLE, type Interest, type Readiness } from '../contract.js';

/**
 * POLLRDHUP is asked of sockets alone: FreeBSD knows it for nothing else. There a file that is asked for it is never
 * ready, and a device or a file of some file systems answers POLLNVAL.
 *
 * @param mode of the registration.
 */
export function pollEvents(interest: Interest, mode: number): number {
  return (
    ((interest & READABLE) !== 0 ? POLLIN | ((mode & SOCKET) !== 0 ? POLLRDHUP : 0) : 0) |
    ((interest & WRITABLE) !== 0 ? POLLOUT : 0) |
    ((interest & PRIORITY) !== 0 ? POLLPRI : 0)
  );
}

/** As with epoll, a hang-up or an error makes every wanted direction ready. */
export function readinessOf(revents: number, wanted: Interest): Readiness {
  let readiness =
    ((revents & POLLIN) !== 0 ? READABLE : 0) |
    ((revents & POLLOUT) !== 0 ? WRITABLE : 0) |
    ((revents & POLLPRI) !== 0 ? PRIORITY : 0);
  if ((revents & (POLLRDHUP | POLLHUP | POLLERR | POLLNVAL)) !== 0) {
    if ((revents & POLLRDHUP) !== 0) readiness |= PEER_END | (wanted & READABLE);
    if ((revents & POLLHUP) !== 0) readiness |= BOTH_END | PEER_END | (wanted & (READABLE | WRITABLE));
    if ((revents & (POLLERR | POLLNVAL)) !== 0) readiness |= ERROR | (wanted & (READABLE | WRITABLE));
  }
  return readiness;
}
