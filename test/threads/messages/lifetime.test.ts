import { expect } from 'chai';
import { backendsHere } from '../../support/every-driver.js';
import { runProgram } from '../../api/child.js';

const ENDS = [
  'an endpoint that nobody uses',
  'a sender alone',
  'a queue whose handler was unset',
  'an endpoint that is unref-ed',
  'an endpoint that was closed',
  'a request that was answered',
];
const STAYS = [
  'a queue with a handler',
  'a queue that is awaited',
  'an answer',
  'a subscription',
  'a request under way',
];

for (const backend of backendsHere()) {
  describe(`regression 40: the life of a thread with messages (${backend})`, () => {
    for (const scene of ENDS) {
      it(`ends with ${scene}`, async () => {
        const finished = await runProgram('message-lifetime', { args: [scene], backend });
        expect(finished).to.deep.equal({ status: 0, signal: null, stdout: 'alive', stderr: '' });
      });
    }
    for (const scene of STAYS) {
      it(`goes on with ${scene}`, async () => {
        const finished = await runProgram('message-lifetime', { args: [scene], backend });
        expect(finished).to.deep.equal({ status: 0, signal: null, stdout: 'aliveserved', stderr: '' });
      });
    }

    it('an exception of a handler loses no other message', async () => {
      const finished = await runProgram('message-throws', { backend });
      expect(finished).to.deep.equal({
        status: 0,
        signal: null,
        stdout: '0 (1: as told) 2 3 (4: as told) 5',
        stderr: '',
      });
    });

    it('a worker that only waits for messages stays alive, uses no CPU, and can be terminated', async () => {
      const { status, stdout, stderr } = await runProgram('message-worker', { backend });
      expect({ status, stderr }).to.deep.equal({ status: 0, stderr: '' });
      const { answered, cpuMs } = JSON.parse(stdout) as { answered: string; cpuMs: number };
      expect(answered).to.equal('still here');
      // Two threads of which one has a timer, for half a second; a spin takes all of it, of two cores.
      expect(cpuMs).to.be.below(200);
    });
  });
}
