/** The recordings that come with the package: what models and kernels are held to, and what a recorder plays. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { packageFile } from '../../../base/package-file.js';
import { parseTraces, type Scenario } from './trace.js';

/** Those of FreeBSD 14. */
export function shippedTraces(): Scenario[] {
  return shipped('freebsd-14');
}

/** What a kernel answers to all scenarios; of FreeBSD 15 only those ship that it answers otherwise than 14. */
export function shippedRecording(kernel: 'freebsd-14' | 'freebsd-15'): Scenario[] {
  const base = shippedTraces();
  if (kernel === 'freebsd-14') return base;
  const changed = new Map(shipped('freebsd-15').map(scenario => [scenario.name, scenario]));
  return base.map(scenario => changed.get(scenario.name) ?? scenario);
}

function shipped(kernel: string): Scenario[] {
  // The build makes it of test/fixtures/kqueue.
  return parseTraces(gunzipSync(readFileSync(packageFile(`dist/lib/${kernel}.jsonl.gz`))).toString());
}
