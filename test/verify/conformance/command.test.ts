import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { ConformanceReport } from '../../../src/verify/conformance/row.js';
import { differencesDocument } from '../../../src/verify/conformance/matrix.js';

const fromHere = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const command = fromHere('../../../../bin/pollux.js');
const selectExample = fromHere('../../../examples/backend/select-backend.js');

// What the tester's shell chooses is not what is tested here.
const env = { ...process.env };
delete env.POLLUX_BACKEND;

function conformance(...options: string[]) {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, 'conformance', ...options], {
    encoding: 'utf8',
    env,
  });
  return { status, stdout, stderr };
}

describe('pollux conformance', function () {
  this.slow(5000);

  it('--json prints one object of the documented shape, and exits 0 if no row failed', () => {
    const { status, stdout, stderr } = conformance('--backend', 'poll', '--only', 'wait with timeout 0', '--json');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    const report = JSON.parse(stdout) as ConformanceReport;
    expect(report).to.have.all.keys('backend', 'kernel', 'runtime', 'passed', 'failed', 'skipped', 'rows');
    expect(report).to.include({ backend: 'poll', passed: 2, failed: 0, skipped: 0 });
    expect(report.kernel)
      .to.be.a('string')
      .and.match(/\S+ \S+/);
    expect(report.runtime).to.equal(`Node ${process.versions.node}`);
    expect(report.rows).to.have.length(2);
    for (const row of report.rows) {
      expect(row).to.have.all.keys('name', 'theme', 'status', 'durationMs');
      expect(row).to.include({ theme: 'time', status: 'pass' });
      expect(row.name).to.be.a('string');
      expect(row.durationMs).to.be.a('number').and.at.least(0);
    }
  });

  it('--json gives the reason of a skipped row', () => {
    const { status, stdout } = conformance('--backend', 'poll', '--only', 'mode that the backend lacks', '--json');
    expect(status).to.equal(0);
    const report = JSON.parse(stdout) as ConformanceReport;
    expect(report).to.include({ passed: 0, failed: 0, skipped: 1 });
    expect(report.rows[0].reason).to.equal('it has every mode');
  });

  it('prints a line a row and a summary for people', () => {
    const { status, stdout } = conformance('--backend', 'poll', '--only', 'wait with timeout 0');
    expect(status).to.equal(0);
    const lines = stdout.trimEnd().split('\n');
    expect(lines.slice(0, 2)).to.deep.equal([
      'pass  time: a wait with timeout 0 returns at once',
      'pass  time: a wait with timeout 0 reports what is ready',
    ]);
    expect(lines[2]).to.match(/^poll on .*: 2 passed, 0 failed, 0 skipped$/);
  });

  it('tests a backend of a module, with the gates that it exports', () => {
    const { status, stdout } = conformance(
      '--import',
      selectExample,
      '--backend',
      'select',
      '--only',
      'reported as PEER_END',
    );
    expect(status).to.equal(0);
    expect(stdout).to.match(/skip {2}end of stream: TCP: FIN .*\n {6}gate: select\(2\) only says readable/);
  });

  it('exits 1 and says why if a row fails', () => {
    const broken = fromHere('broken-module.js');
    const { status, stdout } = conformance('--import', broken, '--backend', 'sleepless', '--only', 'never shorter');
    expect(status).to.equal(1);
    expect(stdout).to.match(
      /^fail {2}time: a wait is never shorter than asked\n {6}nanoseconds of .* expected at least/,
    );
    expect(stdout).to.match(/0 passed, 1 failed, 0 skipped\n$/);
  });

  it('--matrix prints docs/internals/differences.md', () => {
    expect(conformance('--matrix').stdout).to.equal(differencesDocument());
  });

  const mistakes: readonly (readonly [string, string[], RegExp])[] = [
    ['an unknown backend', ['--backend', 'carrier-pigeon'], /there is no 'carrier-pigeon'; there are: .*epoll/],
    ['--only that no row matches', ['--only', 'no such row'], /--only: no row has 'no such row'/],
    ['a module that is not there', ['--import', './no-such-module.js'], /--import .\/no-such-module.js: /],
    ['an unknown option', ['--loud'], /unknown option '--loud'/],
  ];
  for (const [what, options, message] of mistakes) {
    it(`exits 2 on ${what}, with nothing on standard output`, () => {
      const { status, stdout, stderr } = conformance(...options);
      expect({ status, stdout }, stderr).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.match(message);
    });
  }
});
