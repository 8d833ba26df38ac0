/** What nobody has read when the peer ends: kept for whoever comes late, and no descriptor or process is kept by it. */
import { expect } from 'chai';
import net from 'node:net';
import { connect, copy, open, type Connection } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { TestFiles } from '../../support/files.js';
import { atEnd, listening, portOf, readAll, tcpPair, track, turns, unixPair } from '../../support/sockets.js';
import { undisturbed } from '../../support/undisturbed.js';

const LINGER_MS = 30;

/** Waits until it is so; the test's own deadline is the only one. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 2));
}

/** A client of a server that answers with so many bytes and closes. */
async function answered(lengthBytes: number): Promise<Connection> {
  const server = net.createServer(socket => socket.resume().end(Buffer.alloc(lengthBytes, 'a')));
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
  atEnd(() => server.close());
  const { port } = server.address() as net.AddressInfo;
  return track(await connect({ port, host: '127.0.0.1', lingerMs: LINGER_MS }));
}

describeOnEveryDriver('a client that has ended and reads nothing', driver => {
  const files = new TestFiles();

  it('is closed when its peer has ended, and what came is for a late reader: read()', async () => {
    const client = await answered(5000);
    client.end('question');
    await client.closed;
    expect((await client.read())!.length).to.equal(5000);
    expect(await client.read()).to.equal(null);
    expect(client.bytesReceived).to.equal(5000);
  });

  it('readInto()', async () => {
    const client = await answered(5);
    client.end();
    await client.closed;
    const bytes = new Uint8Array(3);
    expect([await client.readInto(bytes), await client.readInto(bytes), await client.readInto(bytes)]).to.eql([
      3, 2, 0,
    ]);
  });

  it('onData, and onEnd after it', async () => {
    const client = await answered(5000);
    client.end();
    await client.closed;
    const told: unknown[] = [];
    client.onEnd = () => told.push('end');
    client.onData = chunk => told.push(chunk.length);
    await until(() => told.length === 2);
    expect(told).to.eql([5000, 'end']);
  });

  it('copies to a file and to a connection', async () => {
    const path = files.path('late');
    await using file = await open(path, { flags: 'w+' });
    const clients = [await answered(5000), await answered(5000)];
    for (const client of clients) client.end();
    await Promise.all(clients.map(({ closed }) => closed));
    expect(await copy(clients[0], file)).to.include({ bytesIn: 5000, bytesOut: 5000, residueBytes: 0 });
    const { client: target, server } = await tcpPair();
    expect(await copy(clients[1], target, { length: 3000 })).to.include({ bytesIn: 3000, bytesOut: 3000 });
    target.end();
    expect((await readAll(server)).length).to.equal(3000);
    expect((await clients[1].read())!.length).to.equal(2000);
  });

  it('of more than is kept loses no byte, and takes no more memory', async () => {
    const client = await answered(1_000_000);
    client.end();
    await new Promise(resolve => setTimeout(resolve, 3 * LINGER_MS));
    expect(client.bytesReceived).to.be.below(65_536 * 3);
    expect((await readAll(client)).length).to.equal(1_000_000);
    await client.closed;
  });

  it('of more than is kept, all of it with the kernel, reads what is kept and what is not', async () => {
    const { client, server } = unixPair({ lingerMs: LINGER_MS });
    client.end();
    server.end(new Uint8Array(150_000));
    await until(() => client.bytesReceived >= 65_536);
    await turns(20);
    expect(client.bytesReceived).to.be.below(65_536 * 3);
    expect((await readAll(client)).length).to.equal(150_000);
    await client.closed;
  });

  it('leaves to one who paused what is his, in his order', async () => {
    const client = await answered(5000);
    const told: unknown[] = [];
    client.onData = chunk => told.push(chunk.length);
    client.onClose = () => told.push('close');
    client.pause();
    client.end();
    await new Promise(resolve => setTimeout(resolve, 3 * LINGER_MS));
    expect(told).to.eql([]);
    client.resume();
    await client.closed;
    expect(told).to.eql([5000, 'close']);
  });

  for (const [kind, pair] of Object.entries({ TCP: tcpPair, Unix: () => Promise.resolve(unixPair()) })) {
    it(`having read once is closed by the peer's FIN, ${kind}`, async () => {
      const { client, server } = await pair();
      server.send('question');
      await client.read();
      client.end('answer');
      expect((await readAll(server)).length).to.equal(6);
      server.end();
      await client.closed;
      expect(await client.read()).to.equal(null);
    });
  }

  it('costs nothing while its peer is silent, with bytes unread or without', async () => {
    const { client, server } = await tcpPair();
    const { client: other } = await tcpPair();
    client.end();
    other.end();
    server.send('unread');
    await turns(20);
    const { systemCalls } = driver.reactor.driver.counters;
    await turns(50);
    expect(driver.reactor.driver.counters.systemCalls - systemCalls).to.be.below(10);
  });
});

describeOnEveryDriver('a FIN that nobody waits for', () => {
  async function accepted(): Promise<{ connection: Connection; client: net.Socket }> {
    const listener = await listening({ host: '127.0.0.1', lingerMs: LINGER_MS });
    const client = net.connect({ port: portOf(listener), host: '127.0.0.1', allowHalfOpen: true });
    atEnd(() => client.destroy());
    for await (const connection of listener) return { connection: track(connection), client };
    throw new Error('the listener ended');
  }

  it('closes a connection that has neither handler nor reader, after a while', async () => {
    const { connection, client } = await accepted();
    client.end();
    await until(() => connection.isClosed);
    expect(await connection.read()).to.equal(null);
  });

  it('leaves it open for what is sent meanwhile, and for as long as something goes', () =>
    undisturbed(LINGER_MS, async beat => {
      const { connection, client } = await accepted();
      client.end();
      let received = 0;
      client.on('data', chunk => (received += chunk.length));
      for (let count = 0; count < 10; count++) {
        await new Promise(resolve => setTimeout(resolve, LINGER_MS / 3));
        beat();
        expect(connection.isClosed).to.equal(false);
        connection.send('late');
      }
      await until(() => received === 40);
      await until(() => connection.isClosed);
    }));

  it('is told to an onEnd that was set meanwhile, which leaves the connection open', () =>
    undisturbed(LINGER_MS, async beat => {
      const { connection, client } = await accepted();
      beat();
      client.end();
      await turns(10);
      beat();
      expect(connection.isClosed).to.equal(false);
      await new Promise<void>(resolve => (connection.onEnd = resolve));
      await new Promise(resolve => setTimeout(resolve, 2 * LINGER_MS));
      connection.end('bye');
      expect(String(await new Promise(resolve => client.once('data', resolve)))).to.equal('bye');
    }));

  it('is followed by a reset, which is told though nothing is read or written', async () => {
    const { connection, client } = await accepted();
    const ended = new Promise<void>(resolve => (connection.onEnd = resolve));
    const closed = new Promise<Error | undefined>(resolve => (connection.onClose = resolve));
    client.end();
    await ended;
    await turns(5);
    client.resetAndDestroy();
    // Linux says EPIPE behind a FIN.
    expect(await closed)
      .to.have.property('code')
      .that.is.oneOf(['ECONNRESET', 'EPIPE']);
  });
});
