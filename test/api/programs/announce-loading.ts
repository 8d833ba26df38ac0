/**
 * For `--import`: each thread counts in a cell that it loads koffi, and lets that last: it asks koffi for what fails, over
 * and over, so that the thread is all but always in such a call for a while.
 */
import process from 'node:process';
import { getEnvironmentData, isMainThread } from 'node:worker_threads';

interface NativeModule {
  readonly exports: { readonly load: (library: string) => unknown };
}

const CALLS = 100;

if (!isMainThread) {
  const loading = getEnvironmentData('loading') as Int32Array | undefined;
  const { dlopen } = process;
  process.dlopen = (...given: Parameters<typeof dlopen>) => {
    dlopen.apply(process, given);
    // The thread that has the runtime is a worker itself, and nobody waits for it.
    if (loading === undefined) return;
    Atomics.add(loading, 0, 1);
    Atomics.notify(loading, 0);
    for (let call = 0; call < CALLS; call++) tryToLoad(given[0] as NativeModule);
  };
}

function tryToLoad({ exports: { load } }: NativeModule): void {
  try {
    load('no such library');
  } catch {
    // As it should.
  }
}
