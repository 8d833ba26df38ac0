/**
 * Interest in the words of a poll in a ring, which are those of epoll with two differences, and what of a report
 * concerns it.
 */
import { EPOLLRDHUP } from '../../sys/poll/epoll.js';
import { PRIORITY, READABLE, type Interest } from '../contract.js';
import { epollEvents } from '../epoll/flags.js';

/** Part of what a socket wakes its pollers with when anything arrives, and of no socket's state. */
const EPOLLRDBAND = 0x80;

/**
 * The kernel wakes no poll in a ring for EPOLLPRI alone (it takes that bit for its own), so a second bit is asked
 * for that comes with the same wake.
 */
export function pollMask(interest: Interest): number {
  return epollEvents(interest, 0) | ((interest & PRIORITY) !== 0 ? EPOLLRDBAND : 0);
}

/** Of what a poll reported, that which was asked for: a poll in a ring always asks for the end of the peer too. */
export function concerning(events: number, interest: Interest): number {
  return events & ~((interest & READABLE) === 0 ? EPOLLRDBAND | EPOLLRDHUP : EPOLLRDBAND);
}
