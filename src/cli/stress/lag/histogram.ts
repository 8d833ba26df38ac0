/**
 * Delays, counted in steps that grow with them: those of many threads and processes can be added up, as percentiles
 * can't.
 */
import { thousandths } from '../rounding.js';

/** Of a doubling: a percentile is at most some 3 % too high. */
const STEPS = 32;
const MICROSECONDS = 1000;

/** Plain, so that it travels between threads and processes. */
export interface LagCounts {
  /** How many delays fell into each step; steps that nothing reached are left out at the end. */
  readonly counts: readonly number[];
  readonly maxMs: number;
}

/** In milliseconds; 0 before the first sample. Node's timers step by 1 ms, so an idle loop shows about that. */
export interface LagSummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class LagHistogram implements LagCounts {
  readonly counts: number[] = [];
  maxMs = 0;

  record(delayMs: number): void {
    this.addCount(stepOf(delayMs), 1);
    this.maxMs = Math.max(this.maxMs, delayMs);
  }

  add({ counts, maxMs }: LagCounts): void {
    counts.forEach((count, step) => this.addCount(step, count));
    this.maxMs = Math.max(this.maxMs, maxMs);
  }

  get summary(): LagSummary {
    return { p50: this.percentile(50), p99: this.percentile(99), max: thousandths(this.maxMs) };
  }

  private addCount(step: number, count: number): void {
    while (this.counts.length <= step) this.counts.push(0);
    this.counts[step] += count;
  }

  /** The end of the step that so many percent of all delays are within. */
  private percentile(percent: number): number {
    const total = this.counts.reduce((sum, count) => sum + count, 0);
    let left = (total * percent) / 100;
    const step = this.counts.findIndex(count => (left -= count) <= 0);
    return total === 0 ? 0 : thousandths(Math.min(endOf(step), this.maxMs));
  }
}

function stepOf(delayMs: number): number {
  const microseconds = Math.max(1, delayMs * MICROSECONDS);
  return Math.floor(Math.log2(microseconds) * STEPS);
}

function endOf(step: number): number {
  return 2 ** ((step + 1) / STEPS) / MICROSECONDS;
}
