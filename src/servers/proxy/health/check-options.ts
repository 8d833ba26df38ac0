/** Options of active checks. */
import { integer, milliseconds, nested, text, type OptionTable, type OptionValues } from '../../../base/options.js';

/** How the proxy finds out by itself whether an upstream serves. */
export interface CheckOptions {
  /** From the end of one check to the next. Default 5 s. */
  readonly intervalMs?: number;
  /** How long a check may take. Default 2 s. */
  readonly timeoutMs?: number;
  /** Checks in a row that must pass before an upstream that is down is up. Default 2. */
  readonly rise?: number;
  /** Checks in a row that must fail before an upstream is down. Default 3. */
  readonly fall?: number;
  /** Sent once it is connected. Default: nothing. */
  readonly send?: string;
  /** What must come back, somewhere in the first 64 KiB. Default: that it could be connected to is enough. */
  readonly expect?: string;
}

const CHECK_OPTIONS = {
  intervalMs: milliseconds(5_000),
  timeoutMs: milliseconds(2_000),
  rise: integer(1, 1000, 2),
  fall: integer(1, 1000, 3),
  send: text(),
  expect: text(),
} satisfies OptionTable<CheckOptions>;

export const checkPlan = nested(CHECK_OPTIONS);

export type CheckPlan = OptionValues<typeof CHECK_OPTIONS>;
