/** Draws the tables of states of today into the documents: node dist/test/docs/write-state-diagrams.js */
import { readFileSync, writeFileSync } from 'node:fs';
import { DRAWN, redrawn } from '../support/state-diagram.js';

for (const [path, machines] of Object.entries(DRAWN)) {
  const url = new URL(`../../../${path}`, import.meta.url);
  writeFileSync(url, redrawn(readFileSync(url, 'utf8'), machines));
}
