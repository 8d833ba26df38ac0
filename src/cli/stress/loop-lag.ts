/**
 * How late the loop of this thread is: a timer every 10 ms notes how far past its time it ran. (Node's own
 * monitorEventLoopDelay does the same inside libuv, which not every runtime has.)
 */
import { createHistogram, performance } from 'node:perf_hooks';

const PERIOD_MS = 10;

/** In milliseconds; 0 before the first sample. Node's timers step by 1 ms, so an idle loop shows about that. */
export interface LagSummary {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

export class LoopLag {
  private readonly histogram = createHistogram();
  private timer: NodeJS.Timeout | undefined;
  private dueMs = 0;
  private readonly sample = () => {
    const lateMs = performance.now() - this.dueMs;
    // A stall of 100 ms swallowed nine samples that would have been late too; they count, or a stall would hardly show.
    for (let lag = lateMs; lag > 0; lag -= PERIOD_MS) this.histogram.record(Math.max(1, Math.round(lag * 1000)));
    this.next();
  };

  start(): void {
    this.next();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  get summary(): LagSummary {
    const { histogram } = this;
    if (histogram.count === 0) return { p50: 0, p99: 0, max: 0 };
    return { p50: histogram.percentile(50) / 1000, p99: histogram.percentile(99) / 1000, max: histogram.max / 1000 };
  }

  private next(): void {
    this.dueMs = performance.now() + PERIOD_MS;
    this.timer = setTimeout(this.sample, PERIOD_MS);
  }
}
