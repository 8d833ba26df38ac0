/** The driver's record of one descriptor: what waits on it in either direction, and what is asked of the backend. */
import { NO_TOKEN, type Token } from '../base/token.js';
import type { Operation } from './operation.js';

export class Descriptor {
  /** Queues, first in first out; `undefined` is an empty one. */
  reads: Operation | undefined = undefined;
  writes: Operation | undefined = undefined;
  /** The backend's registration; NO_TOKEN until an operation had to wait. */
  token: Token = NO_TOKEN;
  /** What the backend was last asked for. */
  interest = 0;
  /**
   * Edge mode: directions that may be ready as far as anybody knows. A direction leaves the set when a call on it would
   * have blocked, and comes back with an event.
   */
  maybeReady = 0;
  /** Edge mode: it stands in the driver's list of those that the next dispatch tries. */
  listed = false;
  /** Events in a row that brought nothing. */
  fruitless = 0;

  constructor(readonly fd: number) {}
}
