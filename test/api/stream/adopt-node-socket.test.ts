import { expect } from 'chai';
import fc from 'fast-check';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { createServer as createHttpServer, type IncomingMessage } from 'node:http';
import { connect, createServer, Socket, type Server, type ServerOpts } from 'node:net';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { TLSSocket } from 'node:tls';
import { setTimeout as delay } from 'node:timers/promises';
import { adopt, IoError, join } from '../../../src/index.js';
import { until } from '../../threads/runtime/until.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd, readAll, readExactly, tcpPair, track, turns } from '../../support/sockets.js';

/** Node's own sockets: the end that is to be adopted, and the peer's. */
interface NodePair {
  readonly socket: Socket;
  readonly peer: Socket;
  readonly server: Server;
}

async function nodePair(options: ServerOpts = {}, path?: string): Promise<NodePair> {
  const server = createServer(options);
  await new Promise<void>(resolve =>
    path === undefined ? server.listen(0, '127.0.0.1', resolve) : server.listen(path, resolve),
  );
  const address = server.address();
  const connected = once(server, 'connection') as Promise<[Socket]>;
  const peer = connect(
    typeof address === 'string' ? { path: address } : { port: (address as { port: number }).port, host: '127.0.0.1' },
  );
  const [socket] = await connected;
  atEnd(() => {
    socket.destroy();
    peer.destroy();
    server.close();
  });
  if (peer.connecting) await once(peer, 'connect');
  return { socket, peer, server };
}

/** Has Node receive `bytes` from the peer, which nobody reads. */
async function receiveAhead({ socket, peer }: NodePair, bytes: string): Promise<void> {
  const before = socket.readableLength;
  socket.pause();
  socket.read(0);
  peer.write(bytes);
  await until(() => socket.readableLength === before + bytes.length);
}

