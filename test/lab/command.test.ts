/** `pollux stress events` as its users run it, and the script that it prints. */
import { expect } from 'chai';
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import { scriptOf } from '../../src/lab/script.js';
import { runPollux } from '../cli/run-pollux.js';

interface Report {
  readonly seed: number;
  readonly ok: boolean;
  readonly backends: readonly {
    backend: string;
    campaign: { programs: number };
    sweep: readonly { batch: number }[];
  }[];
}

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
    ['--compare', 'poll'],
  ]) {
    it(`refuses ${bad.join(' ')} and says what is allowed`, async () => {
      const { status, stderr } = await runPollux(['stress', 'events', ...bad]);
      expect(stderr).to.match(/^pollux: .*Allowed: /s);
      expect(status).to.equal(2);
    });
  }

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
    const folder = mkdtempSync(fileURLToPath(new URL('../../script-', import.meta.url)));
    try {
      const file = `${folder}/program.mjs`;
      writeFileSync(file, scriptOf(program, 'poll'));
      expect(execFileSync(process.execPath, [file], { encoding: 'utf8' })).to.equal('no violation\n');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
