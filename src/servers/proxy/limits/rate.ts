/** The row of options that say how much there may be in a second. */
import { bytesPerSecond } from '../../../base/options.js';

/** A number above 0, or Infinity, the default, for no bound. */
export const rate = bytesPerSecond();
