/**
 * The life of one direction of a join as one table, which the code runs, the documents draw and the tests walk.
 *
 * In each state a relay stands in one place or in none: in the queue of its source, in the queue of its sink, or among
 * the timers. So it waits for one thing at a time.
 */
import type { StateTable } from '../../../base/state-table.js';

export const RELAY_STATES = [
  /** Waits until what was sent to the sink before is with the kernel. */
  'in-line',
  /** As `in-line`, and paused. */
  'in-line-paused',
  /** Stands nowhere and asks what comes next. It stays here if an end is closed, which tells so later in the turn. */
  'ready',
  /** Holds nothing. Waits for bytes of the source, in its queue or with the kernel moving them. */
  'source',
  /** Holds bytes. Waits for room in the sink. */
  'sink',
  /** Waits for a timer until the pace allows bytes. */
  'pace',
  /** Stands nowhere: the user paused it. */
  'paused',
  /** Nothing more moves; the end is told later in the turn. */
  'ending',
  /** Over. Both sides are given back; what is held still is counted as residue. */
  'finished',
  /** Over. Both sides are given back, and the sink sends next what was held. */
  'left',
] as const;

export type RelayState = (typeof RELAY_STATES)[number];

export const RELAY_EVENTS = [
  /** Its turn on the sink has come. */
  'begin',
  /** Nothing is held, and the source has nothing now. */
  'dry',
  /** Bytes are in hand that the sink is to take. */
  'held',
  /** The pace allows nothing now. */
  'slow',
  /** The pace may allow bytes: the timer is due, or the pace was changed. */
  'allowed',
  /** Nothing more is to move: the source has ended, the limit is reached, or an end broke. */
  'done',
  /** The user pauses it. */
  'pause',
  /** The user resumes it. */
  'resume',
  /** The source is closed, or is taken back by its connection. */
  'source-closed',
  /** The sink is closed, or its owner ends the relay. */
  'broken',
  /** The owner stops it. A copy is also stopped when its source is closed while it is paused: its target lives on. */
  'cancel',
  /** The end is told. */
  'told',
] as const;

export type RelayEvent = (typeof RELAY_EVENTS)[number];

/** Ends it in each state that is not over. */
const ENDS = { broken: 'finished', cancel: 'left' } as const;
/** What all states have in common in which bytes may move. */
const MOVING = { pause: 'paused', 'source-closed': 'ready', ...ENDS } as const;

/** What is missing here changes nothing. */
export const RELAY_TRANSITIONS: StateTable<RelayState, RelayEvent> = {
  'in-line': { begin: 'ready', pause: 'in-line-paused', ...ENDS },
  'in-line-paused': { begin: 'paused', resume: 'in-line', 'source-closed': 'finished', ...ENDS },
  ready: { dry: 'source', held: 'sink', done: 'ending', ...MOVING },
  // Also back to where it stood: the kernel may take over again, or the other queue is to be left.
  source: { dry: 'source', held: 'sink', slow: 'pace', done: 'ending', ...MOVING },
  sink: { dry: 'source', held: 'sink', slow: 'pace', done: 'ending', ...MOVING },
  pace: { allowed: 'ready', ...MOVING },
  paused: { resume: 'ready', 'source-closed': 'finished', ...ENDS },
  ending: { told: 'finished', ...ENDS },
  finished: {},
  left: {},
};

/** States in which its turn on the sink has not come. */
export function isInLine(state: RelayState): boolean {
  return state === 'in-line' || state === 'in-line-paused';
}

/** States in which the user has paused it. */
export function isPaused(state: RelayState): boolean {
  return state === 'paused' || state === 'in-line-paused';
}

/** States in which nothing of the ends is touched any more. */
export function isOver(state: RelayState): boolean {
  return state === 'finished' || state === 'left';
}
