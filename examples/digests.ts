/** Digests of files, worked out by threads that are free: node dist/examples/digests.js FILE... */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { receiveWork, Runtime, type CurrentWorker } from 'pollux/threads';

/** What a worker does with a file, one at a time. */
export function run(worker: CurrentWorker): void {
  receiveWork<string, string>(worker, 'digests', async ({ value: path }) =>
    createHash('sha256')
      .update(await readFile(path))
      .digest('hex'),
  );
}

async function serve(paths: readonly string[]): Promise<void> {
  const runtime = new Runtime({ entry: new URL(import.meta.url), workers: 2, restarts: 10 });
  await runtime.start();
  const queue = runtime.workQueue<string, string>('digests', { maxItems: 1000 });
  const underWay: Promise<void>[] = [];
  for (const path of paths) {
    await queue.room();
    const digest = queue.run(path, { starts: 2, signal: AbortSignal.timeout(60_000) });
    underWay.push(
      digest.then(hex => console.log(`${hex}  ${path}`)).catch(error => console.error(`${path}: ${error}`)),
    );
  }
  await Promise.all(underWay);
  await runtime.stop();
}

if (isMainThread) {
  if (process.argv.length < 3) {
    console.error('usage: node dist/examples/digests.js FILE...');
    process.exit(2);
  }
  await serve(process.argv.slice(2));
}
