/**
 * A program that is told to end while the two threads of its runtime are starting: at once, while their entries take their
 * time, or wait for what never comes. It says how `start` and `join` ended, and what was left open.
 */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { currentReactor } from 'pollux';
import { currentWorker, openEndpoint, Runtime, type Endpoint } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';
import { until } from '../../threads/runtime/until.js';

/** What owner and threads see. */
interface Cells {
  /** How many entries have begun. */
  readonly begun: Int32Array;
  /** 1: the entries may come to their end. */
  readonly goOn: Int32Array;
}

/** Longer than a test may last. */
const NEVER_MS = 1_000_000;
const SHORTLY_MS = 20;

async function start(way: string): Promise<void> {
  const cell = () => new Int32Array(new SharedArrayBuffer(4));
  const cells: Cells = { begun: cell(), goOn: cell() };
  // A first one, since what threads of Node have cost is paid for once.
  const endpoint = openEndpoint();
  cells.goOn[0] = 1;
  const first = make(cells, endpoint, NEVER_MS);
  await first.start();
  await first.stop();
  cells.goOn[0] = cells.begun[0] = 0;

  const listeners = () => process.listenerCount('SIGTERM') + process.listenerCount('SIGINT');
  if (['at once', 'slow'].includes(way))
    for (const signal of ['SIGTERM', 'SIGINT']) process.on(signal, () => (cells.goOn[0] = 1));
  const before = { descriptors: openDescriptors().length, listeners: listeners() };
  const runtime = make(cells, endpoint, way === 'never through' ? SHORTLY_MS : NEVER_MS);
  const starting = runtime.start();
  if (way !== 'at once') void until(() => cells.begun[0] === 2).then(() => console.log('ready'));
  else console.log('ready');
  if (way === 'uncaught') await starting;
  await starting.catch((failure: Error) => console.log(failure.message));
  console.log(await runtime.finished());
  console.log({
    descriptors: openDescriptors().length - before.descriptors,
    listeners: listeners() - before.listeners,
  });
  endpoint.close();
  // Throws if something was left open.
  currentReactor().close();
}

function make(payload: Cells, endpoint: Endpoint, drainOnSignalMs: number): Runtime {
  return new Runtime({ entry: new URL(import.meta.url), workers: 2, payload, endpoint, drainOnSignalMs });
}

if (isMainThread) await start(process.argv[2]);
else {
  const { begun, goOn } = currentWorker().payload as Cells;
  Atomics.add(begun, 0, 1);
  await until(() => goOn[0] === 1);
}
