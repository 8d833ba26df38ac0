/** One change of one filter, by a call of its own. */
import { KeventArray } from './kevent-array.js';
import type { KqueueCalls } from './kqueue.js';

/** What a kernel is told of a filter, but for the user data. */
export interface Knote {
  readonly ident: number;
  readonly filter: number;
  readonly flags: number;
  readonly fflags: number;
  readonly data: number;
}

const entries = new WeakMap<KqueueCalls, KeventArray>();

/**
 * Makes the change at once. No room is given for events, so nothing is harvested and a refusal is the call's.
 *
 * @returns the errno, as this machine numbers it; 0 for none.
 */
export function changeKnote(calls: KqueueCalls, kq: number, knote: Knote, low: number, high: number): number {
  let entry = entries.get(calls);
  if (entry === undefined) {
    entry = new KeventArray(calls.system.layout, 1);
    entries.set(calls, entry);
  }
  entry.set(0, knote.ident, knote.filter, knote.flags, knote.fflags, knote.data, low, high);
  return calls.kevent(kq, entry, 1, undefined, 0, 0) < 0 ? calls.hostErrno(calls.errno()) : 0;
}
