/** The row of options that say how many of something there may be. */
import { shown } from '../../../base/arguments.js';
import { optional, type Option } from '../../../base/options.js';

/** An integer from 1, or Infinity, the default, for no bound. */
export const atLeastOne: Option<number, number> = optional<number, number>((name, given) => {
  if (given === Infinity || (Number.isSafeInteger(given) && given >= 1)) return;
  throw new RangeError(`${name}: ${shown(given)}; allowed: integers from 1, Infinity for no limit`);
}, Infinity);
