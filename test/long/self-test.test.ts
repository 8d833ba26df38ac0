/** The whole self-test on this machine, and on backends that have a bug each. */
import { spawn } from 'node:child_process';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';
import type { SelfTestReport } from '../../src/cli/self-test/report.js';
import { brokenBackends } from '../verify/conformance/broken-backends.js';
import { seededBugs, seededTimerBugs } from '../verify/lab/broken-backends.js';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));
/** A sample: each takes as long as a whole run of its areas. */
const bugs = [...brokenBackends, ...seededBugs, ...seededTimerBugs].filter((_, index) => index % 6 === 0);
const seeded = fileURLToPath(new URL('../verify/seeded-module.js', import.meta.url));

function selfTest(options: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<SelfTestReport & { code: number }> {
  return new Promise((resolve, reject) => {
    const child = spawn(process.execPath, [command, 'self-test', '--json', ...options], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    let text = '';
    child.stdout.setEncoding('utf8').on('data', (more: string) => (text += more));
    child.once('error', reject);
    child.once('close', code => resolve({ ...(JSON.parse(text) as SelfTestReport), code: code! }));
  });
}

describe('pollux self-test, in full', () => {
  it('finds nothing on this machine', async () => {
    const { code, verdict, passed } = await selfTest([]);
    expect({ code, verdict }).to.deep.equal({ code: 0, verdict: 'ok' });
    expect(passed).to.be.above(100);
  });

  for (const { bug } of bugs) {
    it(`finds a backend that ${bug}`, async () => {
      const asked = ['--import', seeded, '--backend', 'seeded', '--area', 'conformance,lab', '--bail'];
      const { code, failed, verdict } = await selfTest(asked, { SEEDED_BUG: bug });
      expect(code).to.equal(1);
      expect(failed).to.be.above(0);
      expect(verdict).to.match(/^failed: (conformance|lab) \(seeded\): /);
    });
  }
});
