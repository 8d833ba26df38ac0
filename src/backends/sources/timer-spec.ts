/** The times that a timer may be given, and their words for a kernel. */
import type { Timespec } from '../../sys/poll/timerfd.js';
import type { TimerSpec, TimeUnit } from './contract.js';

const PER_SECOND: Readonly<Record<TimeUnit, number>> = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 };
const MAX_SECONDS = 2 ** 31 - 2;

/**
 * @throws RangeError, TypeError naming what makes no sense.
 */
export function checkTimerSpec({ kind, amount, unit }: TimerSpec): void {
  if (!Object.hasOwn(PER_SECOND, unit)) throw new TypeError(`unit: '${String(unit)}'; allowed: s, ms, us, ns`);
  const least = kind === 'every' ? 1 : 0;
  const most = Math.min(MAX_SECONDS * PER_SECOND[unit] * (kind === 'at' ? 2 : 1), Number.MAX_SAFE_INTEGER);
  if (!Number.isInteger(amount) || amount < least || amount > most) {
    throw new RangeError(`${kind}: ${amount} ${unit}; allowed: integers from ${least} to ${most}`);
  }
}

/**
 * FreeBSD counts in 31 bits of seconds from when it came up; beyond their end a timer expires at once. Ten years of it
 * are left.
 */
const LONGEST_KNOTE_SECONDS = MAX_SECONDS - 10 * 366 * 86_400;

/**
 * The amount of a timer for a kqueue: one that would outlast the clock of the kernel goes off before the clock ends.
 */
export function knoteAmountOf({ kind, amount, unit }: TimerSpec): number {
  return kind === 'at' ? amount : Math.min(amount, LONGEST_KNOTE_SECONDS * PER_SECOND[unit]);
}

export function timespecOf({ amount, unit }: TimerSpec): Timespec {
  const perSecond = PER_SECOND[unit];
  const seconds = Math.floor(amount / perSecond);
  return { seconds, nanoseconds: (amount - seconds * perSecond) * (1e9 / perSecond) };
}
