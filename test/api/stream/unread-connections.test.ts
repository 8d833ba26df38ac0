/** A connection that nobody reads still learns that its peer has gone, as one of node:net does. */
import { expect } from 'chai';
import net from 'node:net';
import { join, type Connection } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { listening, portOf, rejection, turns, unixPair } from '../../support/sockets.js';

const CLIENTS = 10;

/** Waits until it is so; the test's own deadline is the only one. */
async function until(isSo: () => boolean): Promise<void> {
  while (!isSo()) await new Promise(resolve => setTimeout(resolve, 2));
}

function clientOf(port: number): net.Socket {
  const socket = net.connect({ port, host: '127.0.0.1' });
  socket.on('error', () => {});
  return socket;
}

describeOnEveryDriver('a connection that nobody reads', driver => {
  async function serve(onConnection: (connection: Connection) => void): Promise<{ port: number; all: Connection[] }> {
    const all: Connection[] = [];
    const listener = await listening({
      host: '127.0.0.1',
      onConnection: connection => {
        all.push(connection);
        onConnection(connection);
      },
    });
    return { port: portOf(listener), all };
  }

  for (const sends of ['nothing', 'something', 'more than the kernel holds']) {
    it(`after our end() is closed when a client that sent ${sends} has closed`, async () => {
      const { port, all } = await serve(connection => connection.end('it is noon\n'));
      for (let count = 0; count < CLIENTS; count++) {
        const client = clientOf(port);
        client.resume();
        const bytes = { nothing: 0, something: 5 }[sends] ?? 2_000_000;
        client.end(Buffer.alloc(bytes));
      }
      await until(() => all.length === CLIENTS && all.every(({ isClosed }) => isClosed));
    });
  }

  for (const how of ['FIN', 'reset'] as const) {
    it(`tells of a ${how}, with only onClose set`, async () => {
      let closed = 0;
      const { port } = await serve(connection => {
        connection.onClose = () => closed++;
        connection.send('hello\n');
      });
      for (let count = 0; count < CLIENTS; count++) {
        const client = clientOf(port);
        client.once('data', () => (how === 'FIN' ? client.end() : client.resetAndDestroy()));
      }
      await until(() => closed === CLIENTS);
    });
  }

  it('tells of a reset over unread bytes, and does not spin before', async () => {
    let failure: Error | undefined;
    const { port, all } = await serve(connection => {
      connection.onClose = reason => (failure = reason);
      connection.send('hello\n');
    });
    const client = clientOf(port);
    client.write('never read');
    await new Promise<void>(resolve => client.once('data', () => resolve()));
    await until(() => all.length === 1);
    await turns(5);
    const { systemCalls, fruitlessEvents } = driver.reactor.driver.counters;
    await turns(50);
    expect(driver.reactor.driver.counters.systemCalls - systemCalls).to.be.below(10);
    expect(driver.reactor.driver.counters.fruitlessEvents - fruitlessEvents).to.be.below(10);
    client.resetAndDestroy();
    await until(() => all[0].isClosed);
    expect(failure).to.include({ code: 'ECONNRESET' });
  });

  it('loses nothing for a reader who comes late, also behind a FIN', async () => {
    for (const ends of [false, true]) {
      const { port, all } = await serve(connection => ends && connection.end('request'));
      const client = clientOf(port);
      client.resume();
      client.end('answer');
      await until(() => all.length === 1);
      await turns(20);
      let text = '';
      for await (const chunk of all[0]) text += chunk.toString();
      expect(text).to.equal('answer');
      all[0].destroy();
    }
  });

  it('paused is told of a reset, and of no FIN', async () => {
    const { port, all } = await serve(connection => {
      connection.onData = () => {};
      connection.pause();
    });
    const clients = [clientOf(port), clientOf(port)];
    await until(() => all.length === 2);
    const reset = all.find(each => (each.remoteAddress as { port: number }).port === clients[0].localPort)!;
    const other = all.find(each => each !== reset)!;
    clients[1].end();
    clients[0].resetAndDestroy();
    await until(() => reset.isClosed);
    await turns(10);
    expect(other.isClosed).to.equal(false);
    other.resume();
    await until(() => other.isClosed);
    clients[1].destroy();
  });

  it('after our end() refuses a late reader where bytes in between were thrown away', async () => {
    const { port, all } = await serve(connection => connection.end('it is noon\n'));
    const client = clientOf(port);
    client.write(Buffer.alloc(200_000));
    await until(() => all.length === 1 && all[0].bytesReceived === 200_000);
    const [connection] = all;
    expect(() => (connection.onData = () => {}))
      .to.throw()
      .with.property('code', 'ENOBUFS');
    expect(connection.onData).to.equal(undefined);
    expect(await rejection(connection.readInto(new Uint8Array(10)))).to.have.property('code', 'ENOBUFS');
    expect(await rejection(connection.read())).to.have.property('code', 'ENOBUFS');
    const { client: other } = unixPair();
    expect(await rejection((async () => join(connection, other))())).to.have.property('code', 'ENOBUFS');
    const gone = new Promise(resolve => client.once('close', resolve));
    client.resume().end();
    await Promise.all([gone, connection.closed]);
  });
});
