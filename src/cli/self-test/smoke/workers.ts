/** A runtime that the smoke programs of one part share: it starts with the first of them, and ends with the last. */
import process from 'node:process';
import { currentReactor, startReactor } from '../../../index.js';
import { Runtime } from '../../../threads.js';
import type { Check } from '../check.js';
import { expectEqual } from './expect.js';

const WORKERS = 2;

let shared: Promise<Runtime> | undefined;

/** @returns a check that runs a program with two workers. */
export function withWorkers(name: string, program: (runtime: Runtime) => Promise<string | void>): Check {
  return { name, run: async () => program(await (shared ??= start())) };
}

export function endWorkers(name: string): Check {
  return {
    name,
    async run() {
      const runtime = await (shared ??= start());
      expectEqual((await runtime.stop()).terminated, [], 'workers that had to be terminated');
      currentReactor().close();
    },
  };
}

async function start(): Promise<Runtime> {
  startReactor({ backend: process.env.POLLUX_BACKEND });
  const runtime = new Runtime({ entry: new URL('smoke-worker.js', import.meta.url), workers: WORKERS });
  await runtime.start();
  return runtime;
}
