/** `pollux stress events` as its users run it, and the script that it prints. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { probeBackends } from '../../../src/backends/index.js';
import { scriptOf } from '../../../src/verify/lab/script.js';
import { runPollux } from '../../cli/run-pollux.js';

interface Report {
  readonly seed: number;
  readonly ok: boolean;
  readonly backends: readonly {
    backend: string;
    campaign: { programs: number };
    sweep: readonly { batch: number }[];
  }[];
}

const OURS = ['epoll', 'io_uring', 'kqueue', 'poll'];

describe('pollux stress events', () => {
  it('prints one JSON object, with a line of the sweep for each batch and mode', async () => {
    const args = ['stress', 'events', '--backend', 'poll', '--seed', '3', '--programs', '5', '--json'];
    const { status, stdout } = await runPollux([...args, '--batch', '1,8', '--mode', 'level']);
    const report = JSON.parse(stdout) as Report;
    expect(report).to.include({ seed: 3, ok: true });
    expect(report.backends[0]).to.include({ backend: 'poll' });
    expect(report.backends[0].campaign.programs).to.equal(5);
    expect(report.backends[0].sweep.map(({ batch }) => batch)).to.deep.equal([1, 8]);
    expect(status).to.equal(0);
  });

  for (const bad of [
    ['--seed', '-1'],
    ['--programs', '0'],
    ['--batch', '1,x'],
    ['--threads', '0'],
    ['--mode', 'sideways'],
    ['--emit', 'pascal'],
    ['--compare', 'poll'],
    ['--compare', 'poll,poll'],
    ['--compare', 'poll,carrier-pigeon'],
  ]) {
    it(`refuses ${bad.join(' ')} and says what is allowed`, async () => {
      const { status, stderr } = await runPollux(['stress', 'events', ...bad]);
      expect(stderr).to.match(/^pollux: .*Allowed: /s);
      expect(status).to.equal(2);
    });
  }

  it('refuses to compare with a backend that does not run here, before anything else', async function () {
    // Of our own: other tests register backends in this process.
    const absent = probeBackends().find(({ name, probe }) => OURS.includes(name) && !probe.available);
    if (absent === undefined) this.skip();
    const { status, stdout, stderr } = await runPollux(['stress', 'events', '--compare', `poll,${absent.name}`]);
    expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
    expect(stderr).to.match(new RegExp(`^pollux: backend '${absent.name}' does not run here: `));
  });

  it('takes a model from POLLUX_BACKEND, and refuses one that there is not', async () => {
    const args = ['stress', 'events', '--programs', '1', '--json'];
    const { status, stdout } = await runPollux(args, { polluxBackend: 'model:freebsd-14' });
    expect(status).to.equal(0);
    expect(JSON.parse(stdout)).to.have.nested.property('backends[0].backend', 'model:freebsd-14');
    const unknown = await runPollux(args, { polluxBackend: 'model:beos' });
    expect(unknown).to.include({ status: 2, stdout: '' });
    expect(unknown.stderr).to.match(/^pollux: POLLUX_BACKEND: .*'beos'/);
  });

  it('prints a script that runs on the package alone', () => {
    const program = {
      maxEvents: 1,
      channels: ['unix'],
      steps: [
        { op: 'register', end: 0, interest: 2, mode: 'level' },
        { op: 'wait', timeoutMs: 0 },
      ],
    } as const;
    // Inside the package, so that its name is found.
    const folder = mkdtempSync(fileURLToPath(new URL('../../../script-', import.meta.url)));
    try {
      const file = `${folder}/program.mjs`;
      writeFileSync(file, scriptOf(program, 'poll'));
      expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).to.equal('no violation\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
