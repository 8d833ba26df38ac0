/** The recordings of real kernels in test/fixtures/kqueue, as docs/kernels.md shows them. */
import { readFileSync } from 'node:fs';
import type { KernelRecording, Recordings, SpliceRecording } from '../../src/verify/conformance/kernels.js';
import { parseTraces } from '../../src/verify/conformance/traces/trace.js';

const FOLDER = 'test/fixtures/kqueue';
const root = new URL('../../../', import.meta.url);

function read(file: string): string {
  return readFileSync(new URL(`${FOLDER}/${file}`, root), 'utf8');
}

function recording(kernel: string, file: string): KernelRecording {
  return { kernel, file: `${FOLDER}/${file}`, scenarios: parseTraces(read(file)) };
}

export function spliceRecordings(): SpliceRecording[] {
  const lines = read('so-splice-freebsd-15.jsonl').split('\n');
  return lines.filter(line => line !== '').map(line => JSON.parse(line) as SpliceRecording);
}

export function shippedRecordings(): Recordings {
  return {
    base: recording('FreeBSD 14.0', 'freebsd-14.jsonl'),
    changed: recording('FreeBSD 15.0', 'freebsd-15.jsonl'),
    splices: { file: `${FOLDER}/so-splice-freebsd-15.jsonl`, scenarios: spliceRecordings() },
  };
}
