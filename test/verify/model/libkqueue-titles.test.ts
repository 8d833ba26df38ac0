/** docs/internals/libkqueue-titles.md names what there is. */
import { readFileSync } from 'node:fs';
import { expect } from 'chai';
import { selectRows } from '../../../src/verify/conformance/runner.js';
import { parseTraces } from '../../../src/verify/conformance/traces/trace.js';

const root = new URL('../../../../', import.meta.url);
const page = readFileSync(new URL('docs/internals/libkqueue-titles.md', root), 'utf8');
const scenarios = parseTraces(readFileSync(new URL('test/fixtures/kqueue/freebsd-14.jsonl', root), 'utf8'));

const cells = [...page.matchAll(/^\| (?!Title|---)(.*?)\s+\| (.*?)\s+\|$/gm)].map(([, , covered]) => covered);

describe('the page on the tests of libkqueue', () => {
  it('names scenarios that were recorded, and that test/verify/model replays', () => {
    // Two areas are other calls, some of which the model has not.
    const replayed = new Set(
      scenarios.filter(({ area }) => area !== 'sendfile' && area !== 'syscalls').map(s => s.name),
    );
    const steps = new Set(['close-early']);
    const named = cells.flatMap(cell => [...cell.matchAll(/`([a-z0-9]+(?:-[a-z0-9]+)+)`/g)].map(([, name]) => name));
    expect(named).to.have.length.greaterThan(100);
    expect(named.filter(name => !replayed.has(name) && !steps.has(name))).to.deep.equal([]);
  });

  it('names rows that there are', () => {
    const rows = new Set(selectRows().map(({ name }) => name));
    const named = cells.flatMap(cell => [...cell.matchAll(/row "([^"]+)"/gi)].map(([, name]) => name));
    expect(named).to.have.length.greaterThan(3);
    expect(named.filter(name => !rows.has(name))).to.deep.equal([]);
  });

  it('counts right', () => {
    const missing = cells.filter(cell => cell.startsWith('Not covered')).length;
    const counts = `Of ${cells.length} titles ${cells.length - missing} are covered in whole or in part, ${missing} are not.`;
    expect(page).to.include(counts);
  });
});
