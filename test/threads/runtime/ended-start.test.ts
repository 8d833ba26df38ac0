/** Threads that are ended while they load koffi, which aborts a process that does not wait for it. */
import { expect } from 'chai';
import { runProgram, type Finished } from '../../api/child.js';

/** A process each that ends when so many of its two threads have begun. */
const BEGUN = ['1', '2'];

function run(...args: string[]): Promise<Finished> {
  const announce = new URL('../../api/programs/announce-loading.js', import.meta.url).href;
  return runProgram('ended-start', { args, flags: ['--import', announce] });
}

describe('the end of a thread that is being started', () => {
  for (const way of ['terminate', 'stop']) {
    it(`does not abort the process: ${way}`, async () => {
      expect(await run(way)).to.deep.equal({ status: 0, signal: null, stdout: '2 runtimes\n', stderr: '' });
    });
  }

  for (const { way, status } of [
    { way: 'exit', status: 5 },
    { way: 'throw', status: 1 },
  ]) {
    it(`does not abort a process that ends itself: ${way}`, async () => {
      for (const begun of BEGUN) {
        const { stderr, ...end } = await run(way, begun);
        expect(end, stderr).to.deep.equal({ status, signal: null, stdout: '' });
      }
    });
  }

  it('does not abort the process when the thread that starts it ends itself', async () => {
    for (const begun of BEGUN) {
      const finished = await run('exit', begun, 'in a worker');
      expect(finished).to.deep.equal({ status: 0, signal: null, stdout: 'worker: 5\n', stderr: '' });
    }
  });
});
