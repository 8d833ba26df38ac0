/** The row of options that say how much there may be in a second. */
import { checkRate } from '../../../base/arguments.js';
import { optional, type Option } from '../../../base/options.js';

/** A number above 0, or Infinity, the default, for no bound. */
export const rate: Option<number, number> = optional(checkRate, Infinity);
