import { expect } from 'chai';
import { once } from 'node:events';
import type { Socket } from 'node:net';
import { buffer, text } from 'node:stream/consumers';
import { release } from '../../src/node.js';
import { adopt, type Connection, currentReactor } from '../../src/index.js';
import { pipe } from '../../src/sys/file/io.js';
import { holder, heldBy } from '../../src/sys/file/owned-descriptors.js';
import { IPPROTO_TCP, TCP_NODELAY } from '../../src/sys/ffi/constants.js';
import { atEnd, destroyTracked, fillUp, readAll, tcpPair, track, turns, unixPair } from '../support/sockets.js';

describe('release', () => {
  after(() => currentReactor().close());
  afterEach(destroyTracked);

  function released(connection: Connection, options?: { allowHalfOpen?: boolean }): Socket {
    const socket = release(connection, options);
    atEnd(() => socket.destroy());
    return socket;
  }

  for (const kind of ['TCP', 'Unix'] as const) {
    describe(kind, () => {
      const pair = async () => (kind === 'TCP' ? tcpPair() : unixPair());

      it('makes a socket on the same descriptor', async () => {
        const { client, server } = await pair();
        const { fd } = server;
        const socket = released(server);
        expect((socket as unknown as { _handle: { fd: number } })._handle.fd).to.equal(fd);
        expect(heldBy(holder)).not.to.include(fd);
        expect([server.isClosed, server.fd]).to.deep.equal([true, -1]);
        await server.closed;
        client.send('hello');
        expect(String((await once(socket, 'data'))[0])).to.equal('hello');
        socket.end('bye');
        expect(Buffer.from(await readAll(client)).toString()).to.equal('bye');
        client.end();
        await once(socket, 'close');
      });

      it('what is queued goes first, and then what the socket writes', async () => {
        const { client, server } = await pair();
        const given = fillUp(server);
        expect(server.queuedBytes).to.be.above(0);
        released(server).end('last');
        const received = Buffer.from(await readAll(client));
        expect([received.length, received.subarray(given).toString()]).to.deep.equal([given + 4, 'last']);
      });

      it('a FIN that was asked for follows what is queued', async () => {
        const { client, server } = await pair();
        const given = fillUp(server);
        server.end();
        const socket = released(server);
        expect(socket.writable).to.equal(false);
        client.send('still heard');
        expect(String((await once(socket, 'data'))[0])).to.equal('still heard');
        expect(await readAll(client)).to.have.lengthOf(given);
      });

      it('a FIN that was sent is not sent again, and reading goes on', async () => {
        const { client, server } = await pair();
        server.end('x');
        expect(await readAll(client)).to.have.lengthOf(1);
        const socket = released(server);
        client.send('still heard');
        client.end();
        expect(await text(socket)).to.equal('still heard');
        await once(socket, 'close');
      });

      it("a peer's FIN that was read is told again, and allowHalfOpen counts", async () => {
        const { client, server } = await pair();
        client.end();
        expect(await server.read()).to.equal(null);
        const socket = released(server, { allowHalfOpen: true }).resume();
        await once(socket, 'end');
        socket.end('late');
        expect(Buffer.from(await readAll(client)).toString()).to.equal('late');
      });

      it('goes there and back: adopt(release(connection)) and release(adopt(socket))', async () => {
        const { client, server } = await pair();
        let connection = server;
        let sent = '';
        for (let round = 0; round < 20; round++) {
          client.send(`${round} `);
          sent += `${round} `;
          const socket = released(connection);
          // Node has it, and nobody has read it: it goes along.
          if (round % 3 > 0) while (socket.readableLength === 0) await turns(1);
          connection = track(adopt(socket));
          if (round % 5 === 0) connection = track(adopt(released(connection)));
        }
        client.end();
        expect(Buffer.from(await readAll(connection)).toString()).to.equal(sent);
        connection.end('done');
        expect(Buffer.from(await readAll(client)).toString()).to.equal('done');
      });
    });
  }

  it('keeps the options that the descriptor has', async () => {
    const { server } = await tcpPair({ server: { host: '127.0.0.1', noDelay: true } });
    expect(server.getOption(IPPROTO_TCP, TCP_NODELAY)[0]).to.equal(1);
    const back = track(adopt(released(server)));
    expect(back.getOption(IPPROTO_TCP, TCP_NODELAY)[0]).to.equal(1);
  });

  it('bytes that were received and not read come first', async () => {
    const { client, server } = unixPair();
    const first = released(server);
    client.send('early ');
    while (first.readableLength === 0) await turns(1);
    const second = released(track(adopt(first)));
    client.send('late');
    client.end();
    expect((await buffer(second)).toString()).to.equal('early late');
  });

  it('releases ends of pipes', async () => {
    const [reading, writing] = pipe().map(fd => released(track(adopt(fd))));
    writing.end('through a pipe');
    expect(await text(reading)).to.equal('through a pipe');
  });

  it('refuses what it can not release, and nothing has happened', async () => {
    const { client, server } = unixPair();
    expect(() => release({} as Connection)).to.throw(TypeError, 'connection: Object; allowed: a Connection');
    expect(() => release(server, { halfOpen: true } as object)).to.throw(TypeError, 'halfOpen');
    server.onData = () => {};
    expect(() => release(server)).to.throw(Error, 'onData');
    server.onData = undefined;
    const reading = server.read();
    expect(() => release(server)).to.throw(Error, 'another read is under way');
    client.send('x');
    expect((await reading)?.toString()).to.equal('x');
    released(server);
    expect(() => release(server)).to.throw('EBADF');
  });
});
