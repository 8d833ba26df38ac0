/** Figures as they are reported. */

/** More digits than these would only pretend. */
export function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}
