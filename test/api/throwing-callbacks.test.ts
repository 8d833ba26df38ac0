import { expect } from 'chai';
import { ALL_MODES, backendsHere } from '../support/every-driver.js';
import { runProgram } from './child.js';

/** What each scenario of the program has to say: nobody else is harmed by a callback that throws, and what threw is served on. */
const outcomes: Record<string, string> = {
  onData: 'received 401000, thrown 1',
  onConnection: 'accepted 3, thrown 1',
  onDrain: 'lost 0, thrown 1',
  'a chunk that was taken': 'kept AAAAAAAA, thrown 1',
  onClose: 'closed 4, thrown 1',
};

for (const backend of backendsHere()) {
  describe(`a callback that throws, in a process that survives it (${backend})`, () => {
    for (const mode of ALL_MODES) {
      it(`goes on with all others (${mode})`, async () => {
        const { stdout, ...ended } = await runProgram('throwing-callback', { args: [mode], backend });
        expect(ended).to.deep.equal({ status: 0, signal: null, stderr: '' });
        expect(JSON.parse(stdout)).to.deep.equal(outcomes);
      });
    }
  });
}
