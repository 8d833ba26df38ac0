import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { SelfTestReport } from '../../src/cli/self-test/report.js';
import { runPollux } from './run-pollux.js';

const stuckModule = fileURLToPath(new URL('./stuck-module.js', import.meta.url));

async function selfTest(...options: string[]) {
  const { status, stdout, stderr } = await runPollux(['self-test', ...options]);
  return { status, stdout, stderr };
}

describe('pollux self-test', function () {
  this.slow(10_000);

  it('--json prints one object with every check of the areas that were asked for', async () => {
    const { status, stdout, stderr } = await selfTest('--area', 'files,recordings', '--backend', 'poll', '--json');
    expect(status, stderr).to.equal(0);
    const report = JSON.parse(stdout) as SelfTestReport;
    expect(report).to.include({ failed: 0, verdict: 'ok' });
    expect(report).to.have.all.keys(
      ...['pollux', 'runtime', 'kernel', 'arch', 'passed', 'failed', 'skipped', 'durationMs', 'parts', 'verdict'],
    );
    expect(report.parts.map(({ area, backend }) => [area, backend])).to.deep.equal([
      ['recordings', null],
      ['files', 'poll'],
    ]);
    const [recordings, files] = report.parts;
    expect(files.checks.map(({ status: outcome }) => outcome)).to.include('pass');
    expect(files.passed + files.failed + files.skipped).to.equal(files.checks.length);
    for (const check of [...recordings.checks, ...files.checks]) {
      expect(check).to.have.all.keys('name', 'status', 'reason', 'durationMs');
      if (check.status === 'skip') expect(check.reason, check.name).to.match(/\w/);
    }
  });

  it('prints a table, what was skipped and why, and the sums', async () => {
    const { status, stdout, stderr } = await selfTest('--area', 'datagrams', '--area', 'recordings');
    expect(status, stderr).to.equal(0);
    expect(stdout).to.match(/^Pollux \S+ on \S+ .* with /);
    expect(stdout).to.match(/^area +backend +passed +failed +skipped +seconds$/m);
    expect(stdout).to.match(/^datagrams +poll +\d+ +0 /m);
    expect(stdout).to.match(/^ok: \d+ passed, 0 failed, \d+ skipped in [\d.]+ s$/m);
    if (process.platform === 'linux') {
      expect(stdout).to.match(/^skipped {2}recordings: 486 recordings of kqueue\(2\) on FreeBSD\n {4}kqueue: ENOSYS/m);
    }
  });

  it('ends checks that do not end, names them, and goes on with the other areas', async () => {
    const backend = ['--import', stuckModule, '--backend', 'stuck', '--timeout', '0.3'];
    const { status, stdout, stderr } = await selfTest('--area', 'datagrams,recordings', ...backend, '--json');
    expect(status, stderr).to.equal(1);
    const { parts, verdict } = JSON.parse(stdout) as SelfTestReport;
    const [recordings, datagrams] = parts;
    expect(recordings.checks).to.not.be.empty;
    expect(datagrams).to.include({ passed: 0, failed: 3, skipped: 2 });
    expect(datagrams.checks[0]).to.include({
      name: 'questions are answered over UDP',
      status: 'fail',
      reason: 'it did not end within 0.3 s',
    });
    expect(datagrams.checks[4].reason).to.equal('not run: 3 checks before it did not end');
    expect(verdict).to.match(/^failed: datagrams \(stuck\): questions are answered over UDP; /);
  });

  const mistakes: readonly (readonly [string, string[], number, RegExp])[] = [
    [
      'an area that there is not',
      ['--area', 'files,disks'],
      2,
      /There is no area 'disks'\. Allowed: conformance, recordings, lab, streams, files, .*servers\./,
    ],
    ['an unknown backend', ['--backend', 'epol'], 2, /--backend: .*there is no 'epol'/],
    ['a model', ['--backend', 'model:freebsd-14'], 2, /models are for pollux conformance and pollux stress events/],
    ['a module that is not there', ['--import', './none.js', '--backend', 'x'], 2, /--import \.\/none\.js: /],
    ['a time limit of nothing', ['--timeout', '0'], 2, /Allowed: seconds above 0, up to 3600\./],
  ];
  for (const [what, options, code, message] of mistakes) {
    it(`exits ${code} on ${what}, with nothing on standard output`, async () => {
      const { status, stdout, stderr } = await selfTest(...options);
      expect({ status, stdout }, stderr).to.deep.equal({ status: code, stdout: '' });
      expect(stderr).to.match(message);
    });
  }
});
