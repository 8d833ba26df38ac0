import { expect } from 'chai';
import process from 'node:process';
import type { Connection, IoError } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import {
  closing,
  connected,
  Digest,
  fillUp,
  listening,
  portOf,
  readAll,
  rejection,
  tcpPair,
  turns,
  unixPair,
} from '../../support/sockets.js';

describeOnEveryDriver('closing', driver => {
  it('close() delivers 20 MB that are queued to a slow reader', async () => {
    const { client, server } = await tcpPair({ client: { maxQueuedBytes: 64 << 20, highWaterBytes: 32 << 20 } });
    const sent = new Digest();
    for (let number = 0; number < 20; number++) {
      const piece = new Uint8Array(1 << 20).fill(number);
      sent.add(piece);
      client.send(piece);
    }
    const closed = client.close();
    const received = new Digest();
    const ended = settling<void>();
    server.onData = chunk => {
      received.add(chunk);
      server.pause();
      setImmediate(() => server.resume());
    };
    server.onEnd = ended.resolve;
    await ended.promise;
    expect(String(received)).to.equal(String(sent));
    await server.close();
    await closed;
  });

  it('close() throws away what still comes, so that no reset destroys what the peer has not read', async () => {
    const { client, server } = await tcpPair();
    const ended = settling<void>();
    server.send(new Uint8Array(100_000));
    const closed = client.close();
    server.send(new Uint8Array(100_000));
    let received = 0;
    server.onData = chunk => (received += chunk.length);
    server.onEnd = ended.resolve;
    await ended.promise;
    expect(received).to.equal(0);
    server.end();
    await closed;
    expect(client.isClosed).to.equal(true);
  });

  it('close() against a peer that never reads ends after closeTimeoutMs with ETIMEDOUT', async () => {
    const { client } = unixPair({ closeTimeoutMs: 30 });
    fillUp(client);
    const told = closing(client);
    const refused = await rejection(client.close());
    expect(refused.code).to.equal('ETIMEDOUT');
    expect(await told.told).to.equal(refused);
  });

  it('close() against a peer that never closes ends after lingerMs, and well', async () => {
    const { client, server } = unixPair({ lingerMs: 30 });
    client.send('all of it');
    await client.close();
    expect((await server.read())?.toString()).to.equal('all of it');
  });

  it('close() twice, and after destroy(), is once', async () => {
    const { client, server } = unixPair();
    const closed = [closing(client), closing(server)];
    const first = client.close();
    const second = client.close();
    server.destroy();
    await Promise.all([first, second, server.close()]);
    await turns();
    expect(closed.map(({ times }) => times)).to.deep.equal([1, 1]);
    await client.close();
  });

  it('close() of one that nobody ever read waits for no reader of ours', async () => {
    const { client, server } = await tcpPair();
    await Promise.all([client.close(), server.close()]);
  });

  it('destroy() drops what is queued, and onClose is told outside the call', async () => {
    const { client } = unixPair();
    fillUp(client);
    const closed = closing(client);
    client.destroy();
    expect(closed.times).to.equal(0);
    expect([client.isClosed, client.queuedBytes, client.fd]).to.deep.equal([true, 0, -1]);
    expect(await closed.told).to.equal(undefined);
    await client.closed;
  });

  it('destroy(failure) tells it to onClose and to closed', async () => {
    const { client } = unixPair();
    const reason = new Error('enough');
    const closed = closing(client);
    client.destroy(reason);
    client.destroy(new Error('another'));
    expect(await closed.told).to.equal(reason);
    expect(await rejection(client.closed)).to.equal(reason);
  });

  it('reset() is seen by the peer as ECONNRESET, once', async () => {
    const { client, server } = await tcpPair();
    const closed = closing(server);
    server.onData = () => {};
    let ends = 0;
    server.onEnd = () => ends++;
    client.reset();
    expect(((await closed.told) as IoError).code).to.equal('ECONNRESET');
    await turns();
    expect([closed.times, ends]).to.deep.equal([1, 0]);
    expect((await rejection(server.closed)).message).to.include('ECONNRESET');
  });

  it('reset() is seen by a waiting read(), and by those after it', async () => {
    const { client, server } = await tcpPair();
    const read = server.read();
    client.reset();
    expect((await rejection(read)).code).to.equal('ECONNRESET');
    expect((await rejection(server.read())).code).to.equal('ECONNRESET');
  });

  it('reset() is seen by a waiting readInto()', async () => {
    const { client, server } = await tcpPair();
    const read = server.readInto(new Uint8Array(1));
    client.reset();
    expect((await rejection(read)).code).to.equal('ECONNRESET');
  });

  it('reset() is seen by a waiting write()', async () => {
    const { client, server } = await tcpPair({ client: { highWaterBytes: 1 } });
    fillUp(client);
    const write = client.write('x');
    server.reset();
    expect((await rejection(write)).code).to.equal('ECONNRESET');
  });

  it('setLinger(0) makes destroy() a reset', async () => {
    const { client, server } = await tcpPair();
    const read = server.read();
    client.setLinger(0);
    client.destroy();
    expect((await rejection(read)).code).to.equal('ECONNRESET');
  });

  for (const ending of ['destroy', 'close', 'reset'] as const) {
    it(`${ending}() inside onData: no more calls, and everything is given back`, async () => {
      const { client, server } = await tcpPair({ server: { lingerMs: 0 } });
      const closed = closing(server);
      let calls = 0;
      server.onData = () => {
        calls++;
        void server[ending]();
      };
      client.send(new Uint8Array(500_000));
      expect(await closed.told).to.equal(undefined);
      await turns();
      expect(calls).to.equal(1);
    });

    it(`${ending}() inside onConnection`, async () => {
      const closed: Promise<unknown>[] = [];
      const listener = await listening({
        host: '127.0.0.1',
        lingerMs: 0,
        onConnection: connection => {
          closed.push(closing(connection).told);
          void connection[ending]();
        },
      });
      const clients: Connection[] = [];
      for (let count = 0; count < 5; count++) {
        // A reset may arrive before the client has looked at how its connect(2) went.
        const client = await connected({ host: '127.0.0.1', port: portOf(listener) }).catch(() => undefined);
        if (client !== undefined) clients.push(client);
      }
      await Promise.all(clients.map(client => client.read().catch(() => null)));
      expect(listener.counters.accepted).to.equal(5);
      expect(await Promise.all(closed)).to.deep.equal(new Array(5).fill(undefined));
    });
  }

  it('destroy() of another connection inside onData', async () => {
    const first = unixPair();
    const second = unixPair();
    const done = settling<void>();
    let calls = 0;
    // Whichever of the two comes first in the batch destroys the other, whose event is then for the dead.
    first.server.onData = () => {
      calls++;
      second.server.destroy();
      done.resolve();
    };
    second.server.onData = () => {
      calls++;
      first.server.destroy();
      done.resolve();
    };
    first.client.send('x');
    second.client.send('x');
    await done.promise;
    await turns();
    expect(calls).to.equal(1);
    expect(driver.reactor.driver.backend.counters.staleEvents).to.be.at.most(1);
  });

  it('a connection that is closed answers every question', async () => {
    const { client } = unixPair();
    client.destroy();
    expect(client.localAddress).to.equal(undefined);
    expect(client.remoteAddress).to.equal(undefined);
    expect(() => client.setNoDelay())
      .to.throw()
      .with.property('code', 'EBADF');
    client.pause();
    client.resume();
    client.onData = () => {};
    client.onData = undefined;
    client.end();
    client.reset();
    client.setTimeouts({ idleMs: 1 });
    client.ref().unref();
    await client.close();
    expect(await client.read()).to.equal(null);
  });

  it('await using closes', async () => {
    const { client, server } = unixPair();
    server.end();
    await client[Symbol.asyncDispose]();
    expect(client.isClosed).to.equal(true);
  });

  it('a close() that nobody awaits is no unhandled rejection when the peer resets', async () => {
    const { client, server } = await tcpPair();
    const unhandled: unknown[] = [];
    const listen = (reason: unknown) => unhandled.push(reason);
    process.on('unhandledRejection', listen);
    try {
      fillUp(client);
      const closed = closing(client);
      void client.close();
      server.reset();
      expect(((await closed.told) as IoError).code).to.equal('ECONNRESET');
      await turns();
      expect(unhandled).to.deep.equal([]);
    } finally {
      process.off('unhandledRejection', listen);
    }
  });

  it('reading once and closing leaves no memory on loan', async () => {
    const held = driver.reactor.slab.freeChunks;
    for (let count = 0; count < 40; count++) {
      const { client, server } = unixPair();
      // More than the rest of a chunk that is still worth a call: each read takes a chunk of its own.
      client.end(new Uint8Array(60_000));
      await server.read();
      server.destroy();
      client.destroy();
    }
    await turns();
    const { slab } = driver.reactor;
    expect(slab.heldBytes / slab.chunkBytes - slab.freeChunks, `at first ${held} were free`).to.be.at.most(1);
  });

  it('what was sent before close() is read by the peer to the end', async () => {
    const { client, server } = await tcpPair();
    client.send('good');
    void client.close();
    expect(Buffer.from(await readAll(server)).toString()).to.equal('good');
  });
});
