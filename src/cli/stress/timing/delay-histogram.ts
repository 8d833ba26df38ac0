/**
 * Delays in the buckets of an HdrHistogram of two significant digits, in microseconds: those of many threads and
 * processes can be added up, as percentiles can't.
 */
import { thousandths } from '../rounding.js';

/** Buckets of the first power of two; each further power of two has half as many. So a value is known to 1 in 128. */
const SUB_BUCKETS = 256;
const HALF = SUB_BUCKETS / 2;
const HALF_BITS = 7;
const MICROSECONDS = 1000;
/** Some 35 minutes. What is longer counts as this, except in the maximum. */
const LONGEST_MICROSECONDS = 2 ** 31 - 1;

/** Plain, so that it travels between threads and processes. */
export interface DelayCounts {
  /** How many delays fell into each bucket; buckets that nothing reached are left out at the end. */
  readonly counts: readonly number[];
  readonly maxMs: number;
}

/** In milliseconds; 0 before the first sample. */
export interface DelaySummary {
  readonly count: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
}

export class DelayHistogram implements DelayCounts {
  readonly counts: number[] = [];
  maxMs = 0;

  record(delayMs: number): void {
    const { counts } = this;
    const index = indexOf(Math.min(LONGEST_MICROSECONDS, Math.max(0, Math.round(delayMs * MICROSECONDS))));
    while (counts.length <= index) counts.push(0);
    counts[index]++;
    if (delayMs > this.maxMs) this.maxMs = delayMs;
  }

  add({ counts, maxMs }: DelayCounts): void {
    while (this.counts.length < counts.length) this.counts.push(0);
    counts.forEach((count, index) => (this.counts[index] += count));
    this.maxMs = Math.max(this.maxMs, maxMs);
  }

  get count(): number {
    return this.counts.reduce((sum, count) => sum + count, 0);
  }

  get summary(): DelaySummary {
    return {
      count: this.count,
      p50: this.percentile(50),
      p90: this.percentile(90),
      p99: this.percentile(99),
      p999: this.percentile(99.9),
      max: thousandths(this.maxMs),
    };
  }

  /** The greatest delay of the bucket that so many percent of all are within. */
  percentile(percent: number): number {
    const total = this.count;
    if (total === 0) return 0;
    // 99.9 % of 1000 is 999.0000000000001 in floating point.
    let left = Math.max(1, Math.ceil((total * percent) / 100 - 1e-9));
    const index = this.counts.findIndex(count => (left -= count) <= 0);
    return thousandths(Math.min(greatestOf(index) / MICROSECONDS, this.maxMs));
  }
}

function indexOf(microseconds: number): number {
  const power = 31 - HALF_BITS - Math.clz32(microseconds | (SUB_BUCKETS - 1));
  return power * HALF + (microseconds >> power);
}

/** The greatest value of a bucket, in microseconds. */
function greatestOf(index: number): number {
  const power = Math.max(0, Math.floor(index / HALF) - 1);
  return (index - power * HALF + 1) * 2 ** power - 1;
}
