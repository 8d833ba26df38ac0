/** A worker that receives items of several work queues, and dies when an item says so. */
import process from 'node:process';
import { setImmediate as turn } from 'node:timers/promises';
import { currentWorker, receiveWork } from 'pollux/threads';

/** What the threads see of each other. */
export interface Words {
  /** How often a receiver began with each item, by its number. */
  readonly begun: Int32Array;
  /** 0: gated items wait; 1: they go on. The second counts those that wait. */
  readonly gate: Int32Array;
}

/** An item of the queue 'tasks'. */
export interface Task {
  readonly number: number;
  readonly kind: 'do' | 'later' | 'die' | 'answer and die';
}

const worker = currentWorker();
const { begun, gate } = worker.payload as Words;

async function open(): Promise<void> {
  Atomics.add(gate, 1, 1);
  while (Atomics.load(gate, 0) === 0) await turn();
}

receiveWork<Task, number>(
  worker,
  'tasks',
  async ({ value: { number, kind } }) => {
    Atomics.add(begun, number, 1);
    if (kind === 'die') process.exit(1);
    if (kind === 'later') await turn();
    return number;
  },
  { atOnce: 3 },
);

/** As 'tasks', without a promise: the outcome is told before the next item is begun with. */
receiveWork<Task, number>(
  worker,
  'sync',
  ({ value: { number, kind } }) => {
    Atomics.add(begun, number, 1);
    if (kind === 'die') process.exit(1);
    if (kind === 'answer and die') setImmediate(() => process.exit(1));
    return number;
  },
  { atOnce: 3 },
);

receiveWork<number, number>(worker, 'gated', async ({ value }) => {
  await open();
  return value;
});

const closing = receiveWork<number, string>(worker, 'who', () => worker.name);
worker.endpoint.answer('leave', () => closing.close());

worker.endpoint.define<number>('tell', times => {
  for (let time = 0; time < times; time++) worker.owner.sender('told').trySend(time);
});

receiveWork<Uint8Array, Uint8Array>(worker, 'bytes', ({ value }) => value.map(byte => byte + 1));

receiveWork(worker, 'fails', () => {
  throw Object.assign(new RangeError('too hot'), { code: 'E_HOT' });
});

/** Only the first worker: a loop, which is left at the item 'leave'. */
async function loop(): Promise<void> {
  for await (const job of receiveWork<string, string>(worker, 'looped')) {
    if (job.value === 'leave') return;
    if (job.value === 'fail') job.fail(new Error('as it was told'));
    else if (job.value !== 'nothing') job.finish(job.value.toUpperCase());
  }
}
if (worker.index === 0) void loop();
