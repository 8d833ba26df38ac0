/**
 * How often a property is tried, and from which seed. A property that fails prints its seed and the path to what it was
 * shrunk to: POLLUX_SEED=n (and POLLUX_PATH=0:1:...) runs that again, POLLUX_RUNS=10 tries ten times as many.
 */
import process from 'node:process';

export interface PropertyRuns {
  readonly numRuns: number;
  readonly seed?: number;
  readonly path?: string;
}

/** @param numRuns what takes no more than seconds. */
export function propertyRuns(numRuns: number): PropertyRuns {
  const { POLLUX_SEED, POLLUX_PATH, POLLUX_RUNS } = process.env;
  return {
    numRuns: Math.ceil(numRuns * Number(POLLUX_RUNS ?? 1)),
    ...(POLLUX_SEED === undefined ? {} : { seed: Number(POLLUX_SEED) }),
    ...(POLLUX_PATH === undefined ? {} : { path: POLLUX_PATH }),
  };
}
