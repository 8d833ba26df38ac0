/** A number that is used again is not the descriptor that it was: regressions 10, 11, 14 and 15. */
import { expect } from 'chai';
import type { Connection } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { MSG_DONTWAIT } from '../../src/sys/ffi/constants.js';
import { isOpen } from '../../src/sys/file/io.js';
import { addressOf } from '../../src/sys/ffi/memory.js';
import { recv } from '../../src/sys/socket/socket.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { closing, connected, fillUp, listening, portOf, readExactly, turns, unixPair } from '../support/sockets.js';

describeOnEveryDriver('identity', driver => {
  it('regression 10: closed in the callback of another, its number used again at once: no event reaches the wrong one', async () => {
    const pairs = Array.from({ length: 8 }, () => unixPair());
    const wrong: string[] = [];
    const done = settling<void>();
    let fresh: Connection | undefined;
    let calls = 0;
    for (const { server } of pairs) {
      server.onData = () => {
        calls++;
        if (fresh !== undefined) return;
        // Everybody else has an event waiting in this batch. All of them go, and their numbers with them.
        const numbers = new Set(pairs.filter(other => other.server !== server).map(other => other.server.fd));
        for (const other of pairs) if (other.server !== server) other.server.destroy();
        const again = unixPair();
        fresh = again.server;
        expect(numbers.has(again.client.fd) || numbers.has(again.server.fd), 'a number used again').to.equal(true);
        for (const connection of [again.client, again.server]) {
          connection.onData = () => wrong.push('bytes for one that was sent none');
          connection.onEnd = () => wrong.push('an end for one whose peer is open');
          connection.onClose = () => wrong.push('a close');
        }
        done.resolve();
      };
    }
    for (const { client } of pairs) client.send('x');
    await done.promise;
    await turns();
    expect(wrong).to.deep.equal([]);
    expect(calls).to.equal(1);
    expect(driver.reactor.driver.counters.bytesReceived).to.equal(1);
  });

  it('regression 10: a connection closed in its own callback, and accept gets its number', async () => {
    const served: string[] = [];
    const twice = settling<void>();
    const listener = await listening({
      host: '127.0.0.1',
      onConnection: connection => {
        connection.onData = chunk => {
          served.push(chunk.toString());
          connection.destroy();
          if (served.length === 20) twice.resolve();
        };
      },
    });
    const port = portOf(listener);
    for (let count = 0; count < 20; count++) {
      const client = await connected({ host: '127.0.0.1', port });
      client.send(`${count}`);
      // The end of one frees its number for the next, whose bytes must not be taken for the old one's.
      await client.read().catch(() => null);
      client.destroy();
    }
    await twice.promise;
    expect(served).to.deep.equal(Array.from({ length: 20 }, (_, count) => `${count}`));
  });

  it('regression 11: readable and writable in one batch, and the first handler closes: the second is not called', async () => {
    const { client, server } = unixPair({ highWaterBytes: 1, lowWaterBytes: 0 });
    const closed = closing(server);
    let drains = 0;
    fillUp(server);
    server.onDrain = () => drains++;
    server.onData = () => server.destroy();
    // Both directions become ready between two turns: the peer reads, through the kernel, all that waits, and sends.
    client.send('x');
    const bytes = new Uint8Array(1 << 20);
    while (recv(client.fd, addressOf(bytes), bytes.length, MSG_DONTWAIT) > 0);
    expect(await closed.told).to.equal(undefined);
    await turns();
    expect(drains).to.equal(0);
  });

  it('regression 14: opened and closed a thousand times on the same numbers: never EEXIST', async () => {
    for (let count = 0; count < 1000; count++) {
      const { client, server } = unixPair();
      server.onData = () => {};
      // Little, so that a thousand are cheap.
      client.setBufferBytes('send', 4096);
      fillUp(client, 16_384);
      client.destroy();
      server.destroy();
    }
    const { client, server } = unixPair();
    client.send('works');
    expect(await readExactly(server, 5)).to.equal('works');
  });

  it('regression 15: the registration ends before the descriptor is closed', async () => {
    const { client, server } = unixPair();
    const { backend } = driver.reactor.driver;
    const { unregister } = backend;
    const order: boolean[] = [];
    const watched = new Map([
      [client, client.fd],
      [server, server.fd],
    ]);
    backend.unregister = token => {
      order.push([...watched.values()].every(fd => isOpen(fd)));
      unregister.call(backend, token);
    };
    client.onData = () => {};
    await turns();
    client.destroy();
    watched.delete(client);
    server.onData = () => {};
    await turns();
    server.destroy();
    expect(order).to.deep.equal([true, true]);
  });
});
