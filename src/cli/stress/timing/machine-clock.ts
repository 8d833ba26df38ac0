/** One clock for all threads and processes of this machine: one of them says when, and another how long ago. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';

function hrtimeMs(): number {
  const [seconds, nanoseconds] = process.hrtime();
  return seconds * 1000 + nanoseconds / 1e6;
}

/** `performance.now()` counts from a start of its own, by the same clock. */
const startMs = hrtimeMs() - performance.now();

/** Milliseconds since some moment, such as the start of the machine. */
export function machineMs(): number {
  return startMs + performance.now();
}
