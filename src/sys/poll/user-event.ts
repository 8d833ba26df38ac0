/** The user event that wakes a kqueue, from its own thread or from another. */
import { IoError } from '../ffi/io-error.js';
import type { KqueueCalls } from './kqueue.js';
import { changeKnote } from './knote.js';

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
 * Triggers a user event, its user data resent: a kernel would otherwise set it to zero, and the event would look like
 * one of the registration in slot 0.
 *
 * @throws IoError EBADF: the queue was closed; ENOENT: it has no such event.
 */
export function triggerKnote(calls: KqueueCalls, kq: number, ident: number, low: number, high: number): void {
  change(calls, kq, ident, 0, calls.system.constants.NOTE_TRIGGER, low, high);
}

function change(
  calls: KqueueCalls,
  kq: number,
  ident: number,
  flags: number,
  fflags: number,
  low: number,
  high: number,
): void {
  const filter = calls.system.constants.EVFILT_USER;
  const failure = changeKnote(calls, kq, { ident, filter, flags, fflags, data: 0 }, low, high);
  if (failure !== 0) throw new IoError(failure, 'kevent', `user event ${ident} of descriptor ${kq}`);
}
