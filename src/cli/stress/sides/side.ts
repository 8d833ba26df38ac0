/** All the child processes of one side, as one. */
import type { ProcessAccount } from '../account.js';
import type { Listening } from './side-thread.js';
import type { Order, Report } from '../messages.js';
import { share } from '../layout.js';
import type { ClientPlan, FloodPlan, Place, RunPlan, ServerPlan } from '../plan.js';
import { SideProcess } from './side-process.js';
import type { ProcessProgress } from '../tally.js';

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

  /** What each of its processes has said last. */
  get progress(): ProcessProgress[] {
    return this.processes.map(({ progress }) => progress);
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
    const next = plan.isShared ? { ...plan, at: places[0].place as ServerPlan['at'] } : plan;
    for (const process of others) process.order({ order: 'serve', plan: next });
    for (const process of others) places.push(...(await process.next('listening')).places);
    return places;
  }

  /**
   * @param connections of each thread.
   * @param targets of each thread.
   * @param isStamped whether a server on this machine reads what messages begin with.
   * @returns a promise that resolves when the pushing is over.
   */
  async flood(
    plan: FloodPlan,
    connections: readonly number[],
    targets: readonly Place[],
    isStamped: boolean,
  ): Promise<void> {
    const { transport, sizes, durationSeconds, durationFrom } = plan;
    const rate = plan.rate / connections.length;
    const common = { transport, rate, sizes, durationSeconds, durationFrom, isStamped };
    const datagrams = plan.datagrams === null ? null : share(plan.datagrams, connections.length);
    const plans = connections.map((each, index): ClientPlan => ({
      ...common,
      target: targets[index],
      connections: each,
      seed: index,
      datagrams: datagrams?.[index] ?? null,
    }));
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

  /**
   * Closes everything in order.
   *
   * @param expected how many datagrams each thread was sent; left out where nobody knows, or with streams.
   */
  async finish(expected?: readonly number[]): Promise<ProcessAccount[]> {
    let first = 0;
    this.processes.forEach((process, index) => {
      const end = first + this.threads[index];
      process.order({ order: 'finish', expected: expected?.slice(first, end) ?? null });
      first = end;
    });
    return (await this.all('result')).map(({ account }) => account);
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
