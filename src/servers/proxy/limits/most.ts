/** The row of options that say how many of something there may be. */
import { shown } from '../../../base/arguments.js';
import { optional, type Option } from '../../../base/options.js';
import { described } from '../../../base/option-schema.js';

const integers: Option<number, number> = optional<number, number>((name, given) => {
  if (given === Infinity || (Number.isSafeInteger(given) && given >= 1)) return;
  throw new RangeError(`${name}: ${shown(given)}; allowed: integers from 1, Infinity for no limit`);
}, Infinity);

/** An integer from 1, or Infinity, the default, for no bound. */
export const atLeastOne = described(integers, { type: 'integer', minimum: 1, maximum: Number.MAX_SAFE_INTEGER });
