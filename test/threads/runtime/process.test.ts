/** How a process with a runtime under load ends: every way comes to its end, with the code that it should have. */
import { expect } from 'chai';
import { runProgram, type Finished } from '../../api/child.js';

function run(way: string, signal?: NodeJS.Signals): Promise<Finished> {
  return runProgram('loaded-runtime', { args: [way], signal });
}

describe('a process with a runtime under load', () => {
  it('ends by process.exit() of the owner, with its code', async () => {
    expect(await run('exit')).to.deep.equal({ status: 7, signal: null, stdout: '', stderr: '' });
  });

  it('ends by an uncaught error of the owner, which is told', async () => {
    const { status, signal, stderr } = await run('throw');
    expect({ status, signal }).to.deep.equal({ status: 1, signal: null });
    expect(stderr).to.include('Error: thrown by the owner');
  });

  it('ends by itself once the runtime is stopped, with nothing left open', async () => {
    expect(await run('stop')).to.deep.equal({ status: 0, signal: null, stdout: '', stderr: '' });
  });

  it('drains at SIGTERM', async () => {
    expect(await run('signal', 'SIGTERM')).to.deep.equal({ status: 0, signal: null, stdout: 'ready\n', stderr: '' });
  });

  it('is gone at SIGKILL', async () => {
    expect(await run('kill', 'SIGKILL')).to.include({ status: null, signal: 'SIGKILL', stderr: '' });
  });

  it('outlives process.exit() in a worker and hears of it', async () => {
    const { status, stdout, stderr } = await run('worker-exit');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.equal("worker 'worker 0' ended with exit code 5\n");
  });

  it('outlives an uncaught error in a worker and hears of it', async () => {
    const { status, stdout, stderr } = await run('worker-throw');
    expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
    expect(stdout).to.equal('thrown by a worker\n');
  });
});
