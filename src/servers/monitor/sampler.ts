/**
 * Points of the last minutes. They are taken while somebody watches, and until as many minutes later; otherwise nothing
 * is measured or kept.
 */
import process from 'node:process';
import { clearTimeout, monotonicMs, setTimeout } from '../../base/runtime-functions.js';
import { pointBetween, type Look, type Point } from './rates.js';
import type { ThreadReport } from './server-report.js';

export const INTERVAL_MS = 1000;
/** Five minutes. */
const MOST_POINTS = 300;

/** Told of each point, and what it was made of. */
export type OnPoint = (point: Point, look: Look) => void;

export class Sampler {
  /** The oldest first. */
  readonly points: Point[] = [];
  private readonly watchers = new Set<OnPoint>();
  private timer: NodeJS.Timeout | undefined = undefined;
  private last: Look | undefined = undefined;
  private unwatched = 0;
  private isClosed = false;

  constructor(private readonly reports: () => Promise<readonly ThreadReport[]>) {}

  get isRunning(): boolean {
    return this.timer !== undefined;
  }

  /** @returns what ends it. */
  watch(onPoint: OnPoint): () => void {
    this.watchers.add(onPoint);
    this.unwatched = 0;
    if (!this.isRunning) this.arm(0);
    return () => this.watchers.delete(onPoint);
  }

  close(): void {
    this.isClosed = true;
    this.stop();
  }

  async look(): Promise<Look> {
    const threads = await this.reports();
    const { user, system } = process.cpuUsage();
    return { atMs: monotonicMs(), cpuMs: (user + system) / 1000, threads };
  }

  private stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.last = undefined;
    this.points.length = 0;
  }

  private arm(delayMs: number): void {
    this.timer = setTimeout(() => void this.sample(), delayMs).unref();
  }

  private async sample(): Promise<void> {
    const beganMs = monotonicMs();
    try {
      const look = await this.look();
      if (this.isClosed) return;
      if (this.last !== undefined) this.add(look, this.last);
      this.last = look;
    } catch {
      // The reactor of a thread was closed meanwhile: the next look says more.
    }
    if (this.isClosed) return;
    if (this.watchers.size === 0 && ++this.unwatched > MOST_POINTS) return this.stop();
    this.arm(Math.max(1, INTERVAL_MS - (monotonicMs() - beganMs)));
  }

  private add(look: Look, before: Look): void {
    const point = pointBetween(look, before, Date.now());
    this.points.push(point);
    if (this.points.length > MOST_POINTS) this.points.shift();
    for (const onPoint of this.watchers) onPoint(point, look);
  }
}
