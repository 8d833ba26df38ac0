/** `pollux stress server` and `pollux stress client`: one side here, the other wherever it may be. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { sumUp } from '../account.js';
import { Interrupt } from '../interrupt.js';
import { layOut, layOutServer } from '../layout.js';
import { askedOf, conclude, type Output } from '../outcome.js';
import { expectedHeld, pushingSeconds, type LoneFloodPlan, type SinkPlan } from '../plan.js';
import { RunLimit } from '../run-limit.js';
import { CsvFile } from '../watching/csv-file.js';
import { Watch } from '../watching/watch.js';
import type { SideResult } from '../result.js';
import { Side } from './side.js';
import { resultOf } from '../verdict.js';

/** Nobody has told the clients that it ends. */
const PATIENCE_MS = 5_000;
const LOOK_MS = 1_000;

export async function serveAlone(plan: SinkPlan, output: Output): Promise<void> {
  const { backend, mode, threads, host, port, transport, durationSeconds } = plan;
  const server = new LoneSide('server', layOutServer(threads), output);
  const { result, interrupted } = await server.run(async end => {
    await server.side.prepare(plan);
    const isShared = threads > 1;
    const serverPlan = { transport, at: { host, port }, isShared, patienceMs: PATIENCE_MS, stampedBytes: null };
    const [place] = await server.side.serve(serverPlan);
    process.stderr.write(`listening on ${place.address} (${backend}, ${mode})\n`);
    const idle = durationSeconds === undefined ? [whenIdle(server.side, plan.limitSeconds, end)] : [];
    await server.watch(backend, durationSeconds, Promise.race([ended(durationSeconds, end), ...idle]));
  });
  const results = [resultOf(backend, mode, result, null)];
  server.conclude({ asked: askedOf('server', [backend], plan), limits: [], results, interrupted });
}

export async function floodAlone(plan: LoneFloodPlan, output: Output): Promise<void> {
  const { backend, mode, threads, host, port, limitSeconds } = plan;
  const { processes, connections, limits } = layOut(plan.connections, threads, plan.transport, true);
  const client = new LoneSide('client', processes, output);
  const targets = connections.map(() => ({ host, port }));
  const limit = new RunLimit(limitSeconds, client.side);
  const { result, interrupted } = await client.run(async end => {
    await client.side.prepare(plan);
    if (end.aborted) throw new Error('interrupted before it began');
    end.addEventListener('abort', () => client.side.stop());
    await client.watch(backend, pushingSeconds(plan), client.side.flood(plan, connections, targets, false));
  });
  limit.clear();
  const expected = interrupted || limit.happened ? 0 : expectedHeld(plan, connections);
  const results = [resultOf(backend, mode, null, result, expected)];
  client.conclude({ asked: askedOf('client', [backend], plan), limits, results, interrupted });
}

/** The processes of one side, watched, and what is printed in the end. */
class LoneSide {
  readonly side: Side;
  private readonly csv: CsvFile | undefined;
  private watching: Watch | undefined;

  /** @throws Error the file for CSV can't be opened. */
  constructor(
    private readonly name: 'server' | 'client',
    threads: readonly number[],
    private readonly output: Output,
  ) {
    this.csv = output.csv === undefined ? undefined : new CsvFile(output.csv);
    this.side = new Side(name, threads);
  }

  /**
   * Runs the side to its result, and leaves no process behind.
   *
   * @param work everything before the connections are closed; its signal is the interrupt.
   */
  async run(work: (end: AbortSignal) => Promise<void>): Promise<{ result: SideResult; interrupted: boolean }> {
    const { side, name } = this;
    const aborter = new AbortController();
    const interrupt = new Interrupt(() => aborter.abort());
    const kill = () => side.kill();
    process.on('exit', kill);
    try {
      await Promise.race([work(aborter.signal), side.failed]);
      const accounts = await Promise.race([side.finish(), side.failed]);
      return { result: sumUp(accounts, this.watching?.samples[name] ?? []), interrupted: interrupt.happened };
    } finally {
      // Whatever still waits, for a time or for an interrupt, must not keep the command.
      aborter.abort();
      interrupt.stop();
      process.off('exit', kill);
      kill();
    }
  }

  async watch(backend: string, durationSeconds: number | undefined, work: Promise<void>): Promise<void> {
    const { name, side, csv } = this;
    const read = () => [{ side: name, processes: side.progress }];
    const watch = (this.watching = new Watch({ backend, title: `${name} ${backend}`, durationSeconds, csv, read }));
    try {
      await Promise.race([work, side.failed]);
    } finally {
      watch.stop();
    }
  }

  conclude(outcome: Parameters<typeof conclude>[0]): void {
    conclude(outcome, this.output);
    this.csv?.close();
  }
}

/** The time is up, or the signal came. */
async function ended(durationSeconds: number | undefined, end: AbortSignal): Promise<void> {
  const aborted = new Promise<void>(resolve => {
    if (end.aborted) resolve();
    else end.addEventListener('abort', () => resolve());
  });
  if (durationSeconds === undefined) return aborted;
  await delay(durationSeconds * 1000, undefined, { signal: end }).catch(() => {});
}

/** For so long not a byte came: nobody needs the server any more. */
async function whenIdle(side: Side, limitSeconds: number, end: AbortSignal): Promise<void> {
  let lastBytes = -1;
  for (let idleMs = 0; idleMs < limitSeconds * 1000 && !end.aborted; idleMs += LOOK_MS) {
    await delay(LOOK_MS, undefined, { signal: end }).catch(() => {});
    const threads = side.progress.flatMap(process => process.threads);
    const bytes = threads.reduce((sum, thread) => sum + thread.bytes, 0);
    if (bytes !== lastBytes) idleMs = 0;
    lastBytes = bytes;
  }
}
