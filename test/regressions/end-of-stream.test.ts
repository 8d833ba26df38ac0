/** End of stream and errors of connections: regressions 16 to 20, 22 and 23. */
import { expect } from 'chai';
import type { IoError } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { describeOnEveryDriver, type DriverUnderTest } from '../support/every-driver.js';
import {
  closing,
  connected,
  fillUp,
  listening,
  portOf,
  readAll,
  readExactly,
  rejection,
  tcpPair,
  turns,
  unixPair,
  type Pair,
} from '../support/sockets.js';

const kinds: Record<string, () => Promise<Pair>> = { TCP: tcpPair, Unix: () => Promise.resolve(unixPair()) };

const WINDOW_MS = 20;
const FEW_TURNS = 8;

/**
 * Passes once the loop has been quiet for a while. V8's own threads may keep it awake for some milliseconds; a spin never
 * ends.
 */
async function expectIdle({ reactor }: DriverUnderTest): Promise<void> {
  let made = Infinity;
  for (let windows = 0; windows < 20 && made > FEW_TURNS; windows++) {
    const before = reactor.counters.turns;
    await new Promise(resolve => setTimeout(resolve, WINDOW_MS));
    made = reactor.counters.turns - before;
  }
  expect(made, `turns in ${WINDOW_MS} ms`).to.be.at.most(FEW_TURNS);
}

for (const [kind, pair] of Object.entries(kinds)) {
  describeOnEveryDriver(`end of stream, ${kind}`, driver => {
    it('regression 16: the peer sends 1 MB and FIN: all of it is delivered, then one end', async () => {
      const { client, server } = await pair();
      const ended = settling<void>();
      let received = 0;
      let ends = 0;
      let afterEnd = 0;
      server.onData = chunk => {
        received += chunk.length;
        afterEnd += ends;
      };
      server.onEnd = () => {
        ends++;
        ended.resolve();
      };
      client.end(new Uint8Array(1 << 20));
      await ended.promise;
      await turns();
      expect({ received, ends, afterEnd }).to.deep.equal({ received: 1 << 20, ends: 1, afterEnd: 0 });
    });

    it('regression 17: after the FIN of the peer we may write, and the loop is idle', async () => {
      const { client, server } = await pair();
      server.onData = () => {};
      const ended = settling<void>();
      server.onEnd = ended.resolve;
      client.end();
      await ended.promise;
      await expectIdle(driver);
      expect(server.send('still here')).to.equal(true);
      expect(await readExactly(client, 10)).to.equal('still here');
    });

    it('regression 18: the peer closes with our bytes unread: we are told once', async () => {
      const { client, server } = await pair();
      const closed = closing(client);
      client.onData = () => {};
      client.send('nobody reads this');
      await turns();
      server.destroy();
      const failure = (await closed.told) as IoError | undefined;
      // With unread bytes TCP answers by a reset; a Unix socket says so too on Linux.
      expect(failure?.code).to.be.oneOf([undefined, 'ECONNRESET', 'EPIPE']);
      await turns();
      expect(closed.times).to.equal(1);
      await expectIdle(driver);
    });

    it('regression 22: after our FIN the bytes of the peer are delivered, and its end closes once', async () => {
      const { client, server } = await pair();
      const closed = closing(client);
      client.end();
      expect(await server.read()).to.equal(null);
      server.send('late');
      expect(await readExactly(client, 4)).to.equal('late');
      await expectIdle(driver);
      server.end();
      expect(await client.read()).to.equal(null);
      expect(await closed.told).to.equal(undefined);
      await turns();
      expect(closed.times).to.equal(1);
    });

    it('regression 23: FIN while reading is paused by back-pressure: no spin, and nothing is lost', async () => {
      const { client, server } = await pair();
      server.onData = () => {};
      const ended = settling<void>();
      let received = 0;
      server.onEnd = ended.resolve;
      server.pause();
      client.end(new Uint8Array(10_000));
      await expectIdle(driver);
      server.onData = chunk => (received += chunk.length);
      server.resume();
      await ended.promise;
      expect(received).to.equal(10_000);
    });

    it('regression 23: FIN while we are blocked in writing and do not read: no spin', async () => {
      const { client, server } = await pair();
      const given = fillUp(server);
      client.end();
      await expectIdle(driver);
      server.end();
      expect((await readAll(client)).length).to.equal(given);
    });

    it('half-closed both in sequence while paused: no spin', async () => {
      const { client, server } = await pair();
      server.onData = () => {};
      server.pause();
      client.end('x');
      server.end();
      await expectIdle(driver);
      server.resume();
      expect(await client.read()).to.equal(null);
    });
  });
}

describeOnEveryDriver('resets and refusals', driver => {
  it('regression 17: a reset after the FIN of the peer is one error, and the loop is idle', async () => {
    const { client, server } = await tcpPair();
    const closed = closing(server);
    const ended = settling<void>();
    server.onData = () => {};
    server.onEnd = ended.resolve;
    client.end();
    await ended.promise;
    client.reset();
    await expectIdle(driver);
    while (server.send('x')) await turns(1);
    expect(((await closed.told) as IoError).code).to.be.oneOf(['EPIPE', 'ECONNRESET']);
    await turns();
    expect(closed.times).to.equal(1);
  });

  it('a reset while reading is paused: no spin, and it is told when reading goes on', async () => {
    const { client, server } = await tcpPair();
    const closed = closing(server);
    server.onData = () => {};
    server.pause();
    client.reset();
    await expectIdle(driver);
    server.resume();
    expect(((await closed.told) as IoError).code).to.equal('ECONNRESET');
  });

  it('regression 19: a refused connect is ECONNREFUSED and never a connection', async () => {
    const listener = await listening();
    const port = portOf(listener);
    await listener.close();
    for (let count = 0; count < 5; count++) {
      const refused = (await rejection(connected({ host: '127.0.0.1', port }))) as IoError;
      expect([refused.code, refused.syscall]).to.deep.equal(['ECONNREFUSED', 'connect']);
    }
  });

  it('regression 20: a connect that fails later, with nothing but a hang-up, is told', async () => {
    // A listener that goes away with connections in its backlog resets them.
    const listener = await listening();
    const port = portOf(listener);
    const client = await connected({ host: '127.0.0.1', port });
    const read = client.read();
    await listener.close();
    expect((await rejection(read)).code).to.equal('ECONNRESET');
  });
});
