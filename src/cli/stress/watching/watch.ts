/** Looks on while a flood goes on: shows it, writes it to a file, and takes a sample of each side each second. */
import { performance } from 'node:perf_hooks';
import type { Sample } from '../result.js';
import type { CsvFile } from './csv-file.js';
import { Progress } from './progress.js';
import { SideSampler } from './samples.js';
import type { SidesProgress } from './thread-deltas.js';

const SECOND_MS = 1000;

export interface WatchPlan {
  readonly backend: string;
  readonly title: string;
  /** Undefined where nobody knows how long it will take. */
  readonly durationSeconds: number | undefined;
  readonly csv: CsvFile | undefined;
  /** The sides as they are now. */
  readonly read: () => SidesProgress;
}

export class Watch {
  private readonly startedMs = performance.now();
  private readonly progress: Progress;
  private readonly timer: NodeJS.Timeout;
  private isOver = false;
  private readonly samplers = { server: new SideSampler(), client: new SideSampler() };

  constructor(private readonly plan: WatchPlan) {
    this.progress = new Progress(plan.title, plan.durationSeconds, plan.read);
    this.timer = setInterval(() => this.look(), SECOND_MS);
  }

  get samples(): Record<'server' | 'client', readonly Sample[]> {
    return { server: this.samplers.server.samples, client: this.samplers.client.samples };
  }

  /** What the samples are of is over. */
  endSampling(): void {
    this.isOver = true;
  }

  stop(): void {
    clearInterval(this.timer);
    this.progress.stop();
    this.plan.csv?.write(this.plan.backend, this.second + 1, this.plan.read());
  }

  private get second(): number {
    return Math.round((performance.now() - this.startedMs) / SECOND_MS);
  }

  private look(): void {
    const sides = this.plan.read();
    const { second } = this;
    if (!this.isOver) for (const { side, processes } of sides) this.samplers[side].take(second, processes);
    this.plan.csv?.write(this.plan.backend, second, sides);
  }
}
