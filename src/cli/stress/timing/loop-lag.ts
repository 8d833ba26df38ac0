/**
 * How late the loop of this thread is: a timer every 10 ms notes how far past its time it ran. (Node's own
 * monitorEventLoopDelay does the same inside libuv, which not every runtime has.)
 */
import { performance } from 'node:perf_hooks';
import { DelayHistogram, type DelayCounts } from './delay-histogram.js';

const PERIOD_MS = 10;

export class LoopLag {
  private readonly histogram = new DelayHistogram();
  private timer: NodeJS.Timeout | undefined;
  private dueMs = 0;
  private readonly sample = () => {
    const lateMs = performance.now() - this.dueMs;
    // A stall of 100 ms swallowed nine samples that would have been late too; they count, or a stall would hardly show.
    for (let lag = lateMs; lag > 0; lag -= PERIOD_MS) this.histogram.record(lag);
    this.next();
  };

  start(): void {
    this.next();
  }

  stop(): void {
    clearTimeout(this.timer);
  }

  get delays(): DelayCounts {
    return this.histogram;
  }

  private next(): void {
    this.dueMs = performance.now() + PERIOD_MS;
    this.timer = setTimeout(this.sample, PERIOD_MS);
  }
}
