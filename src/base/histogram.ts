/**
 * A histogram of numbers in fixed buckets: each power of two is cut into four, so that a value is known to an eighth.
 * Recording writes into arrays that are there from the beginning, and allocates nothing.
 */

/** Buckets of one power of two. */
const CUTS = 4;
/** Values from 2^32 on count as the last bucket. */
const BUCKETS = 31 * CUTS;

/** What a histogram has recorded, as plain data. Its counts only grow, so two of them can be subtracted. */
export interface HistogramCounts {
  readonly count: number;
  /** Of all values. */
  readonly sum: number;
  /** The largest value. */
  readonly max: number;
  /** Pairs of a bucket's upper bound, which is not in the bucket, and of its count. Empty buckets are left out. */
  readonly buckets: readonly (readonly [bound: number, count: number])[];
}

export class Histogram {
  private readonly counts = new Float64Array(BUCKETS);
  private count = 0;
  private sum = 0;
  private max = 0;

  /** @param unit what 1 stands for in the results: values are recorded in it, and results are divided by it. */
  constructor(private readonly perUnit = 1) {}

  /** @param value 0 or more, in units. */
  record(value: number): void {
    this.counts[bucketOf(value * this.perUnit)]++;
    this.count++;
    this.sum += value;
    if (value > this.max) this.max = value;
  }

  snapshot(): HistogramCounts {
    const buckets: [number, number][] = [];
    for (let index = 0; index < BUCKETS; index++) {
      if (this.counts[index] > 0) buckets.push([boundOf(index) / this.perUnit, this.counts[index]]);
    }
    return { count: this.count, sum: this.sum, max: this.max, buckets };
  }
}

/** What was recorded between two snapshots. `max` is that of the last bucket: nobody knows it better. */
export function histogramBetween(later: HistogramCounts, earlier: HistogramCounts): HistogramCounts {
  const before = new Map(earlier.buckets.map(([bound, count]) => [bound, count]));
  const buckets = later.buckets
    .map(([bound, count]) => [bound, count - (before.get(bound) ?? 0)] as const)
    .filter(([, count]) => count > 0);
  const bound = buckets.at(-1)?.[0] ?? 0;
  return { count: later.count - earlier.count, sum: later.sum - earlier.sum, max: Math.min(bound, later.max), buckets };
}

/**
 * The value that `share` of all do not reach, as the upper bound of its bucket; 0 of an empty histogram.
 *
 *     quantile(snapshot.turns.durationMs, 0.99); // 1.25
 */
export function quantile(histogram: HistogramCounts, share: number): number {
  let left = histogram.count * share;
  for (const [bound, count] of histogram.buckets) {
    left -= count;
    if (left <= 0) return Math.min(bound, histogram.max);
  }
  return histogram.max;
}

function bucketOf(value: number): number {
  if (!(value >= CUTS)) return value >= 0 ? Math.floor(value) : 0;
  if (value >= 2 ** 31) return BUCKETS - 1;
  const power = 31 - Math.clz32(value);
  return (power - 1) * CUTS + ((value >> (power - 2)) & (CUTS - 1));
}

/** The least value above a bucket. */
function boundOf(index: number): number {
  if (index < CUTS) return index + 1;
  const power = Math.floor(index / CUTS) + 1;
  return 2 ** (power - 2) * (CUTS + (index % CUTS) + 1);
}
