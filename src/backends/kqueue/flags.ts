/** Interest and readiness in kqueue's words: one filter a direction. */
import type { KqueueConstants } from '../../sys/poll/kqueue-constants.js';
import { PEER_END, ERROR, BOTH_END, PRIORITY, READABLE, WRITABLE, type Interest, type Readiness } from '../contract.js';
import { EDGE, ONESHOT } from '../kit/registrations.js';

/** The filter of one direction; `undefined` for PRIORITY on systems that have no such filter. */
export function filterOf(direction: Interest, constants: KqueueConstants): number | undefined {
  if (direction === READABLE) return constants.EVFILT_READ;
  if (direction === WRITABLE) return constants.EVFILT_WRITE;
  return constants.EVFILT_EXCEPT;
}

/** The direction of a filter. Filters are numbers and no bit masks: compared, never and-ed. */
export function directionOf(filter: number, constants: KqueueConstants): Interest {
  if (filter === constants.EVFILT_READ) return READABLE;
  if (filter === constants.EVFILT_WRITE) return WRITABLE;
  return filter === constants.EVFILT_EXCEPT ? PRIORITY : 0;
}

/**
 * Flags that arm a direction. ENABLE goes along because a mere ADD leaves a disabled filter disabled. A oneshot is
 * DISPATCH rather than ONESHOT: the kernel keeps the filter and only disables it, so arming it again is no allocation,
 * and it looks at the descriptor once more before it reports, where a queued ONESHOT is reported although its bytes
 * were read.
 */
export function armingFlags(mode: number, constants: KqueueConstants): number {
  return (
    constants.EV_ADD |
    constants.EV_ENABLE |
    ((mode & ONESHOT) !== 0 ? constants.EV_DISPATCH : 0) |
    ((mode & EDGE) !== 0 ? constants.EV_CLEAR : 0)
  );
}

/**
 * What an event says. EOF of READ is the end of the peer, with bytes maybe still to be read. EOF of WRITE says no more
 * than that a write will fail: our own shutdown brings it as well as a peer that has gone. An errno in fflags is the
 * socket's error, and makes every wanted direction worth its call, which returns it.
 */
export function readinessOf(
  direction: Interest,
  flags: number,
  errno: number,
  wanted: Interest,
  constants: KqueueConstants,
): Readiness {
  if ((flags & constants.EV_EOF) === 0) return direction;
  const end = direction === READABLE ? PEER_END : 0;
  return errno === 0 ? direction | end : direction | end | BOTH_END | ERROR | (wanted & (READABLE | WRITABLE));
}