describeOnEveryDriver(
  'adopt() of a net.Socket',
  () => {
    it('goes on with the stream where Node left it: what was received and not read comes first', async () => {
      const pair = await nodePair();
      const { socket, peer } = pair;
      await receiveAhead(pair, 'received ');
      const heard: string[] = [];
      for (const event of ['data', 'end', 'error', 'close']) socket.on(event, () => heard.push(event));
      const ended: string[] = [];
      for (const event of ['end', 'error', 'close']) peer.on(event, () => ended.push(event));
      const connection = track(adopt(socket));
      peer.write('and more');
      expect(await readExactly(connection, 17)).to.equal('received and more');
      expect(connection.bytesReceived).to.equal(17);
      connection.send('answer');
      // The answer follows whatever Node may have sent at its end: a FIN or a reset would have come before it.
      expect(String((await once(peer, 'data'))[0])).to.equal('answer');
      await turns();
      expect(ended).to.deep.equal([]);
      expect(heard).to.deep.equal(['close']);
      expect(socket.destroyed).to.equal(true);
      connection.end();
      await once(peer, 'end');
    });

    it('works with every way of reading', async () => {
      for (const read of ['onData', 'for await', 'readInto'] as const) {
        const pair = await nodePair();
        await receiveAhead(pair, 'one two ');
        const connection = track(adopt(pair.socket));
        pair.peer.end('three');
        let text = '';
        if (read === 'onData') {
          await new Promise<void>(resolve => {
            connection.onEnd = resolve;
            connection.onData = chunk => (text += chunk.toString());
          });
        } else if (read === 'for await') {
          text = Buffer.from(await readAll(connection)).toString();
        } else {
          const bytes = new Uint8Array(3);
          for (let count; (count = await connection.readInto(bytes)) > 0;) {
            text += Buffer.from(bytes.subarray(0, count)).toString();
          }
        }
        expect(text, read).to.equal('one two three');
      }
    });

    it('nothing is handed on while the connection is paused, nor to a handler that was taken back', async () => {
      const pair = await nodePair();
      await receiveAhead(pair, 'early');
      const connection = track(adopt(pair.socket));
      const heard: string[] = [];
      connection.pause();
      connection.onData = chunk => heard.push(chunk.toString());
      await turns();
      expect(heard).to.deep.equal([]);
      connection.resume();
      connection.onData = undefined;
      await turns();
      expect(await readExactly(connection, 5)).to.equal('early');
      expect(heard).to.deep.equal([]);
    });

    it('a socket in flow', async () => {
      const { socket, peer } = await nodePair();
      const heard: string[] = [];
      socket.on('data', chunk => heard.push(String(chunk)));
      peer.write('for Node');
      await once(socket, 'data');
      const connection = track(adopt(socket));
      peer.write('for Pollux');
      expect(await readExactly(connection, 10)).to.equal('for Pollux');
      expect(heard).to.deep.equal(['for Node']);
    });

    it('a Unix socket', async () => {
      const directory = mkdtempSync(joinPath(tmpdir(), 'pollux-adopt-'));
      atEnd(() => rmSync(directory, { recursive: true }));
      const pair = await nodePair({}, joinPath(directory, 'socket'));
      await receiveAhead(pair, 'ahead ');
      const connection = track(adopt(pair.socket));
      pair.peer.end('behind');
      expect(Buffer.from(await readAll(connection)).toString()).to.equal('ahead behind');
    });

    it('a socket whose peer has ended: the end comes after what was not read, and can be answered', async () => {
      for (const allowHalfOpen of [true, false]) {
        const pair = await nodePair({ allowHalfOpen });
        await receiveAhead(pair, 'last words');
        pair.peer.end();
        const answer = once(pair.peer, 'data');
        // Long enough for Node to have read the end as well, where it does so ahead.
        await delay(5);
        const connection = track(adopt(pair.socket));
        expect(Buffer.from(await readAll(connection)).toString()).to.equal('last words');
        connection.end('answer');
        expect(String((await answer)[0])).to.equal('answer');
      }
    });

    it('a socket that was ended here: receiving goes on', async () => {
      const { socket, peer } = await nodePair({ allowHalfOpen: true });
      peer.on('data', () => {});
      socket.end('request');
      await once(socket, 'finish');
      const connection = track(adopt(socket));
      expect(() => connection.send('more'))
        .to.throw(IoError)
        .with.property('code', 'EPIPE');
      peer.end('response');
      expect(Buffer.from(await readAll(connection)).toString()).to.equal('response');
    });

    it("a socket of Node's HTTP server, after an upgrade", async () => {
      const server = createHttpServer();
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      atEnd(() => server.close());
      const peer = connect((server.address() as { port: number }).port, '127.0.0.1');
      atEnd(() => peer.destroy());
      peer.write('GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\nfirst ');
      const [, socket, head] = (await once(server, 'upgrade')) as [IncomingMessage, Socket, Buffer];
      socket.unshift(head);
      const connection = track(adopt(socket));
      peer.write('second');
      expect(await readExactly(connection, 12)).to.equal('first second');
    });

    for (const readBytes of [0, 2, 5]) {
      it(`can be joined when ${readBytes} bytes of 5 that were received before are read`, async () => {
        const pair = await nodePair();
        await receiveAhead(pair, 'head ');
        const connection = track(adopt(pair.socket));
        const { client, server } = await tcpPair();
        if (readBytes > 0) await connection.readInto(new Uint8Array(readBytes));
        const joining = join(connection, server);
        pair.peer.end('body');
        expect(Buffer.from(await readAll(client)).toString()).to.equal('head body'.slice(readBytes));
        void client.close();
        expect((await joining).aToB).to.include({ bytesIn: 9 - readBytes, bytesOut: 9 - readBytes });
        expect(connection.bytesReceived).to.equal(9);
      });
    }

    it("lets Node's server close, and the socket go", async () => {
      const { socket, server } = await nodePair();
      const connection = track(adopt(socket));
      await new Promise(resolve => server.close(resolve));
      expect(connection.isClosed).to.equal(false);
    });
  },
  ['level', 'edge'],
);

