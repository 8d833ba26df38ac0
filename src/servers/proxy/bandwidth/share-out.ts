/** A rate shared out among many, so that nobody gets less than another who asks for more than it has. */

/**
 * A connection that asks for less than an equal part gets what it asks for, and the others share the rest equally. What
 * nobody asks for is spread over all, so that each can begin at once.
 *
 * @param demands in the same unit as the rate; Infinity for as much as there is.
 * @returns a part for each demand. Their sum is the rate.
 */
export function shareOut(rate: number, demands: readonly number[]): number[] {
  const order = demands.map((_, index) => index).sort((a, b) => demands[a] - demands[b]);
  const parts = Array<number>(demands.length).fill(0);
  let left = rate;
  order.forEach((index, place) => {
    parts[index] = Math.min(demands[index], left / (order.length - place));
    left -= parts[index];
  });
  const spare = Math.max(0, left) / Math.max(1, demands.length);
  return parts.map(part => part + spare);
}
