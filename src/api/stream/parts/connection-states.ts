/**
 * The life of a connection as one table, which the code runs, the documents draw and the tests walk.
 *
 * Either direction ends on its own: the peer's FIN leaves us free to write, ours leaves us free to read. `close` first
 * delivers what is queued, says FIN, and then waits a bounded while for the peer's, throwing away what still comes: a
 * descriptor closed over unread bytes would send a reset that can destroy what the peer has not read yet.
 */
import type { StateTable } from '../../../base/state-table.js';

export const STATES = [
  /** Both directions. */
  'open',
  /** The peer sent FIN; we may write. */
  'peer-ended',
  /** `end` was called: what is queued goes out, then FIN. We still read. */
  'ending',
  /** Our FIN is sent; we still read. */
  'ended',
  /** The peer sent FIN, and what is queued here goes out before we close. */
  'flushing',
  /** `close` was called: what is queued goes out, what comes in is thrown away. */
  'closing',
  /** Our FIN is sent; what comes in is thrown away until the peer's FIN or the end of patience. */
  'lingering',
  'closed',
  /** The descriptor was given away: to another thread, to its service, or to Node. */
  'moved',
] as const;

export type ConnectionState = (typeof STATES)[number];

export const EVENTS = [
  /** The peer's FIN was read. */
  'peer-end',
  /** The user asks for half-close. */
  'end',
  /** The queue is empty; also said at once when there was nothing queued. */
  'flushed',
  /** The user asks for an orderly close. */
  'close',
  /** The stream broke, the user destroyed it, or patience ended. */
  'fail',
  /** The descriptor is taken out. */
  'detach',
] as const;

export type StateEvent = (typeof EVENTS)[number];

/** What is missing here changes nothing. */
export const TRANSITIONS: StateTable<ConnectionState, StateEvent> = {
  open: { 'peer-end': 'peer-ended', end: 'ending', close: 'closing', fail: 'closed', detach: 'moved' },
  'peer-ended': { end: 'flushing', close: 'flushing', fail: 'closed', detach: 'moved' },
  ending: { 'peer-end': 'flushing', flushed: 'ended', close: 'closing', fail: 'closed', detach: 'moved' },
  ended: { 'peer-end': 'closed', close: 'lingering', fail: 'closed', detach: 'moved' },
  flushing: { flushed: 'closed', fail: 'closed' },
  closing: { 'peer-end': 'flushing', flushed: 'lingering', fail: 'closed' },
  lingering: { 'peer-end': 'closed', fail: 'closed' },
  closed: {},
  moved: {},
};

/** States in which the user may still send. */
export function canSend(state: ConnectionState): boolean {
  return state === 'open' || state === 'peer-ended';
}

/** States in which what arrives goes to the user. */
export function delivers(state: ConnectionState): boolean {
  return state === 'open' || state === 'ending' || state === 'ended';
}

/** States in which what arrives is thrown away, until the peer's FIN. */
export function discards(state: ConnectionState): boolean {
  return state === 'closing' || state === 'lingering';
}

/** States in which our side alone was ended. */
export function hasEnded(state: ConnectionState): boolean {
  return state === 'ending' || state === 'ended';
}

/** States in which an empty queue is an event. */
export function awaitsFlush(state: ConnectionState): boolean {
  return TRANSITIONS[state].flushed !== undefined;
}

/** States in which the descriptor is gone. */
export function isOver(state: ConnectionState): boolean {
  return state === 'closed' || state === 'moved';
}
