/** Live progress on standard error: one line rewritten on a terminal, a plain line a second elsewhere. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { logUpdateStderr } from 'log-update';
import type { SideProgress } from './tally.js';

const TERMINAL_PERIOD_MS = 250;
const PLAIN_PERIOD_MS = 1000;
const BAR_CELLS = 20;

export class Progress {
  private readonly startedMs = performance.now();
  private readonly timer: NodeJS.Timeout;
  private lastBytes = 0;
  private lastMs = this.startedMs;

  /**
   * @param durationSeconds undefined where nobody knows how long it will take.
   * @param read the sides as they are now; the first one's bytes are those that are shown.
   */
  constructor(
    private readonly title: string,
    private readonly durationSeconds: number | undefined,
    private readonly read: () => readonly SideProgress[],
  ) {
    this.timer = setInterval(() => this.show(), process.stderr.isTTY ? TERMINAL_PERIOD_MS : PLAIN_PERIOD_MS);
  }

  stop(): void {
    clearInterval(this.timer);
    if (process.stderr.isTTY) logUpdateStderr.clear();
  }

  private show(): void {
    const line = this.line();
    if (process.stderr.isTTY) logUpdateStderr(line);
    else process.stderr.write(`${line}\n`);
  }

  private line(): string {
    const nowMs = performance.now();
    const sides = this.read();
    const [{ bytes }] = sides;
    const mbPerSecond = (bytes - this.lastBytes) / 1000 / (nowMs - this.lastMs);
    this.lastBytes = bytes;
    this.lastMs = nowMs;
    const errors = sides.reduce((sum, side) => sum + side.errors, 0);
    // Those that both sides have: one that a side has opened may still wait to be accepted.
    const held = Math.min(...sides.map(side => side.held));
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
    if (!process.stderr.isTTY) return text;
    const full = Math.round(share * BAR_CELLS);
    return `${'█'.repeat(full)}${'░'.repeat(BAR_CELLS - full)} ${text}`;
  }
}
