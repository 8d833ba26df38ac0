/** The recordings of FreeBSD 14 that come with the package: what a model is held to, and what a recorder plays. */
import { readFileSync } from 'node:fs';
import { packageFile } from '../../../base/package-file.js';
import { parseTraces, type Scenario } from './trace.js';

export function shippedTraces(): Scenario[] {
  return parseTraces(readFileSync(packageFile('test/fixtures/kqueue/freebsd-14.jsonl'), 'utf8'));
}
