import { expect } from 'chai';
import { backendsHere } from '../../support/every-driver.js';
import { runProgram } from '../child.js';

const ends = [
  'a reactor that has nothing',
  'a listener that was closed',
  'a listener that is unref-ed',
  'connections that were closed',
  'connections that are unref-ed',
  'a connection that is unref-ed after it was served',
  'a connect that was refused',
  'a watch that was closed',
  'a watch that is unref-ed',
  'a timer of Node beside an unref-ed listener',
];
const stays = [
  'a listener',
  'a listener that is unref-ed and ref-ed again',
  'a connect that a timer without a reference ends',
  'a timeout of a connection',
  'a close that lingers',
];

for (const backend of backendsHere()) {
  describe(`regression 40: the life of the process (${backend})`, () => {
    for (const scenario of ends) {
      it(`ends with ${scenario}`, async () => {
        const finished = await runProgram('end-by-itself', { args: [scenario], backend });
        expect(finished).to.deep.equal({ status: 0, signal: null, stdout: 'alive', stderr: '' });
      });
    }
    for (const scenario of stays) {
      it(`goes on with ${scenario}`, async () => {
        const finished = await runProgram('stay-alive', { args: [scenario], backend });
        expect(finished).to.deep.equal({ status: 0, signal: null, stdout: 'served', stderr: '' });
      });
    }
  });
}
