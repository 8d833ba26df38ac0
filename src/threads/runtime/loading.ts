/**
 * Threads that are loading Pollux and starting their reactor. To end one meanwhile aborts the whole process: koffi is
 * told of libraries and functions by calls that fail in a thread that is being ended, and what it throws then Node
 * can't deliver any more. Code that means to end a thread waits until the loading is over. A thread that ends itself
 * waits for all threads that it has started.
 */
import process from 'node:process';
import { monotonicMs } from '../../base/runtime-functions.js';
import { LOADING_AT_EXIT_MS } from '../../core/limits.js';

/** A word of shared memory: 0, then 1 from the moment that the thread may be ended. */
export type LoadedWord = Int32Array;

const loading = new Set<LoadedWord>();

export function loadedWord(): LoadedWord {
  return new Int32Array(new SharedArrayBuffer(Int32Array.BYTES_PER_ELEMENT));
}

/** For the thread itself, once its reactor runs, or if it never will. */
export function tellLoaded(word: LoadedWord): void {
  Atomics.store(word, 0, 1);
  Atomics.notify(word, 0);
}

/** This thread has started one, which ends with it. */
export function beginLoading(word: LoadedWord): void {
  // Before all other handlers, of which one may call process.exit(): no others are called then.
  if (loading.size === 0) process.prependListener('exit', awaitAll);
  loading.add(word);
}

/** It may be ended, or has ended. Twice is allowed. */
export function endLoading(word: LoadedWord): void {
  if (loading.delete(word) && loading.size === 0) process.off('exit', awaitAll);
}

/** Nothing of this thread runs any more, so it can do nothing but wait. */
function awaitAll(): void {
  const deadline = monotonicMs() + LOADING_AT_EXIT_MS;
  for (const word of loading) Atomics.wait(word, 0, 0, Math.max(0, deadline - monotonicMs()));
}
