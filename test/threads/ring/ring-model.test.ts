import { expect } from 'chai';
import { explore, FLAWS, type Scenario } from './ring-model.js';

/** Small enough for all of them to take seconds, large enough for every step of the protocol to be taken. */
const SCENARIOS: Record<string, Scenario> = {
  'lengths that change under a look': { unitCount: 4, records: [[2, 1], [1]] },
  'one record each': { unitCount: 4, records: [[1], [1]] },
  'records that are taken back': { unitCount: 4, records: [[1], [1]], revokes: true },
  'padding where the receiver sleeps': { unitCount: 3, records: [[2], [1]], beginsAt: 2 },
  'a sender that dies': { unitCount: 4, records: [[1], [1]], mayDie: true },
  'a sender that dies while it pads': { unitCount: 3, records: [[2, 2], []], mayDie: true },
  'padding, and a sender alone': { unitCount: 4, records: [[1, 2, 2], []] },
  'padding in a ring of three': { unitCount: 3, records: [[2], [2]] },
  'a receiver that stops': { unitCount: 2, records: [[1, 1], [1]], receiverMayStop: true },
  'padding, by either sender': { unitCount: 4, records: [[2, 2], [2]] },
  'a ring that fills up': { unitCount: 2, records: [[1, 1], [1]] },
  'a release after any record': { unitCount: 2, records: [[1, 1], [1]], releasesAnyTime: true },
  'records of two lengths': { unitCount: 4, records: [[1, 2], [2]] },
  'records taken back in a full ring': { unitCount: 2, records: [[1, 1], [1]], revokes: true },
  'a sender that dies in a full ring': { unitCount: 2, records: [[1], [1, 1]], mayDie: true },
};

describe('ring: every interleaving of two senders and a receiver', () => {
  for (const [name, scenario] of Object.entries(SCENARIOS)) {
    it(`${name}: no record is lost, doubled, torn or out of order, and nobody waits or spins for ever`, () => {
      const { violation } = explore(scenario);
      expect(violation, violation?.steps.join('\n')).to.equal(undefined);
    });
  }

  for (const flaw of FLAWS) {
    it(`canary: a protocol that ${flaw} is found out`, () => {
      const found = Object.values(SCENARIOS).some(scenario => explore(scenario, flaw).violation !== undefined);
      expect(found).to.equal(true);
    });
  }
});
