/** A number that was measured several times, and how much of a difference between two of them is noise. */

export interface Measured {
  readonly mean: number;
  /** The noise of a difference can be told from these: of runs, or of the seconds of one run. */
  readonly samples: readonly number[];
  /** Whether the samples are of whole runs. */
  readonly isOfRuns: boolean;
}

/** Two-sided 95 % quantiles of Student's t, by degrees of freedom from 1 on. */
const T95 = [
  ...[12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.16, 2.145, 2.131],
  ...[2.12, 2.11, 2.101, 2.093, 2.086, 2.08, 2.074, 2.069, 2.064, 2.06, 2.056, 2.052, 2.048, 2.045, 2.042],
];
const T95_LIMIT = 1.96;
const FEWEST_SECONDS = 3;

export function meanOf(numbers: readonly number[]): number {
  return numbers.reduce((sum, each) => sum + each, 0) / numbers.length;
}

/** Of the numbers around their mean. */
export function varianceOf(numbers: readonly number[]): number {
  const mean = meanOf(numbers);
  return numbers.reduce((sum, each) => sum + (each - mean) ** 2, 0) / (numbers.length - 1);
}

/**
 * How far two means may be apart by chance. Of several runs a side: the 95 % interval of their difference (Welch). Of
 * one run a side: what its seconds differ by, since how much runs differ nobody knows.
 *
 * @returns undefined where nothing tells.
 */
export function noiseOf(one: Measured, other: Measured): number | undefined {
  if (one.isOfRuns && other.isOfRuns) return welch(one.samples, other.samples);
  if (one.isOfRuns || other.isOfRuns) return undefined;
  if (one.samples.length < FEWEST_SECONDS || other.samples.length < FEWEST_SECONDS) return undefined;
  return Math.sqrt(varianceOf(one.samples) + varianceOf(other.samples));
}

function welch(one: readonly number[], other: readonly number[]): number {
  const [first, second] = [one, other].map(samples => varianceOf(samples) / samples.length);
  if (first + second === 0) return 0;
  const degrees = (first + second) ** 2 / (first ** 2 / (one.length - 1) + second ** 2 / (other.length - 1));
  return (T95[Math.max(1, Math.floor(degrees)) - 1] ?? T95_LIMIT) * Math.sqrt(first + second);
}
