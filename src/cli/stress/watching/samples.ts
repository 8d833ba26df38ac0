/** One side, second by second: how much what was measured varied while it was. */
import type { ProcessProgress } from '../tally.js';
import type { Sample } from '../result.js';
import { thousandths } from '../rounding.js';

/** Twenty minutes; a longer run has as many samples of two seconds each, of four, and so on. */
const MOST_SAMPLES = 1200;

export class SideSampler {
  samples: Sample[] = [];
  private before: readonly ProcessProgress[] | undefined;
  /** Seconds that a sample is of. */
  private stride = 1;

  /** Called each second. @param second since the flood began. */
  take(second: number, now: readonly ProcessProgress[]): void {
    if (second % this.stride !== 0 || now.some(({ atMs }) => atMs === 0)) return;
    const { before } = this;
    // A process that has said nothing since: its bytes come with the next sample.
    if (before?.some(({ atMs }, index) => atMs === now[index].atMs)) return;
    this.before = now;
    if (before === undefined) return;
    const rate = (read: (process: ProcessProgress) => number) =>
      now.reduce((sum, each, index) => {
        const seconds = (each.atMs - before[index].atMs) / 1000;
        return sum + (read(each) - read(before[index])) / seconds;
      }, 0);
    const total = (process: ProcessProgress, read: (thread: ProcessProgress['threads'][number]) => number) =>
      process.threads.reduce((sum, thread) => sum + read(thread), 0);
    const hasMessages = now.every(({ threads }) => threads.every(({ messages }) => messages !== null));
    this.samples.push({
      second,
      connections: now.reduce((sum, process) => sum + total(process, ({ held }) => held), 0),
      mbPerSecond: thousandths(rate(process => total(process, ({ bytes }) => bytes)) / 1e6),
      messagesPerSecond: hasMessages
        ? thousandths(rate(process => total(process, ({ messages }) => messages ?? 0)))
        : null,
      cpuSecondsPerSecond: thousandths(rate(({ cpuMicroseconds }) => cpuMicroseconds) / 1e6),
    });
    if (this.samples.length >= MOST_SAMPLES) this.thin();
  }

  private thin(): void {
    const { samples } = this;
    const mean = (one: number, other: number) => thousandths((one + other) / 2);
    this.stride *= 2;
    this.samples = samples
      .filter((_, index) => index % 2 === 1)
      .map((later, index) => {
        const earlier = samples[2 * index];
        const { messagesPerSecond } = later;
        return {
          ...later,
          mbPerSecond: mean(earlier.mbPerSecond, later.mbPerSecond),
          messagesPerSecond: messagesPerSecond && mean(earlier.messagesPerSecond ?? 0, messagesPerSecond),
          cpuSecondsPerSecond: mean(earlier.cpuSecondsPerSecond, later.cpuSecondsPerSecond),
        };
      });
  }
}
