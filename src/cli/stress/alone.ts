/** `pollux stress server` and `pollux stress client`: one side in this process, the other wherever it may be. */
import process from 'node:process';
import { FloodClient } from './client.js';
import { clipConnections } from './connection-limits.js';
import { Interrupt } from './interrupt.js';
import { conclude } from './outcome.js';
import type { ClientPlan, ServerPlan } from './plan.js';
import { Progress } from './progress.js';
import { SinkServer } from './server.js';
import { resultOf } from './verdict.js';

export async function serveAlone(plan: ServerPlan, json: boolean): Promise<void> {
  const { backend, mode, durationSeconds } = plan;
  const server = await SinkServer.start(plan);
  process.stderr.write(`listening on ${server.address} (${backend}, ${mode})\n`);
  const progress = new Progress(`server ${backend}`, durationSeconds, () => [server.progress()]);
  const interrupted = await ended(durationSeconds);
  progress.stop();
  conclude(
    {
      asked: {
        sides: 'server',
        backends: [backend],
        mode,
        connections: null,
        rate: null,
        sizeBytes: null,
        durationSeconds: durationSeconds ?? null,
      },
      limits: [],
      results: [resultOf(backend, mode, await server.finish(), null)],
      interrupted,
    },
    json,
  );
}

export async function floodAlone(plan: ClientPlan, json: boolean): Promise<void> {
  const { backend, mode, connections: wanted, rate, sizeBytes, durationSeconds } = plan;
  const { connections, limits } = clipConnections(wanted);
  const client = new FloodClient({ ...plan, connections });
  const interrupt = new Interrupt(() => client.stop());
  const progress = new Progress(`client ${backend}`, durationSeconds, () => [client.progress()]);
  await client.pushed;
  progress.stop();
  const result = await client.finish();
  interrupt.stop();
  conclude(
    {
      asked: { sides: 'client', backends: [backend], mode, connections: wanted, rate, sizeBytes, durationSeconds },
      limits,
      results: [resultOf(backend, mode, null, result)],
      interrupted: interrupt.happened,
    },
    json,
  );
}

/** @returns whether it was ended by an interrupt and not by the clock. */
async function ended(durationSeconds: number | undefined): Promise<boolean> {
  let interrupt: Interrupt;
  await new Promise<void>(resolve => {
    const timer = durationSeconds === undefined ? undefined : setTimeout(resolve, durationSeconds * 1000);
    interrupt = new Interrupt(() => {
      clearTimeout(timer);
      resolve();
    });
  });
  interrupt!.stop();
  return interrupt!.happened;
}
