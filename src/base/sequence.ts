/**
 * Numbers that count up and wrap at 2^32: ring positions, numbers of requests, of published messages, of eras. They
 * are kept as signed 32-bit integers, as an Int32Array holds them. Two of them can be compared only if they are less
 * than 2^31 apart; where one may be older than that, its era is kept beside it (see `RingMark`).
 */

/** The number after `number`; after 2^31 - 1 comes -2^31. */
export function following(number: number): number {
  return (number + 1) | 0;
}

/** How far `to` lies ahead of `from`; negative if it lies behind. For numbers less than 2^31 apart. */
export function stepsBetween(from: number, to: number): number {
  return (to - from) | 0;
}

/** Whether `number` comes before `other`. For numbers less than 2^31 apart. */
export function isBefore(number: number, other: number): boolean {
  return ((number - other) | 0) < 0;
}

/** How many steps it takes from `from` up to `to`: 0 to 2^32 - 1, so never negative. */
export function stepsUpTo(from: number, to: number): number {
  return (to - from) >>> 0;
}

/** The first number after `last` that is not in use. */
export function followingFree(last: number, isUsed: (number: number) => boolean): number {
  let number = following(last);
  while (isUsed(number)) number = following(number);
  return number;
}
