/** How a process with a runtime under load ends: every way comes to its end, with the code that it should have. */
import { expect } from 'chai';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import process from 'node:process';
import { fileURLToPath } from 'node:url';

const program = fileURLToPath(new URL('process-program.js', import.meta.url));

interface End {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** @param send at the word 'ready'. */
async function run(way: string, send?: NodeJS.Signals): Promise<End> {
  const child = spawn(process.execPath, [program, way], { stdio: ['ignore', 'pipe', 'pipe'] });
  const end = { stdout: '', stderr: '' };
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    end.stdout += text;
    if (send !== undefined && end.stdout.includes('ready')) child.kill(send);
  });
  child.stderr.setEncoding('utf8').on('data', (text: string) => (end.stderr += text));
  const [code, signal] = (await once(child, 'close')) as [number | null, NodeJS.Signals | null];
  return { code, signal, ...end };
}

describe('a process with a runtime under load', () => {
  it('ends by process.exit() of the owner, with its code', async () => {
    expect(await run('exit')).to.deep.equal({ code: 7, signal: null, stdout: '', stderr: '' });
  });

  it('ends by an uncaught error of the owner, which is told', async () => {
    const { code, signal, stderr } = await run('throw');
    expect({ code, signal }).to.deep.equal({ code: 1, signal: null });
    expect(stderr).to.include('Error: thrown by the owner');
  });

  it('ends by itself once the runtime is stopped, with nothing left open', async () => {
    expect(await run('stop')).to.deep.equal({ code: 0, signal: null, stdout: '', stderr: '' });
  });

  it('drains at SIGTERM', async () => {
    expect(await run('signal', 'SIGTERM')).to.deep.equal({ code: 0, signal: null, stdout: 'ready\n', stderr: '' });
  });

  it('is gone at SIGKILL', async () => {
    expect(await run('kill', 'SIGKILL')).to.include({ code: null, signal: 'SIGKILL', stderr: '' });
  });

  it('outlives process.exit() in a worker and hears of it', async () => {
    const { code, stdout, stderr } = await run('worker-exit');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.equal("thread 'thread 0' ended with exit code 5\n");
  });

  it('outlives an uncaught error in a worker and hears of it', async () => {
    const { code, stdout, stderr } = await run('worker-throw');
    expect({ code, stderr }).to.deep.equal({ code: 0, stderr: '' });
    expect(stdout).to.equal('thrown by a worker\n');
  });
});
