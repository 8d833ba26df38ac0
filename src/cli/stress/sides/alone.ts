/** `pollux stress server` and `pollux stress client`: one side here, the other wherever it may be. */
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { Interrupt } from '../interrupt.js';
import { layOut, layOutServer } from '../layout.js';
import { askedOf, conclude } from '../outcome.js';
import { expectedHeld, pushingSeconds, type LoneFloodPlan, type SinkPlan } from '../plan.js';
import { Progress } from '../progress.js';
import type { SideResult } from '../result.js';
import { Side } from './side.js';
import { resultOf } from '../verdict.js';

/** Nobody has told the clients that it ends. */
const PATIENCE_MS = 5_000;

export async function serveAlone(plan: SinkPlan, json: boolean): Promise<void> {
  const { backend, mode, threads, host, port, durationSeconds } = plan;
  const server = new Side('server', layOutServer(threads));
  const { result, interrupted } = await run(server, async end => {
    await server.prepare(plan);
    const [place] = await server.serve({ host, port, isShared: threads > 1, patienceMs: PATIENCE_MS });
    process.stderr.write(`listening on ${place.address} (${backend}, ${mode})\n`);
    await whileShown(`server ${backend}`, durationSeconds, server, ended(durationSeconds, end));
  });
  const results = [resultOf(backend, mode, result, null)];
  conclude({ asked: askedOf('server', [backend], plan), limits: [], results, interrupted }, json);
}

export async function floodAlone(plan: LoneFloodPlan, json: boolean): Promise<void> {
  const { backend, mode, threads, host, port } = plan;
  const { processes, connections, limits } = layOut(plan.connections, threads, true);
  const client = new Side('client', processes);
  const ports = connections.map(() => port);
  const { result, interrupted } = await run(client, async end => {
    await client.prepare(plan);
    if (end.aborted) throw new Error('interrupted before it began');
    end.addEventListener('abort', () => client.stop());
    await whileShown(`client ${backend}`, pushingSeconds(plan), client, client.flood(plan, host, connections, ports));
  });
  const expected = interrupted ? 0 : expectedHeld(plan, connections);
  const results = [resultOf(backend, mode, null, result, expected)];
  conclude({ asked: askedOf('client', [backend], plan), limits, results, interrupted }, json);
}

/**
 * Runs one side to its result, and leaves no process behind.
 *
 * @param work everything before the connections are closed; its signal is the interrupt.
 */
async function run(
  side: Side,
  work: (end: AbortSignal) => Promise<void>,
): Promise<{ result: SideResult; interrupted: boolean }> {
  const aborter = new AbortController();
  const interrupt = new Interrupt(() => aborter.abort());
  const kill = () => side.kill();
  process.on('exit', kill);
  try {
    await Promise.race([work(aborter.signal), side.failed]);
    const result = await Promise.race([side.finish(), side.failed]);
    return { result, interrupted: interrupt.happened };
  } finally {
    // Whatever still waits, for a time or for an interrupt, must not keep the command.
    aborter.abort();
    interrupt.stop();
    process.off('exit', kill);
    kill();
  }
}

async function whileShown(title: string, durationSeconds: number | undefined, side: Side, work: Promise<void>) {
  const progress = new Progress(title, durationSeconds, () => [side.progress]);
  try {
    await Promise.race([work, side.failed]);
  } finally {
    progress.stop();
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
