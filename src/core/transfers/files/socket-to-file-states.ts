/**
 * The life of a connection's bytes on their way to a file as one table, which the code runs, the documents draw and the
 * tests walk. It tells what is taken from the connection; beside it the disk has at most one write at a time, in each
 * state.
 */
import type { StateTable } from '../../../base/state-table.js';

export const SOCKET_TO_FILE_STATES = [
  /** Takes what comes, as long as not too much waits for the disk. */
  'receiving',
  /** Waits for a timer until the pace allows bytes. */
  'pace',
  /** The user paused it. What was received is still written. */
  'paused',
  /** The connection reads again: it takes nothing, and the connection's close is told later in the turn. */
  'taken',
  /** Nothing more is received. What has been is still written. */
  'ending',
  'over',
] as const;

export type SocketToFileState = (typeof SOCKET_TO_FILE_STATES)[number];

export const SOCKET_TO_FILE_EVENTS = [
  /** The user pauses it. */
  'pause',
  /** The user resumes it. */
  'resume',
  /** The pace allows nothing now. */
  'slow',
  /** The pace may allow bytes: the timer is due, or the pace was changed. */
  'allowed',
  /** The connection reads itself from now on. */
  'reads-taken',
  /** The peer's FIN was read. */
  'peer-end',
  /** As many bytes were received as were asked for. */
  'filled',
  /** Receiving failed. */
  'broken',
  /** The connection is closed, or is being closed. */
  'source-closed',
  /** The user cancels it. */
  'cancel',
  /** The disk takes no more: what waits for it is dropped. */
  'disk-failed',
  /** Nothing waits for the disk. */
  'written',
] as const;

export type SocketToFileEvent = (typeof SOCKET_TO_FILE_EVENTS)[number];

/** What ends the receiving in each state in which it has not ended. */
const ENDS = {
  'peer-end': 'ending',
  filled: 'ending',
  broken: 'ending',
  'source-closed': 'ending',
  cancel: 'ending',
  'disk-failed': 'ending',
} as const;

/** What is missing here changes nothing. */
export const SOCKET_TO_FILE_TRANSITIONS: StateTable<SocketToFileState, SocketToFileEvent> = {
  receiving: { pause: 'paused', slow: 'pace', 'reads-taken': 'taken', ...ENDS },
  pace: { pause: 'paused', allowed: 'receiving', 'reads-taken': 'taken', ...ENDS },
  paused: { resume: 'receiving', 'reads-taken': 'taken', ...ENDS },
  taken: ENDS,
  ending: { written: 'over' },
  over: {},
};
