/** A process that runs out of descriptors: regression 36. */
import { expect } from 'chai';
import { backendsHere } from '../support/every-driver.js';
import { runProgram } from '../api/child.js';

interface Outcome {
  readonly acceptedInStorm: number;
  readonly exhausted: number;
  readonly shed: number;
  readonly turnsInStorm: number;
  readonly cpuMsInStorm: number;
  readonly servedAfter: number;
  readonly codes: string[];
}

for (const backend of backendsHere()) {
  describe(`descriptors (${backend})`, () => {
    for (const mode of ['level', 'edge', 'oneshot']) {
      it(`regression 36: a storm of connections without descriptors for them: no spin, and the listener recovers (${mode})`, async () => {
        const finished = await runProgram('accept-storm', { args: [mode], backend, openFiles: 96 });
        expect(finished).to.include({ status: 0, stderr: '' });
        const outcome = JSON.parse(finished.stdout) as Outcome;
        expect(outcome.acceptedInStorm).to.be.greaterThan(5);
        expect(outcome.exhausted).to.be.greaterThan(0);
        expect(outcome.codes).to.deep.equal(['EMFILE']);
        // A spin makes ten times as many; V8's own threads may wake the loop some hundred times.
        expect(outcome.turnsInStorm).to.be.below(2000);
        expect(outcome.cpuMsInStorm).to.be.below(150);
        expect(outcome.servedAfter).to.equal(10);
      });
    }
  });
}
