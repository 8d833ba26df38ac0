/** Live progress on standard error: a line for each thread on a terminal, a plain line a second elsewhere. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { logUpdateStderr } from 'log-update';
import type { ThreadProgress } from '../tally.js';
import { machineMs } from '../timing/machine-clock.js';
import { ThreadDeltas, type SidesProgress, type ThreadDelta } from './thread-deltas.js';

const TERMINAL_PERIOD_MS = 500;
const PLAIN_PERIOD_MS = 1000;
const BAR_CELLS = 20;
/** Of a terminal that does not say how high it is. */
const DEFAULT_ROWS = 24;

export class Progress {
  private readonly startedMs = performance.now();
  private readonly timer: NodeJS.Timeout;
  private readonly deltas = new ThreadDeltas(machineMs());
  private lastBytes = 0;
  private lastMs = this.startedMs;
  /** Where the result is read by a program, or goes to a file, nothing is rewritten. */
  private readonly isLive = process.stdout.isTTY === true && process.stderr.isTTY === true;

  /**
   * @param durationSeconds undefined where nobody knows how long it will take.
   * @param read the sides as they are now; the first one's bytes are those that are shown.
   */
  constructor(
    private readonly title: string,
    private readonly durationSeconds: number | undefined,
    private readonly read: () => SidesProgress,
  ) {
    this.timer = setInterval(() => this.show(), this.isLive ? TERMINAL_PERIOD_MS : PLAIN_PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    if (this.isLive) logUpdateStderr.clear();
  }

  private show(): void {
    const sides = this.read();
    const line = this.line(sides);
    if (!this.isLive) {
      process.stderr.write(`${line}\n`);
      return;
    }
    const lines = threadLines(this.deltas.since(sides));
    const room = (process.stderr.rows ?? DEFAULT_ROWS) - 2;
    const shown = lines.length <= room ? lines : [...lines.slice(0, room - 1), `… ${lines.length - room + 1} more`];
    logUpdateStderr([line, ...shown].join('\n'));
  }

  private line(sides: SidesProgress): string {
    const nowMs = performance.now();
    const totals = sides.map(({ processes }) => sumOf(processes.flatMap(({ threads }) => threads)));
    const [{ bytes }] = totals;
    const mbPerSecond = (bytes - this.lastBytes) / 1000 / (nowMs - this.lastMs);
    this.lastBytes = bytes;
    this.lastMs = nowMs;
    const errors = totals.reduce((sum, side) => sum + side.errors, 0);
    // Those that both sides have: one that a side has opened may still wait to be accepted.
    const held = Math.min(...totals.map(side => side.held));
    const parts = [
      `${held} connections`,
      `${mbPerSecond.toFixed(0)} MB/s`,
      `${(bytes / 1e6).toFixed(0)} MB`,
      ...(errors > 0 ? [`${errors} errors`] : []),
    ];
    return `${this.title}  ${this.clock((nowMs - this.startedMs) / 1000)}  ${parts.join(' · ')}`;
  }

  private clock(seconds: number): string {
    if (this.durationSeconds === undefined) return `${seconds.toFixed(0)} s`;
    const share = Math.min(1, seconds / this.durationSeconds);
    const text = `${Math.min(seconds, this.durationSeconds).toFixed(1)} of ${this.durationSeconds} s`;
    if (!this.isLive) return text;
    const full = Math.round(share * BAR_CELLS);
    return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${text}`;
  }
}

function sumOf(threads: readonly ThreadProgress[]): Pick<ThreadProgress, 'held' | 'bytes' | 'errors'> {
  const sum = (read: (thread: ThreadProgress) => number) => threads.reduce((total, each) => total + read(each), 0);
  return { held: sum(({ held }) => held), bytes: sum(({ bytes }) => bytes), errors: sum(({ errors }) => errors) };
}

function threadLines(deltas: readonly ThreadDelta[]): string[] {
  return deltas.map(({ side, thread, now, seconds, bytes, messages, dropped }) => {
    const rate = (amount: number) => (seconds > 0 ? amount / seconds : 0);
    return [
      `${side} ${String(thread).padStart(3)}`,
      `${String(now.held).padStart(6)} connections`,
      `${rate(bytes / 1e6)
        .toFixed(1)
        .padStart(8)} MB/s`,
      ...(messages === null ? [] : [`${rate(messages).toFixed(0).padStart(9)} messages/s`]),
      ...(dropped === null ? [] : [`${rate(dropped).toFixed(0).padStart(9)} dropped/s`]),
      ...(now.errors === 0 ? [] : [`${now.errors} errors`]),
    ].join('  ');
  });
}
