/** The recordings of FreeBSD 14 that come with the package: what a model is held to, and what a recorder plays. */
import { readFileSync } from 'node:fs';
import { parseTraces, type Scenario } from './trace.js';

const file = new URL('../../../../test/fixtures/kqueue/freebsd-14.jsonl', import.meta.url);

export function shippedTraces(): Scenario[] {
  return parseTraces(readFileSync(file, 'utf8'));
}
