/** Options of a listener that say whom it accepts and what connections begin with, wherever it listens. */
import { shown } from '../../base/arguments.js';
import {
  abortSignal,
  callback,
  nested,
  oneOf,
  optional,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import { QUEUE_LIMITS, SOCKET_OPTIONS, type QueueLimits, type SocketOptions } from '../options.js';
import type { Connection } from '../stream/connection.js';
import { TIMEOUT_OPTIONS, type TimeoutOptions } from '../stream/parts/timeouts.js';
import type { EndOptions } from '../waiting.js';
import { DEFER_ACCEPT, type DeferAccept } from './defer-accept.js';

/** Whom a listener accepts, and what its connections begin with. */
export interface AcceptingOptions extends SocketOptions, Partial<QueueLimits> {
  /**
   * Has the kernel keep a TCP connection back until its first bytes are there: 'data', or 'http' for a whole request
   * head. Where it can't, listening goes on without (see `listener.deferAccept`). A peer that waits to be spoken to
   * first is accepted late (Linux: after some 10 s) or never, so it is not for protocols in which the server begins.
   * Default 'off'.
   */
  readonly deferAccept?: DeferAccept;
  /** How many connections may be open at once: see `Listener.maxConnections`. Default Infinity. */
  readonly maxConnections?: number;
  /**
   * The timeouts that each connection begins with, as by `connection.setTimeouts`: with `readMs` a client that is
   * silent is closed with ETIMEDOUT. Default: none.
   */
  readonly timeouts?: TimeoutOptions;
  /** See `Listener.onConnection`. */
  readonly onConnection?: (connection: Connection) => void;
}

/** See `Listener.maxConnections`. */
export const maxConnections = optional<number, number>((name, given) => {
  if (given === Infinity || (Number.isSafeInteger(given) && given >= 1)) return;
  throw new RangeError(`${name}: ${shown(given)}; allowed: integers from 1, Infinity for no limit`);
}, Infinity);

const timeouts = nested(TIMEOUT_OPTIONS);

export const ACCEPTING_OPTIONS = {
  ...SOCKET_OPTIONS,
  ...QUEUE_LIMITS,
  deferAccept: oneOf(DEFER_ACCEPT, 'off'),
  maxConnections,
  // Without them a connection needs no object for them.
  timeouts: (name: string, given?: TimeoutOptions) => (given === undefined ? undefined : timeouts(name, given)),
  onConnection: callback<NonNullable<AcceptingOptions['onConnection']>>(),
} satisfies OptionTable<AcceptingOptions>;

/** What `ACCEPTING_OPTIONS` make of the options that were given. */
export type AcceptingValues = OptionValues<typeof ACCEPTING_OPTIONS>;

/** How `listener.drain` begins, and what ends the wait. */
export interface DrainOptions extends EndOptions {
  /** Whether `closeIdle()` is called first. Default 'keep': connections that were accepted stay open. */
  readonly idle?: 'close' | 'keep';
}

export const DRAIN_OPTIONS = {
  idle: oneOf(['close', 'keep'], 'keep'),
  signal: abortSignal(),
} satisfies OptionTable<DrainOptions>;
