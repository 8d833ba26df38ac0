import { expect } from 'chai';
import { readFileSync } from 'node:fs';
import { DRAWN, redrawn } from '../support/state-diagram.js';

describe('diagrams of states', () => {
  for (const [path, machines] of Object.entries(DRAWN)) {
    it(`${path} draws the tables that the code runs (if not: node dist/test/docs/write-state-diagrams.js)`, () => {
      const text = readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
      expect(text).to.equal(redrawn(text, machines));
    });
  }
});
