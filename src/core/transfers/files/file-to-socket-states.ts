/**
 * The life of a file on its way to a connection as two tables, which the code runs, the documents draw and the tests
 * walk: of the transfer, which has a turn on the connection's write side, and of the file, of which at most one range
 * is read at a time.
 */
import type { StateTable } from '../../../base/state-table.js';

export const FILE_TO_SOCKET_STATES = [
  /** Waits until what was sent to the connection before is with the kernel. */
  'in-line',
  /** As `in-line`, and paused. */
  'in-line-paused',
  /** Sends, or waits in the connection's queue until there is room. */
  'sending',
  /** Waits until the file's next bytes are in memory, or until it is known what the file is. */
  'cold',
  /** Waits for a timer until the pace allows bytes. */
  'pace',
  /** The user paused it. */
  'paused',
  /** Bytes that were promised will not come. The connection was reset, and tells so later in the turn. */
  'breaking',
  'over',
] as const;

export type FileToSocketState = (typeof FILE_TO_SOCKET_STATES)[number];

export const FILE_TO_SOCKET_EVENTS = [
  /** Its turn on the connection has come. */
  'begin',
  /** The file's next bytes are not in memory. */
  'cold',
  /** The file has answered. */
  'warm',
  /** The pace allows nothing now. */
  'slow',
  /** The pace may allow bytes: the timer is due, or the pace was changed. */
  'allowed',
  /** The user pauses it. */
  'pause',
  /** The user resumes it. */
  'resume',
  /** Everything is with the kernel. */
  'sent',
  /** The file has failed before a byte went: the connection is as good as before. */
  'refused',
  /** The connection has failed, or the file once bytes of it had gone. */
  'failed',
  /** The connection is closed. */
  'broken',
  /** The user cancels it. */
  'cancel',
] as const;

export type FileToSocketEvent = (typeof FILE_TO_SOCKET_EVENTS)[number];

const ENDS = { broken: 'over', cancel: 'over' } as const;
/** The file may fail in each state in which it may be asked something. */
const FAILS = { refused: 'over', failed: 'breaking', ...ENDS } as const;

/** What is missing here changes nothing. */
export const FILE_TO_SOCKET_TRANSITIONS: StateTable<FileToSocketState, FileToSocketEvent> = {
  'in-line': { begin: 'sending', pause: 'in-line-paused', ...FAILS },
  'in-line-paused': { begin: 'paused', resume: 'in-line', ...FAILS },
  sending: { cold: 'cold', slow: 'pace', pause: 'paused', sent: 'over', ...FAILS },
  cold: { warm: 'sending', pause: 'paused', ...FAILS },
  pace: { allowed: 'sending', pause: 'paused', ...ENDS },
  // What had come to its end when it was paused ends.
  paused: { resume: 'sending', sent: 'over', ...FAILS },
  breaking: ENDS,
  over: {},
};

export const FILE_SUPPLY_STATES = [
  /** Nothing is asked of the file. */
  'idle',
  /** A range is read before anybody waits for it. */
  'ahead',
  /** The transfer waits for what the file was asked. */
  'awaited',
  /** The transfer is over, and the file is still being read. */
  'closing',
  /** The file is needed no longer. */
  'closed',
] as const;

export type FileSupplyState = (typeof FILE_SUPPLY_STATES)[number];

export const FILE_SUPPLY_EVENTS = [
  /** Reading ahead begins. */
  'read-ahead',
  /** The transfer needs bytes, or has to know what the file is. */
  'ask',
  /** What was asked is answered, well or badly. */
  'answer',
  /** The transfer is over. */
  'close',
] as const;

export type FileSupplyEvent = (typeof FILE_SUPPLY_EVENTS)[number];

/** What is missing here changes nothing. */
export const FILE_SUPPLY_TRANSITIONS: StateTable<FileSupplyState, FileSupplyEvent> = {
  idle: { 'read-ahead': 'ahead', ask: 'awaited', close: 'closed' },
  ahead: { ask: 'awaited', answer: 'idle', close: 'closing' },
  awaited: { answer: 'idle', close: 'closing' },
  closing: { answer: 'closed' },
  closed: {},
};
