/** Items for two workers: node work-queue.js pollux|piscina AT_ONCE WINDOW COUNT; one line of JSON. */
import process from 'node:process';
import { Piscina } from 'piscina';
import { Runtime } from 'pollux/threads';

const LENGTH_BYTES = 64;
const WORKERS = 2;
/** Items before those that count, until V8 has compiled what it will. */
const WARM_UP = 5_000;

const [, , kind, ...numbers] = process.argv;
const [atOnce, window, count] = numbers.map(Number);
const entry = new URL('work-queue-worker.js', import.meta.url);
const item = new Uint8Array(LENGTH_BYTES).fill(1);

type Give = (item: Uint8Array) => Promise<number>;

async function ofPollux(): Promise<Give> {
  const runtime = new Runtime({ entry, workers: WORKERS, payload: atOnce });
  await runtime.start();
  const queue = runtime.workQueue<Uint8Array, number>('sums');
  return bytes => queue.run(bytes);
}

function ofPiscina(): Give {
  const pool = new Piscina<Uint8Array, number>({
    filename: entry.href,
    minThreads: WORKERS,
    maxThreads: WORKERS,
    concurrentTasksPerWorker: atOnce,
  });
  return bytes => pool.run(bytes);
}

const give = kind === 'pollux' ? await ofPollux() : ofPiscina();

/** As many at a time as the window has. @returns microseconds of each, if only one is under way at a time. */
async function work(items: number): Promise<number[]> {
  let left = items;
  const times: number[] = [];
  const one = async () => {
    while (left-- > 0) {
      const startedAt = process.hrtime.bigint();
      if ((await give(item)) !== LENGTH_BYTES) throw new Error('what came is not what was asked for');
      if (window === 1) times.push(Number(process.hrtime.bigint() - startedAt) / 1000);
    }
  };
  await Promise.all(Array.from({ length: window }, one));
  return times.sort((a, b) => a - b);
}

await work(WARM_UP);
const cpu = process.cpuUsage();
const startedAt = process.hrtime.bigint();
const times = await work(count);
const wallUs = Number(process.hrtime.bigint() - startedAt) / 1000 / count;
const used = process.cpuUsage(cpu);
const cpuUs = (used.user + used.system) / count;
const latency =
  times.length === 0 ? {} : { medianUs: times[times.length >> 1], p99Us: times[(times.length * 99) / 100] };
process.stdout.write(`${JSON.stringify({ wallUs, cpuUs, ...latency })}\n`, () => process.exit(0));
