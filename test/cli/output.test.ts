/** What becomes of a command whose standard output or standard error can't be written to. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect } from 'chai';

const command = fileURLToPath(new URL('../../../bin/pollux.js', import.meta.url));
const SHORT = 'stress --json --duration 1 --connections 2 --threads 1';

/** @param script `pollux` stands for the command. */
function shell(script: string, folder?: string) {
  const run = script.replaceAll('pollux', `'${process.execPath}' '${command}'`);
  const { status, stdout, stderr } = spawnSync('sh', ['-c', run], { encoding: 'utf8', cwd: folder });
  return { status, stdout, stderr };
}

describe('pollux, where its output goes', () => {
  const commands = ['doctor', 'doctor --json', '--help', 'conformance --matrix', 'conformance --only wake', SHORT];
  for (const each of [...commands, 'stress events --duration 1']) {
    it(`a full device as standard output: one line and exit code 1 (${each.split(' --d')[0]})`, function () {
      if (!existsSync('/dev/full')) this.skip(); // This system has no /dev/full.
      const { status, stderr } = shell(`pollux ${each} > /dev/full`);
      expect(stderr.trimEnd().split('\n').at(-1)).to.equal("pollux: standard output can't be written to: ENOSPC");
      expect(stderr).to.not.contain('    at ');
      expect(status).to.equal(1);
    });
  }

  it('a reader of standard output that leaves ends the command in silence', () => {
    for (const each of ['doctor', 'conformance --matrix', '--help']) {
      const { status, stderr } = shell(`{ pollux ${each}; echo $? >&2; } | head -c 1`);
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '0\n' });
    }
  });

  it('nobody who reads standard error: the result comes all the same', () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollux-'));
    try {
      const { stdout } = shell(`{ pollux ${SHORT}; echo $? > status; } 2>&1 >out | true`, folder);
      expect(stdout).to.equal('');
      expect(readFileSync(join(folder, 'status'), 'utf8')).to.equal('0\n');
      const report = JSON.parse(readFileSync(join(folder, 'out'), 'utf8')) as { verdict: string };
      expect(report.verdict).to.equal('ok');
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('neither of the two takes anything: the exit code says it', function () {
    if (!existsSync('/dev/full')) this.skip(); // This system has no /dev/full.
    expect(shell('pollux doctor > /dev/full 2>&1').status).to.equal(1);
    expect(shell('pollux doctor > /dev/null 2> /dev/full').status).to.equal(0);
    expect(shell('pollux nonsense 2> /dev/full').status).to.equal(2);
  });
});
