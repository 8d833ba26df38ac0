import { expect } from 'chai';
import type { Connection, ListenOptions } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { until } from '../../support/datagrams.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { failureOf } from '../../support/failures.js';
import { connected, listening, readExactly, turns } from '../../support/sockets.js';

describeOnEveryDriver('connections of a listener', () => {
  /** A listener, and how to connect to it: resolves with both ends. */
  async function server(options: ListenOptions = {}) {
    const accepted: Connection[] = [];
    const listener = await listening({
      host: '127.0.0.1',
      ...options,
      onConnection: connection => void accepted.push(connection),
    });
    const client = async () => {
      const count = accepted.length;
      const end = await connected({ host: '127.0.0.1', port: listener.port });
      await until(() => accepted.length > count);
      return { client: end, server: accepted[count] };
    };
    return { listener, accepted, client };
  }

  it('are those that it accepted and that are open, whether somebody reads them or not', async () => {
    const one = await server();
    const other = await server();
    const [first, second, foreign] = [await one.client(), await one.client(), await other.client()];
    first.server.onData = () => {};
    expect([...one.listener.connections]).to.have.members([first.server, second.server]);
    expect([...other.listener.connections]).to.deep.equal([foreign.server]);
    expect([one.listener.connections.size, other.listener.connections.size]).to.deep.equal([2, 1]);
    first.server.destroy();
    second.client.destroy();
    second.server.onData = () => {};
    await until(() => one.listener.connections.size === 0);
    expect([...one.listener.connections]).to.deep.equal([]);
    await other.listener.close();
    expect([...other.listener.connections]).to.deep.equal([foreign.server]);
  });

  it('maxConnections leaves others in the backlog until one is closed, or more are allowed', async () => {
    const { listener, accepted, client } = await server({ maxConnections: 1 });
    const first = await client();
    const waiting = [
      await connected({ host: '127.0.0.1', port: listener.port }),
      await connected({ host: '127.0.0.1', port: listener.port }),
    ];
    await turns(20);
    expect([accepted.length, listener.connections.size, listener.maxConnections]).to.deep.equal([1, 1, 1]);
    first.server.destroy();
    await until(() => accepted.length === 2);
    await turns(20);
    expect([accepted.length, listener.connections.size]).to.deep.equal([2, 1]);
    listener.maxConnections = Infinity;
    await until(() => accepted.length === 3);
    for (const connection of accepted.slice(1)) connection.send('x');
    for (const connection of waiting) expect(await readExactly(connection, 1)).to.equal('x');
  });

  it('maxConnections refuses what is no number of connections', async () => {
    for (const most of [0, 1.5, -1, NaN]) {
      const failure = await failureOf(listening({ maxConnections: most }));
      expect(failure).to.be.instanceOf(RangeError);
      expect(failure.message).to.equal(`maxConnections: ${most}; allowed: integers from 1, Infinity for no limit`);
    }
  });

  it('closeIdle closes those that were answered and wait for more, and no others', async () => {
    const { listener, client } = await server();
    const pairs = [await client(), await client(), await client(), await client(), await client()];
    const [answered, silent, asking, between, unread] = pairs;
    for (const { server: end } of [answered, silent, asking, between]) end.onData = () => {};
    for (const { client: end } of [answered, asking, between, unread]) end.send('question');
    await until(() => [answered, asking, between].every(pair => pair.server.bytesReceived === 8));
    for (const { server: end } of [answered, between, unread]) end.send('answer');
    const asked: Connection[] = [];
    const mayClose = (connection: Connection) => {
      asked.push(connection);
      return connection !== between.server;
    };
    expect(listener.closeIdle(mayClose)).to.equal(1);
    expect(asked).to.have.members([answered.server, between.server]);
    expect(await readExactly(answered.client, 6)).to.equal('answer');
    expect(await answered.client.read()).to.equal(null);
    expect(listener.closeIdle()).to.equal(1);
    expect(await readExactly(between.client, 6)).to.equal('answer');
    expect(await between.client.read()).to.equal(null);
    // Those that stay open are served on.
    for (const { server: end, client: peer } of [silent, asking]) {
      end.send('later');
      expect(await readExactly(peer, 5)).to.equal('later');
    }
    expect(unread.server.isClosed).to.equal(false);
  });

  it('a request that has come to the kernel is not cut off by closeIdle', async () => {
    const { listener, client } = await server();
    const pair = await client();
    pair.server.onData = () => {};
    pair.client.send('one');
    await until(() => pair.server.bytesReceived === 3);
    pair.server.send('answer');
    expect(await readExactly(pair.client, 6)).to.equal('answer');
    // Over the loopback it is in the other socket when the call returns.
    pair.client.send('two');
    expect(listener.closeIdle()).to.equal(0);
  });

  for (const idle of ['close', 'keep'] as const) {
    it(`drain({ idle: '${idle}' })`, async () => {
      const { listener, client } = await server();
      const pair = await client();
      pair.server.onData = () => void pair.server.send('answer');
      pair.client.send('question');
      expect(await readExactly(pair.client, 6)).to.equal('answer');
      await listener.drain({ idle });
      if (idle === 'close') {
        expect(await pair.client.read()).to.equal(null);
      } else {
        pair.client.send('question');
        expect(await readExactly(pair.client, 6)).to.equal('answer');
      }
    });
  }

  it('drain and closeIdle refuse what they do not know', async () => {
    const { listener } = await server();
    const wish = 'destroy' as 'close';
    expect((await failureOf(listener.drain({ idle: wish }))).message).to.equal("idle: 'destroy'; allowed: close, keep");
    expect(() => listener.closeIdle(5 as never)).to.throw(TypeError, 'mayClose: number; allowed: a function');
    expect(listener.isClosed).to.equal(false);
  });

  it('timeouts end clients that are silent', async () => {
    const told = settling<Error | undefined>();
    const listener = await listening({
      host: '127.0.0.1',
      timeouts: { readMs: 30 },
      onConnection: connection => {
        connection.onData = () => {};
        connection.onClose = told.resolve;
      },
    });
    const client = await connected({ host: '127.0.0.1', port: listener.port });
    expect(await told.promise).to.include({ code: 'ETIMEDOUT', syscall: 'read' });
    expect(await client.read()).to.equal(null);
    expect((await failureOf(listening({ timeouts: { readMs: -1 } }))).message).to.include('timeouts.readMs: -1');
    expect((await failureOf(listening({ timeouts: { read: 1 } as object }))).message).to.include(
      "timeouts: 'read' is no option",
    );
  });
});
