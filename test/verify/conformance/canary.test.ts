/** The suite itself on trial: it must fail where there is something to find, or a green run means nothing. */
import { expect } from 'chai';
import type { BackendFactory } from '../../../src/backends/contract.js';
import { pollFactory } from '../../../src/backends/poll/factory.js';
import { runConformance, runRow, selectRows } from '../../../src/verify/conformance/runner.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { brokenBackends, closeLeaked, type BrokenBackend } from './broken-backends.js';

/** A broken backend need not be waited for. */
const DEADLINE_MS = 100;

function factoryOf({ breakIt }: BrokenBackend): BackendFactory {
  return { ...pollFactory, name: 'broken', open: options => breakIt(pollFactory.open(options)) };
}

function rowNamed(name: string) {
  const row = selectRows().find(candidate => candidate.name === name);
  if (row === undefined) throw new Error(`no row is called '${name}'`);
  return row;
}

describe('canary of the conformance suite', () => {
  for (const broken of brokenBackends) {
    it(`a backend that ${broken.bug} fails`, () => {
      const result = runRow(factoryOf(broken), rowNamed(broken.caughtBy), { deadlineMs: DEADLINE_MS });
      closeLeaked();
      expect(result.status, `${result.name}: ${result.reason}`).to.equal('fail');
      expect(result.reason).to.match(/expected .*, got /);
    });

    it(`the row that finds one that ${broken.bug} passes with a right one`, () => {
      expect(runRow(pollFactory, rowNamed(broken.caughtBy)).reason).to.equal(undefined);
    });
  }

  it('a gate turns a failure into a skip with its reason', () => {
    const [broken] = brokenBackends;
    const gates = [{ row: broken.caughtBy, backend: 'broken', platform, reason: 'known to drop changes' }];
    const result = runRow(factoryOf(broken), rowNamed(broken.caughtBy), { gates, deadlineMs: DEADLINE_MS });
    expect(result.status).to.equal('skip');
    expect(result.reason).to.equal('gate: known to drop changes');
  });

  it('a gate of another backend or platform is not used', () => {
    const [broken] = brokenBackends;
    const row = rowNamed(broken.caughtBy);
    for (const where of [{ backend: 'another' }, { platform: 'unsupported' as const }]) {
      const gates = [{ row: row.name, reason: 'elsewhere', ...where }];
      expect(runRow(factoryOf(broken), row, { gates, deadlineMs: DEADLINE_MS }).status).to.equal('fail');
    }
  });

  it('a stale gate fails', () => {
    const name = 'a wait with timeout 0 returns at once';
    const report = runConformance(pollFactory, { only: name, gates: [{ row: name, reason: 'once it did not' }] });
    expect(report).to.include({ passed: 0, failed: 1, skipped: 0 });
    expect(report.rows[0].reason).to.match(/^stale gate: .*once it did not/);
  });

  it('a gate for a row that does not exist is refused', () => {
    const gates = [{ row: 'no such row', reason: 'none' }];
    expect(() => runConformance(pollFactory, { gates })).to.throw(TypeError, "no row is called 'no such row'");
  });

  it('a backend that does not open fails every row, and the run ends', () => {
    const factory: BackendFactory = {
      ...pollFactory,
      open() {
        throw new Error('out of order');
      },
    };
    const report = runConformance(factory);
    expect(report.failed).to.equal(selectRows().length);
    expect(report.rows[0].reason).to.equal('out of order');
  });

  it('row names are unique, and rows say why', () => {
    const rows = selectRows();
    expect(new Set(rows.map(row => row.name)).size).to.equal(rows.length);
    for (const row of rows) expect(row.why, row.name).to.match(/^[A-Z].*[.?]$|^[a-z].*\.$/s);
  });
});
