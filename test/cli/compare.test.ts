import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import type { RecordingComparison } from '../../src/verify/conformance/traces/comparison.js';
import { runPollux } from './run-pollux.js';

const FREEBSD_14 = 'test/fixtures/kqueue/freebsd-14.jsonl';
const DIFFERENT = ['dev-null', 'tmpfs-directory', 'unix-close-with-unread', 'unix-own-shutdown-rd', 'unknown-filter'];

describe('pollux conformance --compare', function () {
  this.slow(5_000);
  let folder: string;

  before(() => (folder = mkdtempSync(join(tmpdir(), 'pollux-compare-'))));
  after(() => rmSync(folder, { recursive: true }));

  function file(name: string, text: string): string {
    const path = join(folder, name);
    writeFileSync(path, text);
    return path;
  }

  const compare = (...options: string[]) => runPollux(['conformance', '--compare', ...options]);

  it('finds in the model of FreeBSD 15 what its kernel answered otherwise than 14', async () => {
    const { status, stdout, stderr } = await compare(FREEBSD_14, 'model:freebsd-15', '--json');
    expect(status, stderr).to.equal(0);
    const { differences, different, onlyIn } = JSON.parse(stdout) as RecordingComparison;
    expect([...new Set(differences.map(({ scenario }) => scenario))].sort()).to.deep.equal(DIFFERENT);
    expect(different).to.equal(DIFFERENT.length);
    expect(onlyIn[1]).to.deep.equal([]);
  });

  it('prints a table in words', async () => {
    const { status, stdout } = await compare(FREEBSD_14, 'test/fixtures/kqueue/freebsd-15.jsonl');
    expect(status).to.equal(0);
    expect(stdout).to.match(/^\| Area +\| Scenario +\| Step +\| test\S+14\.jsonl +\| test\S+15\.jsonl +\|$/m);
    expect(stdout).to.match(/^\| eof +\| unix-own-shutdown-rd +\| 8, write +\| 2 returned +\| EPIPE +\|$/m);
    expect(stdout).to.match(/\| 9, kevent +\| READ of a with EOF, data 2 +\| READ of a with EOF, data 0 +\|/);
    expect(stdout).to.match(/^0 scenarios are answered alike, 5 otherwise, \d+ only in test\S+14\.jsonl$/m);
  });

  it('refuses what can not be compared, with the line', async () => {
    const [first, second] = readFileSync(FREEBSD_14, 'utf8').split('\n');
    const whole = file('whole.jsonl', `${first}\n${second}\n`);
    const other = { ...(JSON.parse(first) as object), name: 'other' };
    const changed = JSON.parse(second) as { steps: { op: string }[] };
    changed.steps[1].op = 'other';
    const cases: readonly (readonly [string, RegExp])[] = [
      [
        file('cut.jsonl', `${first}\n${second.slice(0, 100)}`),
        /cut\.jsonl: line 2: no JSON: the file ends in the middle/,
      ],
      ['test/fixtures/kqueue/so-splice-freebsd-15.jsonl', /15\.jsonl: line 1: this is no trace: a scenario has a name/],
      [file('other.jsonl', JSON.stringify(other)), /have no scenario in common/],
      [
        file('changed.jsonl', JSON.stringify(changed)),
        /is not the same program in both, from step 2 on: .*whole\.jsonl, line 2; .*changed\.jsonl, line 1/,
      ],
      [join(folder, 'missing.jsonl'), /--compare: ENOENT/],
      ['model:freebsd-99', /profile: 'freebsd-99'; allowed: freebsd-15/],
    ];
    for (const [path, message] of cases) {
      const { status, stdout, stderr } = await compare(whole, path);
      expect({ status, stdout }, path).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr, path).to.match(message);
    }
    expect((await compare(whole)).stderr).to.match(/--compare: 1 given; allowed: two files, or models/);
  });
});
