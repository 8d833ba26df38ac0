/**
 * A service whose threads are terminated at random in a flood of clients, and come back: what is left of it afterwards.
 * Most of the time goes into starting threads, so they load the bundle, which is cheaper than the modules one by one.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import { readdirSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import type { Worker } from 'node:worker_threads';
import { currentReactor } from 'pollux';
import { Runtime, type AcceptModel } from 'pollux/threads';
import type { Random } from '../../src/base/random.js';

const entry = new URL('doomed-entry.js', import.meta.url);
const THREADS = 5;
/** That are connecting or being served at a time. */
const CLIENTS = 16;
/** The longest that a thread lives on after it has served somebody. */
const LONGEST_MS = 12;
/** Terminations after which it is looked whether all is closed. */
const ROUNDS_PER_LOOK = 50;
/** The longest wait for what must come. It is over at once where nothing is lost. */
const PATIENCE_MS = 30_000;

export interface Leftovers {
  /** More than there were before. */
  readonly descriptors: number;
  /** Clients that were neither served nor turned away. */
  readonly unanswered: number;
  readonly served: number;
}

/** @param rounds terminations. */
export async function terminateInFlood(accept: AcceptModel, rounds: number, random: Random): Promise<Leftovers> {
  const workers = watchWorkers();
  // What this thread and its Node open once and keep, they have opened then.
  currentReactor();
  await serve(accept, workers, 1, random);
  const before = openDescriptors();
  const { unanswered, served } = await serve(accept, workers, rounds, random);
  await until(() => openDescriptors() <= before);
  const descriptors = openDescriptors() - before;
  currentReactor().close();
  workers.forget();
  return { descriptors, unanswered, served };
}

async function serve(accept: AcceptModel, workers: Workers, rounds: number, random: Random): Promise<Leftovers> {
  const runtime = new Runtime({ entry, workers: THREADS, restarts: rounds });
  await runtime.start();
  const service = await runtime.listen({ accept, host: '127.0.0.1' });
  const clients = new Clients(service.port);
  let atRest = Infinity;
  let descriptors = 0;
  for (let left = rounds; left > 0 && descriptors === 0;) {
    // The first time is to open what is opened once.
    const count = atRest === Infinity ? 1 : Math.min(left, ROUNDS_PER_LOOK);
    await terminateSome(clients, workers, count, random);
    left -= count;
    await until(() => clients.unanswered === 0);
    if (clients.unanswered > 0) break;
    await until(() => runtime.workers.every(({ isRunning }) => isRunning));
    await until(() => openDescriptors() <= atRest);
    descriptors = Math.max(0, openDescriptors() - atRest);
    atRest = Math.min(atRest, openDescriptors());
  }
  await service.close();
  await runtime.stop();
  return { descriptors, unanswered: clients.unanswered, served: clients.served };
}

/** Each thread that has served somebody is terminated a moment later, wherever it is. */
async function terminateSome(clients: Clients, workers: Workers, count: number, random: Random): Promise<void> {
  const doomed = new Map<number, Promise<unknown>>();
  const flood = clients.flood(CLIENTS, threadId => {
    const worker = workers.alive.get(threadId);
    if (worker === undefined || doomed.has(threadId) || doomed.size === count) return;
    doomed.set(
      threadId,
      delay(random.below(LONGEST_MS)).then(() => worker.terminate()),
    );
  });
  // None is served any more where all clients are forgotten.
  for (let seen = -1; doomed.size < count && doomed.size > seen;) {
    seen = doomed.size;
    await until(() => doomed.size > seen);
  }
  await Promise.all(doomed.values());
  flood.end();
}

/** Clients of a port, each of which asks once. */
class Clients {
  served = 0;
  unanswered = 0;

  constructor(private readonly port: number) {}

  /** Some at a time, one after another. @param onServed told which thread has served one. */
  flood(width: number, onServed: (threadId: number) => void): { end(): void } {
    let isOver = false;
    const ask = () => {
      if (isOver) return;
      this.unanswered++;
      const socket = connectSocket({ port: this.port, host: '127.0.0.1' });
      socket.once('data', answer => {
        this.served++;
        socket.destroy();
        onServed(Number(answer));
      });
      // Those that a dead thread had are reset or closed.
      socket.on('error', () => {});
      socket.once('close', () => {
        this.unanswered--;
        ask();
      });
    };
    for (let client = 0; client < width; client++) ask();
    return { end: () => (isOver = true) };
  }
}

interface Workers {
  readonly alive: ReadonlyMap<number, Worker>;
  forget(): void;
}

/** The workers of this thread, whoever starts them: a runtime that does not know who terminates them starts them again. */
function watchWorkers(): Workers {
  const alive = new Map<number, Worker>();
  const onWorker = (message: unknown) => {
    const { worker } = message as { worker: Worker };
    const { threadId } = worker;
    alive.set(threadId, worker);
    worker.once('exit', () => alive.delete(threadId));
  };
  subscribe('worker_threads', onWorker);
  return { alive, forget: () => unsubscribe('worker_threads', onWorker) };
}

async function until(isSo: () => boolean): Promise<void> {
  for (const end = performance.now() + PATIENCE_MS; !isSo() && performance.now() < end;) await delay(5);
}

function openDescriptors(): number {
  return readdirSync('/proc/self/fd').length;
}
