/** The user event that wakes a kqueue, from its own thread or from another. */
import { IoError } from '../../sys/io-error.js';
import { KeventArray } from '../../sys/kevent-array.js';
import type { KqueueCalls } from '../../sys/kqueue.js';

/** User data of the wake-up, a slot that no table gives out. */
export const WAKE_SLOT = 0xffffffff;
/** The one user event of a queue. */
export const WAKE_IDENT = 0;

/** By edge: each wait that is woken clears it, and any number of wakes before that are one. */
export function addUserEvent(calls: KqueueCalls, kq: number): void {
  const { EV_ADD, EV_CLEAR } = calls.system.constants;
  change(calls, kq, WAKE_IDENT, EV_ADD | EV_CLEAR, 0, WAKE_SLOT, 0);
}

/** Wakes the queue. @throws IoError EBADF: the queue was closed. */
export function triggerUserEvent(calls: KqueueCalls, kq: number): void {
  triggerKnote(calls, kq, WAKE_IDENT, WAKE_SLOT, 0);
}

/**
 * Triggers a user event, its user data resent: a kernel would otherwise set it to zero, and the event would look like one
 * of the registration in slot 0.
 *
 * @throws IoError EBADF: the queue was closed; ENOENT: it has no such event.
 */
export function triggerKnote(calls: KqueueCalls, kq: number, ident: number, low: number, high: number): void {
  change(calls, kq, ident, 0, calls.system.constants.NOTE_TRIGGER, low, high);
}

const entries = new WeakMap<KqueueCalls, KeventArray>();

function change(
  calls: KqueueCalls,
  kq: number,
  ident: number,
  flags: number,
  fflags: number,
  low: number,
  high: number,
): void {
  let entry = entries.get(calls);
  if (entry === undefined) {
    entry = new KeventArray(calls.system.layout, 1);
    entries.set(calls, entry);
  }
  entry.set(0, ident, calls.system.constants.EVFILT_USER, flags, fflags, 0, low, high);
  if (calls.kevent(kq, entry, 1, undefined, 0, 0) < 0) {
    throw new IoError(calls.hostErrno(calls.errno()), 'kevent', `user event ${ident} of descriptor ${kq}`);
  }
}
