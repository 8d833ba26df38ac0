/** A descriptor that several epolls wait for, of which one is woken. */
import { expect } from 'chai';
import { READABLE } from '../../src/backends/contract.js';
import { epollFactory } from '../../src/backends/epoll/factory.js';
import { realWorld as world } from '../../src/verify/conformance/real-world.js';

describe('registerExclusive of epoll', function () {
  before(function () {
    if (!epollFactory.probe().available) this.skip();
  });

  it('reports, rests and goes on, beside another backend that waits for the same', () => {
    const [ours, theirs] = world.socketPair();
    const backends = [epollFactory.open(), epollFactory.open()];
    try {
      const tokens = backends.map(backend => backend.registerExclusive!(ours));
      const heard = () => backends.map(backend => (backend.wait(0) === 0 ? 0 : backend.events.readiness[0]));
      expect(heard()).to.deep.equal([0, 0]);
      world.write(theirs, 1);
      // Nobody sleeps, so both find it.
      expect(heard()).to.deep.equal([READABLE, READABLE]);
      backends[0].modify(tokens[0], 0);
      expect(heard()).to.deep.equal([0, READABLE]);
      backends[0].modify(tokens[0], READABLE);
      expect(heard()).to.deep.equal([READABLE, READABLE]);
      backends.forEach((backend, index) => backend.unregister(tokens[index]));
      expect(heard()).to.deep.equal([0, 0]);
    } finally {
      for (const backend of backends) backend.close();
      world.close(ours);
      world.close(theirs);
    }
  });
});
