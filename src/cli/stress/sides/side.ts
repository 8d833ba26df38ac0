/** All the child processes of one side, as one. */
import { sumUp } from '../account.js';
import type { Listening } from './local-side.js';
import type { Order, Report } from '../messages.js';
import type { ClientPlan, FloodPlan, RunPlan, ServerPlan } from '../plan.js';
import type { SideResult } from '../result.js';
import { SideProcess } from './side-process.js';
import { sumProgress, type SideProgress } from '../tally.js';

export class Side {
  /** Rejects as soon as one of its processes fails or ends early; never resolves. */
  readonly failed: Promise<never>;
  private readonly processes: readonly SideProcess[];

  /** @param threads how many each process has. */
  constructor(
    name: 'server' | 'client',
    private readonly threads: readonly number[],
  ) {
    const { length } = threads;
    this.processes = threads.map(
      (_, index) => new SideProcess(length === 1 ? name : `${name} ${index + 1} of ${length}`),
    );
    this.failed = new Promise((_, reject) => {
      for (const process of this.processes) process.onFailure = reject;
    });
    // A caller that wants to know asks.
    this.failed.catch(() => {});
  }

  get progress(): SideProgress {
    return sumProgress(this.processes.map(({ progress }) => progress));
  }

  /** Starts the threads. @throws (by the promise, as all) Error a process failed, or was silent. */
  async prepare({ backend, mode }: Pick<RunPlan, 'backend' | 'mode'>): Promise<void> {
    this.processes.forEach((process, index) =>
      process.order({ order: 'prepare', name: process.name, threads: this.threads[index], backend, mode }),
    );
    await this.all('prepared');
  }

  /** @returns where each thread listens. */
  async serve(plan: ServerPlan): Promise<Listening[]> {
    const [first, ...others] = this.processes;
    first.order({ order: 'serve', plan });
    const places = [...(await first.next('listening')).places];
    const next = plan.isShared ? { ...plan, port: places[0].port } : plan;
    for (const process of others) process.order({ order: 'serve', plan: next });
    for (const process of others) places.push(...(await process.next('listening')).places);
    return places;
  }

  /**
   * @param connections of each thread.
   * @param ports the target of each thread.
   * @returns a promise that resolves when the pushing is over.
   */
  async flood(plan: FloodPlan, host: string, connections: readonly number[], ports: readonly number[]): Promise<void> {
    const { sizeBytes, durationSeconds, durationFrom } = plan;
    const rate = plan.rate / connections.length;
    const common = { host, rate, sizeBytes, durationSeconds, durationFrom };
    const plans = connections.map((each, index): ClientPlan => ({ ...common, port: ports[index], connections: each }));
    let first = 0;
    this.processes.forEach((process, index) => {
      const end = first + this.threads[index];
      process.order({ order: 'flood', plans: plans.slice(first, end) });
      first = end;
    });
    await this.all('pushed');
  }

  /** Ends the pushing. */
  stop(): void {
    this.orderAll({ order: 'stop' });
  }

  /** Has a server count the connections that it holds. */
  async count(): Promise<void> {
    this.orderAll({ order: 'count' });
    await this.all('counted');
  }

  /** Closes everything in order. */
  async finish(): Promise<SideResult> {
    this.orderAll({ order: 'finish' });
    return sumUp((await this.all('result')).map(({ account }) => account));
  }

  kill(): void {
    for (const process of this.processes) process.kill();
  }

  private orderAll(order: Order): void {
    for (const process of this.processes) process.order(order);
  }

  private all<K extends Report['report']>(report: K) {
    return Promise.all(this.processes.map(process => process.next(report)));
  }
}
