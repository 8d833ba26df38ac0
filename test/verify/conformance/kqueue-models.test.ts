/** The kqueue backend, unchanged, on the model of each system: every row of the contract, and what it costs. */
import { expect } from 'chai';
import { READABLE, type Backend } from '../../../src/backends/contract.js';
import { modelKqueueFactory } from '../../../src/verify/conformance/model-kqueue.js';
import { ModelWorld } from '../../../src/verify/conformance/model-world.js';
import { runRow, selectRows } from '../../../src/verify/conformance/runner.js';
import { profiles, type Profile } from '../../../src/verify/model/profile.js';

/** What no model can show, whichever system it stands for. */
const MOST_SKIPPED = 8;
const MANY = 1_000;

for (const profile of Object.values(profiles)) {
  describe(`conformance of kqueue on the model of ${profile.name} (${profile.source})`, () => {
    for (const row of selectRows()) {
      it(`${row.theme}: ${row.name}`, function () {
        const world = new ModelWorld(profile);
        const result = runRow(modelKqueueFactory(world), row, { world });
        if (result.status === 'fail') throw new Error(result.reason);
        if (result.status === 'skip') this.skip();
      });
    }

    it(`leaves out at most ${MOST_SKIPPED} rows`, () => {
      const skipped = selectRows().filter(row => {
        const world = new ModelWorld(profile);
        return runRow(modelKqueueFactory(world), row, { world }).status === 'skip';
      });
      expect(skipped.map(({ name }) => name)).to.have.lengthOf.at.most(MOST_SKIPPED);
    });

    it(`makes ${MANY} changes and harvests as many events with one system call`, () => {
      const { backend, world } = open(profile);
      for (let count = 0; count < MANY; count++) {
        const [reader, writer] = world.pipe();
        world.write(writer);
        backend.register(reader, READABLE, 'level');
      }
      const { systemCalls } = backend.counters;
      expect(backend.wait(0)).to.equal(MANY);
      expect(backend.counters.systemCalls - systemCalls).to.equal(1);
      backend.close();
    });

    it('needs no change after the first to be told again and again by level', () => {
      const { backend, world } = open(profile);
      const [reader, writer] = world.pipe();
      backend.register(reader, READABLE, 'level');
      for (let round = 0; round < 10; round++) {
        world.write(writer);
        expect(backend.wait(-1)).to.equal(1);
        world.drain(reader);
        expect(backend.wait(0)).to.equal(0);
      }
      expect(backend.counters.changesSent).to.equal(1);
      backend.close();
    });
  });
}

function open(profile: Profile): { backend: Backend; world: ModelWorld } {
  const world = new ModelWorld(profile);
  return { backend: modelKqueueFactory(world).open(), world };
}
