/** Threads of a service that are terminated at random in a flood of clients: what is left of it afterwards. */
import { readdirSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Random } from '../../../src/base/random.js';
import { currentReactor, Runtime, type AcceptModel } from '../../../src/index.js';

const entry = new URL('entry.js', import.meta.url);
/** Of a runtime, of which all but one are terminated. */
const THREADS = 8;
/** That are connecting or being served at a time. */
const CLIENTS = 24;
/** The longest that a thread lives on after the one before it has ended. */
const LONGEST_MS = 12;
/** How often it is looked whether all is closed. */
const TRIES = 200;

export interface Leftovers {
  /** More than there were before. */
  readonly descriptors: number;
  readonly served: number;
}

/**
 * Waits for each client: it is served, or its connection is closed. One that is forgotten is waited for in vain.
 *
 * @param rounds terminations.
 */
export async function terminateInFlood(accept: AcceptModel, rounds: number, random: Random): Promise<Leftovers> {
  // What this thread and its Node open once and keep, they have opened then.
  currentReactor();
  await terminateSome(accept, 1, random);
  const before = openDescriptors();
  let served = 0;
  for (let left = rounds; left > 0; left -= THREADS - 1) {
    served += await terminateSome(accept, Math.min(left, THREADS - 1), random);
  }
  // What is closed by an event of Node's is closed soon.
  for (let tries = 0; tries < TRIES && openDescriptors() > before; tries++) await delay(10);
  const descriptors = openDescriptors() - before;
  currentReactor().close();
  return { descriptors, served };
}

/** @returns how many clients were served. */
async function terminateSome(accept: AcceptModel, victims: number, random: Random): Promise<number> {
  const runtime = new Runtime({ entry, threads: victims + 1 });
  await runtime.start();
  const service = await runtime.listen({ accept, host: '127.0.0.1' });
  const flood = floodOf(service.port);
  const [last, ...others] = runtime.threads;
  for (const victim of others) {
    await delay(random.below(LONGEST_MS));
    await victim.terminate();
  }
  const served = await flood.end();
  await last.terminate();
  await runtime.stop();
  await service.close();
  return served;
}

/** Clients one after another, some at a time, until `end` is called; it resolves when all have come to an end. */
function floodOf(port: number): { end(): Promise<number> } {
  let isOver = false;
  let served = 0;
  const askOnce = () =>
    new Promise<void>(resolve => {
      const socket = connectSocket({ port, host: '127.0.0.1' });
      socket.once('data', () => {
        served++;
        socket.destroy();
      });
      // Those that a dead thread had are reset or closed.
      socket.on('error', () => {});
      socket.once('end', () => socket.destroy());
      socket.once('close', () => resolve());
    });
  const client = async () => {
    while (!isOver) await askOnce();
  };
  const clients = Promise.all(Array.from({ length: CLIENTS }, client));
  return {
    end: async () => {
      isOver = true;
      await clients;
      return served;
    },
  };
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
