/** How a range of a file will be used, by the names that users give. posix_fadvise(2) */
import {
  POSIX_FADV_DONTNEED,
  POSIX_FADV_NOREUSE,
  POSIX_FADV_NORMAL,
  POSIX_FADV_RANDOM,
  POSIX_FADV_SEQUENTIAL,
  POSIX_FADV_WILLNEED,
} from '../../sys/file/file-constants.js';
import { shown } from '../../base/arguments.js';

const ADVICE = {
  normal: POSIX_FADV_NORMAL,
  random: POSIX_FADV_RANDOM,
  sequential: POSIX_FADV_SEQUENTIAL,
  'will need': POSIX_FADV_WILLNEED,
  "don't need": POSIX_FADV_DONTNEED,
  'no reuse': POSIX_FADV_NOREUSE,
};

/** How a range will be used: see posix_fadvise(2). */
export type Advice = keyof typeof ADVICE;

/** @throws TypeError no such advice. */
export function adviceNumber(advice: Advice): number {
  if (Object.hasOwn(ADVICE, advice)) return ADVICE[advice];
  throw new TypeError(`advice: ${shown(advice)}; allowed: ${Object.keys(ADVICE).join(', ')}`);
}
