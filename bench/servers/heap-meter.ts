/** What V8 can tell of memory, for servers that Node runs: what is held, and what was allocated meanwhile. */
import { setTimeout as delay } from 'node:timers/promises';
import { getHeapStatistics, GCProfiler } from 'node:v8';

const COLLECTIONS = 4;
/** Time for V8's helper threads to give pages back between two collections. */
const SETTLE_MS = 100;

/** What is held after collecting garbage; needs --expose-gc. */
export async function heldMemory(): Promise<{ heapBytes: number; residentBytes: number }> {
  if (globalThis.gc === undefined) throw new Error('heldMemory: start node with --expose-gc');
  for (let i = 0; i < COLLECTIONS; i++) {
    globalThis.gc();
    await delay(SETTLE_MS);
  }
  const { heapUsed, rss } = process.memoryUsage();
  return { heapBytes: heapUsed, residentBytes: rss };
}

/**
 * Bytes allocated on the JavaScript heap between `start` and `stop`, to the byte: what the heap grew by from the end of
 * each collection to the beginning of the next.
 */
export class AllocationMeter {
  private profiler = new GCProfiler();
  private usedAtStart = 0;

  start(): void {
    this.profiler = new GCProfiler();
    this.profiler.start();
    this.usedAtStart = usedBytes();
  }

  stop(): { allocatedBytes: number; scavenges: number } {
    const usedAtStop = usedBytes();
    const { statistics } = this.profiler.stop();
    let allocatedBytes = 0;
    let used = this.usedAtStart;
    for (const { beforeGC, afterGC } of statistics) {
      allocatedBytes += beforeGC.heapStatistics.usedHeapSize - used;
      used = afterGC.heapStatistics.usedHeapSize;
    }
    allocatedBytes += usedAtStop - used;
    const scavenges = statistics.filter(({ gcType }) => gcType === 'Scavenge').length;
    return { allocatedBytes, scavenges };
  }
}

function usedBytes(): number {
  return getHeapStatistics().used_heap_size;
}
