/** The recordings of FreeBSD 14 that come with the package: what a model is held to, and what a recorder plays. */
import { readFileSync } from 'node:fs';
import { gunzipSync } from 'node:zlib';
import { packageFile } from '../../../base/package-file.js';
import { parseTraces, type Scenario } from './trace.js';

export function shippedTraces(): Scenario[] {
  // The build makes it of test/fixtures/kqueue.
  return parseTraces(gunzipSync(readFileSync(packageFile('dist/lib/freebsd-14.jsonl.gz'))).toString());
}
