/** Several threads that proxy, until a signal comes. */
import process from 'node:process';
import { Runtime } from '../../threads.js';
import type { ProxyPayload } from './proxy-worker.js';

/** What threads need to end after their clients have. */
const FAREWELL_MS = 2_000;

/** @param onReady told when all listen. @returns a promise that resolves when all have drained. */
export async function runThreads(threads: number, payload: ProxyPayload, onReady: () => void): Promise<void> {
  const runtime = new Runtime({
    entry: new URL('proxy-worker.js', import.meta.url),
    workers: threads,
    payload,
    restarts: 1_000,
    drainOnSignalMs: payload.drainMs + FAREWELL_MS,
    onError: (failure, name) => process.stderr.write(`pollux: ${name}: ${failure.message}\n`),
  });
  try {
    await runtime.start();
  } catch (failure) {
    await runtime.stop(0).catch(() => {});
    throw failure;
  }
  onReady();
  await runtime.finished();
}