describeOnEveryDriver(
  'what adopt() refuses, and leaves as it was',
  () => {
    const refusal = (socket: Socket) => {
      try {
        adopt(socket);
      } catch (error) {
        return error as IoError;
      }
      throw new Error('it was taken');
    };

    it('what is neither a descriptor nor a socket', () => {
      for (const wrong of [undefined, null, '3', {}, new EventTarget()]) {
        expect(() => adopt(wrong as Socket)).to.throw(TypeError, 'allowed: a descriptor, or a net.Socket');
      }
    });

    it('sockets that are not connected, or no more', async () => {
      expect(refusal(new Socket())).to.include({ code: 'ENOTCONN' });
      const { socket } = await nodePair();
      socket.destroy();
      expect(refusal(socket)).to.include({ code: 'EBADF' });
    });

    it('a socket of a runtime that has no way to stop its reading, as Bun', async () => {
      const { socket } = await nodePair();
      const { _handle } = socket as unknown as { _handle: { readStop?: unknown } };
      Object.defineProperty(_handle, 'readStop', { value: undefined, configurable: true });
      expect(refusal(socket)).to.include({ code: 'ENOTSUP' });
      expect(refusal(socket).message).to.match(/^adopt net\.Socket: ENOTSUP, \w+ [\d.]+ has no way to stop reading it/);
      expect(socket.destroyed).to.equal(false);
      delete _handle.readStop;
      track(adopt(socket));
    });

    it('TLS', async () => {
      const { socket } = await nodePair();
      const secure = new TLSSocket(socket);
      secure.on('error', () => {});
      expect(refusal(secure)).to.include({ code: 'EINVAL' });
      expect(refusal(secure).message).to.include('TLS');
      secure.destroy();
    });

    it('sockets that are piped, from or to', async () => {
      const { socket, peer } = await nodePair();
      const other = await nodePair();
      socket.pipe(other.socket);
      expect(refusal(socket).message).to.include('it is piped');
      expect(refusal(other.socket)).to.include({ code: 'EBUSY' });
      peer.write('through');
      expect(String((await once(other.peer, 'data'))[0])).to.equal('through');
      socket.unpipe(other.socket);
      track(adopt(other.socket));
    });

    it('sockets with something to write, or to end; and takes them when that is done', async () => {
      const { socket, peer } = await nodePair();
      peer.pause();
      const bytes = Buffer.alloc(16 << 20);
      const written = new Promise(resolve => socket.write(bytes, resolve));
      expect(refusal(socket)).to.include({ code: 'EBUSY' });
      expect(refusal(socket).message).to.match(/it has \d+ bytes to write/);
      let received = 0;
      peer.on('data', chunk => (received += chunk.length)).resume();
      await written;
      const connection = track(adopt(socket));
      connection.end('end');
      await once(peer, 'end');
      expect(received).to.equal(bytes.length + 3);

      const ending = await nodePair({ allowHalfOpen: true });
      ending.socket.end();
      expect(refusal(ending.socket).message).to.include("wait for 'finish'");
    });

    it('sockets with an encoding, and those that an HTTP parser has', async () => {
      const { socket } = await nodePair();
      socket.setEncoding('utf8');
      expect(refusal(socket)).to.include({ code: 'EINVAL' });

      const server = createHttpServer();
      await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve));
      const peer = connect((server.address() as { port: number }).port, '127.0.0.1');
      peer.write('GET / HTTP/1.1\r\nHost: x\r\n\r\n');
      const [request] = (await once(server, 'request')) as [IncomingMessage];
      expect(refusal(request.socket).message).to.include('HTTP parser');
      peer.destroy();
      server.closeAllConnections();
      await new Promise(resolve => server.close(resolve));
    });

    it('limits that make no sense, before the socket is touched', async () => {
      const { socket } = await nodePair();
      expect(() => adopt(socket, { highWaterBytes: 0 })).to.throw(RangeError, 'highWaterBytes');
      expect(socket.destroyed).to.equal(false);
    });
  },
  ['level'],
);

describeOnEveryDriver(
  'adopt() at any moment of a stream',
  () => {
    it('loses nothing and doubles nothing, either way', async () => {
      await fc.assert(
        fc.asyncProperty(
          fc.array(fc.integer({ min: 1, max: 100_000 }), { minLength: 1, maxLength: 8 }),
          fc.integer({ min: 0, max: 200_000 }),
          fc.boolean(),
          async (cuts, adoptAfter, paused) => {
            const { socket, peer } = await nodePair();
            const sent = cuts.map(lengthBytes => randomBytes(lengthBytes));
            const received: Uint8Array[] = [];
            let receivedBytes = 0;
            const feeding = (async () => {
              for (const bytes of sent) {
                if (!peer.write(bytes)) await once(peer, 'drain');
                await turns(1);
              }
              peer.end();
            })();
            const total = sent.reduce((sum, { length }) => sum + length, 0);
            const limit = Math.min(adoptAfter, total - 1);
            await new Promise<void>(resolve => {
              if (limit === 0) resolve();
              socket.on('data', chunk => {
                received.push(chunk);
                receivedBytes += chunk.length;
                if (receivedBytes < limit) return;
                if (paused) socket.pause();
                resolve();
              });
            });
            const connection = track(adopt(socket));
            received.push(await readAll(connection));
            connection.end(Buffer.concat(received));
            const back: Buffer[] = [];
            for await (const chunk of peer) back.push(chunk as Buffer);
            await feeding;
            expect(Buffer.concat(back).equals(Buffer.concat(sent))).to.equal(true);
          },
        ),
        { numRuns: 15 },
      );
    });
  },
  ['level'],
);
