/** A backend that can't wait any more ends its reactor, once: nothing spins, and all who wait are told. */
import { expect } from 'chai';
import { currentReactor, watch } from '../../src/index.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { close } from '../../src/sys/file/io.js';
import { socketpair } from '../../src/sys/socket/socket.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { closing, listening, turns, unixPair } from '../support/sockets.js';
import { collectingUncaught } from '../support/uncaught.js';

describeOnEveryDriver('a backend whose wait fails', driver => {
  it('ends its reactor with one uncaught error, and tells all who live in it', async () => {
    await collectingUncaught(async messages => {
      const { reactor } = driver;
      const told: string[] = [];
      const { client, server } = unixPair();
      client.onData = () => {};
      const listener = await listening();
      listener.onConnection = () => {};
      listener.onError = failure => told.push(`listener ${failure.code}`);
      const [watched, other] = socketpair();
      watch(watched, { readable: true }, ({ failure }) => {
        told.push(`watch ${failure!.code}`);
        throw new Error('a handler that throws');
      });
      const reading = server.read().catch((failure: IoError) => told.push(`read ${failure.code}`));
      const closed = closing(client);
      await turns();
      let waits = 0;
      reactor.driver.backend.wait = () => {
        waits++;
        throw new IoError('EBADF', 'wait');
      };
      expect(await closed.told).to.have.property('code', 'EBADF');
      await reading;
      await listener.close();
      while (told.length < 3 || messages.length < 2) await turns(1);
      expect(told.sort()).to.deep.equal(['listener EBADF', 'read EBADF', 'watch EBADF']);
      expect(messages.filter(message => message.includes("can't wait any more"))).to.have.length(1);
      const { turns: before } = reactor.counters;
      await turns(20);
      expect([waits, reactor.counters.turns, reactor.isClosed]).to.deep.equal([1, before, true]);
      close(watched);
      close(other);
    });
    // The next call starts another.
    const next = currentReactor();
    try {
      expect(next).to.not.equal(driver.reactor);
      const { client, server } = unixPair();
      client.send('x');
      expect((await server.read())!.toString()).to.equal('x');
      client.destroy();
      server.destroy();
      await turns();
    } finally {
      next.close();
    }
  });
});
