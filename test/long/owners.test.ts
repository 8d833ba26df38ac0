/** A descriptor has an owner at every instant: threads end at random in a flood, and neither descriptors nor clients are lost. */
import { expect } from 'chai';
import process from 'node:process';
import type { AcceptModel } from 'pollux/threads';
import { Random } from '../../src/base/random.js';
import { terminateInFlood } from './dying-threads.js';

/** As many as it takes to meet a window of a few instructions. */
const ROUNDS = 500;
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

describe('threads that are terminated at random in a flood of clients', () => {
  before(function () {
    // Descriptors are counted by /proc.
    if (process.platform !== 'linux') this.skip();
  });

  for (const [index, accept] of MODELS.entries()) {
    it(`leave no descriptor open and no client without an answer (${accept})`, async () => {
      const { descriptors, unanswered, served } = await terminateInFlood(accept, ROUNDS, new Random(index));
      expect({ descriptors, unanswered }).to.deep.equal({ descriptors: 0, unanswered: 0 });
      expect(served).to.be.greaterThan(0);
    }).timeout(600_000);
  }
});
