/** Opens and closes a file again and again, and says what once takes, as one line of JSON: open-close.js WAY PATH */
import { closeSync, openSync } from 'node:fs';
import { open as openPromise } from 'node:fs/promises';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { open } from 'pollux';

const [, , way, path] = process.argv;
const TIMES = 5_000;
/** The first are for V8 to compile the loop. */
const ROUNDS = 3;

const ways: Record<string, () => Promise<void>> = {
  async pollux() {
    const file = await open(path);
    await file.close();
  },
  async promises() {
    const file = await openPromise(path);
    await file.close();
  },
  sync() {
    closeSync(openSync(path, 'r'));
    return Promise.resolve();
  },
};

async function measure(once: () => Promise<void>) {
  const cpuBefore = process.cpuUsage();
  const began = performance.now();
  for (let time = 0; time < TIMES; time++) await once();
  const elapsedMs = performance.now() - began;
  const { user, system } = process.cpuUsage(cpuBefore);
  return { micros: (elapsedMs * 1e3) / TIMES, cpuMicros: (user + system) / TIMES };
}

let last = await measure(ways[way]);
for (let round = 1; round < ROUNDS; round++) last = await measure(ways[way]);
process.stdout.write(`${JSON.stringify(last)}\n`);
