/**
 * A program that ends runtimes when the first, second, … of their threads has begun to load koffi. It needs
 * `--import announce-loading.js`, and says how many it has ended, unless it ends itself in the middle.
 */
import process from 'node:process';
import { isMainThread, setEnvironmentData, Worker } from 'node:worker_threads';
import { Runtime } from 'pollux/threads';

const THREADS = 2;

const loading = new Int32Array(new SharedArrayBuffer(4));

/** A runtime so many of whose threads have begun to load. */
function loadingRuntime(awaited: number): Runtime {
  loading[0] = 0;
  const runtime = new Runtime({ entry: new URL('data:text/javascript,'), workers: THREADS });
  runtime.start().catch(() => {});
  // Without a turn of the loop, after which the moment would have passed.
  for (let begun = 0; begun < awaited; begun = Atomics.load(loading, 0)) Atomics.wait(loading, 0, begun);
  return runtime;
}

async function end(way: string, awaited: number): Promise<void> {
  if (way === 'terminate' || way === 'stop') {
    for (let each = 1; each <= THREADS; each++) {
      const runtime = loadingRuntime(each);
      if (way === 'terminate') await Promise.all(runtime.workers.map(thread => thread.terminate()));
      else await runtime.stop(0);
      await runtime.finished().catch(() => {});
    }
    console.log(`${THREADS} runtimes`);
    return;
  }
  loadingRuntime(awaited);
  if (way === 'throw') throw new Error('thrown by the owner');
  process.exit(5);
}

const [way, awaited, where] = process.argv.slice(2);
if (isMainThread && where === 'in a worker') {
  new Worker(new URL(import.meta.url), { argv: [way, awaited] }).on('exit', code => console.log(`worker: ${code}`));
} else {
  setEnvironmentData('loading', loading);
  await end(way, Number(awaited));
}
