import { expect } from 'chai';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  bindDatagram,
  BufferList,
  IoError,
  type Address,
  type DatagramSocket,
  type DatagramTarget,
} from '../../../src/index.js';
import type { DatagramInbox } from '../../../src/api/datagram/inbox.js';
import type { Operation } from '../../../src/core/operations/operation.js';
import { bound, fill, hasError, inPieces, numbers, texts, until } from '../../support/datagrams.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd, rejection, turns } from '../../support/sockets.js';

describeOnEveryDriver('datagram sockets', driver => {
  let directory: string;
  let paths = 0;

  before(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-datagram-'))));
  after(() => rmSync(directory, { recursive: true }));

  const unix = () => bound({ path: join(directory, `${paths++}`) });

  async function echoes(server: DatagramSocket, client: DatagramSocket, to: DatagramTarget): Promise<void> {
    server.onDatagram = (bytes, from) => expect(server.trySend(bytes, from)).to.equal(true);
    const received = texts(client);
    for (const text of ['a', '', 'longer than the others']) {
      expect(client.trySend(text, to)).to.equal(true);
      await until(() => received.at(-1) === text);
    }
    expect(received).to.deep.equal(['a', '', 'longer than the others']);
    expect(server.counters).to.include({ received: 3, truncated: 0 });
    expect([server.sent, client.sent]).to.deep.equal([3, 3]);
  }

  it('echo over IPv4, with one of Node as its client', async () => {
    const server = await bound();
    await echoes(server, await bound(), server.address);
    const client = createSocket('udp4');
    atEnd(() => client.close());
    client.send('from Node', server.port, '127.0.0.1');
    const [bytes, { port }] = (await once(client, 'message')) as [Buffer, { port: number }];
    expect([bytes.toString(), port]).to.deep.equal(['from Node', server.port]);
  });

  it('echo over IPv6, and to an IPv4 address from a socket of both', async () => {
    const server = await bound({ host: '::1' });
    await echoes(server, await bound({ host: '::1' }), { host: '::1', port: server.port });
    const both = await bound({ host: '::' });
    const fourth = await bound();
    const received = texts(both);
    fourth.onDatagram = (bytes, from) => fourth.trySend(bytes, from);
    both.trySend('mapped', { host: '127.0.0.1', port: fourth.port });
    await until(() => received.length > 0);
  });

  it('echo over Unix sockets, whose file goes with them', async () => {
    const server = await unix();
    const client = await unix();
    await echoes(server, client, server.address);
    const { path } = server.address as { path: string };
    expect(existsSync(path)).to.equal(true);
    await server.close();
    expect(existsSync(path)).to.equal(false);
    expect((await rejection(client.send('x', { path }))).message).to.equal(
      `send ${path}: ENOENT, there is no such thing`,
    );
  });

  it('without options it has a port of all addresses', async () => {
    const socket = await bindDatagram();
    atEnd(() => socket.destroy());
    expect(socket.port).to.be.above(0);
    expect(['::', '0.0.0.0']).to.include((socket.address as { address: string }).address);
  });

  it('an unnamed Unix socket sends, and can not be answered', async () => {
    const server = await unix();
    const client = await bound({ path: '' });
    expect(client.trySend('x', server.address)).to.equal(true);
    const { bytes, from } = await server.receive();
    expect([bytes.toString(), from]).to.deep.equal(['x', { family: 'unix', path: '' }]);
    expect(() => server.trySend('y', from)).to.throw(TypeError, 'not bound');
  });

  it('many senders: each is answered, and told from the others', async () => {
    const server = await bound();
    const clients = await Promise.all(Array.from({ length: 40 }, () => bound()));
    const seen = new Map<number, Address>();
    server.onDatagram = (bytes, from) => {
      expect(bytes.toString()).to.equal(`${(from as { port: number }).port}`);
      expect(Object.isFrozen(from)).to.equal(true);
      seen.set((from as { port: number }).port, from);
      server.trySend(bytes, from);
    };
    const received = clients.map(texts);
    for (let round = 1; round <= 5; round++) {
      for (const client of clients) client.trySend(`${client.port}`, server.address);
      await until(() => received.every(each => each.length === round));
    }
    expect(received).to.deep.equal(clients.map(({ port }) => numbers(5).map(() => `${port}`)));
    expect([...seen.keys()].sort()).to.deep.equal(clients.map(({ port }) => port).sort());
  });

  it('no datagram is glued to another or cut, whatever their lengths: the longest too, and lists of many ranges', async () => {
    const [server, client] = [await bound({ receiveBufferBytes: 1 << 20 }), await bound({ sendBufferBytes: 1 << 20 })];
    const lengths = [65_507, 0, 1, 1472, 1473, 65_507, 9000, 2];
    const kept: BufferList[] = [];
    // What is kept moves the place where the next one lands, to where there may be too little room for it.
    server.onDatagram = bytes => kept.push(bytes.take());
    for (const [index, length] of lengths.entries()) {
      await client.send(Buffer.alloc(length, index + 1), server.address);
      await until(() => kept.length === index + 1);
    }
    await client.send(inPieces('p'.repeat(500)), server.address);
    await until(() => kept.length === lengths.length + 1);
    expect(kept.map(bytes => bytes.length)).to.deep.equal([...lengths, 500]);
    for (const [index, length] of lengths.entries()) {
      expect(kept[index].equals(Buffer.alloc(length, index + 1)), `${index}`).to.equal(true);
    }
    for (const bytes of kept) bytes.release();
  });

  it('one that is longer than allowed is dropped and counted; what is as long as allowed is not', async () => {
    const server = await bound({ maxDatagramBytes: 100 });
    const client = await bound();
    const received = texts(server);
    for (const length of [100, 101, 5000, 99]) client.trySend('x'.repeat(length), server.address);
    await until(() => received.length === 2);
    expect(received.map(text => text.length)).to.deep.equal([100, 99]);
    expect(server.counters).to.include({ received: 2, truncated: 2 });
  });

  it('receive and for await take one at a time, and leave the others to the kernel', async () => {
    const server = await bound();
    const client = await bound();
    for (const text of numbers(10)) client.trySend(text, server.address);
    const first = await server.receive();
    expect([first.bytes.toString(), first.from]).to.deep.equal(['0', client.address]);
    expect(server.counters.received).to.equal(1);
    const heard: string[] = [];
    for await (const { bytes } of server) {
      heard.push(bytes.toString());
      if (heard.length === 4) break;
    }
    expect(heard).to.deep.equal(['1', '2', '3', '4']);
    const rest = texts(server);
    await until(() => rest.length === 5);
    expect(rest).to.deep.equal(['5', '6', '7', '8', '9']);
  });

  it('paused, it receives nothing; resumed, all that came meanwhile', async () => {
    const server = await bound();
    const client = await bound();
    const received = texts(server);
    server.pause();
    for (const text of numbers(20)) client.trySend(text, server.address);
    await turns(10);
    expect(received).to.deep.equal([]);
    server.resume();
    await until(() => received.length === 20);
    expect(received).to.deep.equal(numbers(20));
    server.onDatagram = undefined;
    client.trySend('later', server.address);
    await turns(10);
    expect(server.counters.received).to.equal(20);
  });

  for (const connected of [false, true]) {
    it(`a reader that stopped holds ${connected ? 'a connected' : 'a'} sender back, and all arrives in order`, async () => {
      const server = await unix();
      const client = await unix();
      if (connected) await client.connect(server.address);
      const to = connected ? undefined : server.address;
      let count = 0;
      while (client.trySend(`${count}`, to)) count++;
      expect(count).to.be.above(0);
      let drains = 0;
      client.onDrain = () => drains++;
      const waiting = Array.from({ length: 300 }, (_, index) => client.send(`${count + index}`, to));
      expect(client.queuedBytes).to.be.above(300 * 256);
      expect(client.trySend('not before the others', to)).to.equal(false);
      await turns(10);
      expect(drains).to.equal(0);
      const received = texts(server);
      await Promise.all(waiting);
      await until(() => received.length === count + 300 && drains === 1);
      expect(received).to.deep.equal(numbers(count + 300));
      expect(client.queuedBytes).to.equal(0);
      expect(client.trySend('again', to)).to.equal(true);
    });

    it(`onDrain follows ${connected ? 'a connected' : 'a'} trySend that found no room, though nothing waits`, async () => {
      const server = await unix();
      const client = await unix();
      if (connected) await client.connect(server.address);
      const to = connected ? undefined : server.address;
      const drained = new Promise<void>(resolve => (client.onDrain = resolve));
      let count = 0;
      while (client.trySend('x', to)) count++;
      const received = texts(server);
      await drained;
      await until(() => received.length === count);
      expect(client.trySend('y', to)).to.equal(true);
    });
  }

  it('waiting for room costs nothing where the kernel tells, and a rarer and rarer try where it does not', async () => {
    const server = await unix();
    const { counters } = driver.reactor.driver;
    for (const isConnected of [true, false]) {
      const client = await unix();
      if (isConnected) await client.connect(server.address);
      const to = isConnected ? undefined : server.address;
      while (client.trySend('x', to));
      void client.send('waits', to).catch(() => {});
      const [before, begin] = [counters.systemCalls, performance.now()];
      await turns(200);
      // After 1, 2, 4, … 32 ms, and then every 64.
      const allowed = isConnected ? 0 : 7 + (performance.now() - begin) / 64;
      expect(counters.systemCalls - before, `connected: ${isConnected}`).to.be.most(allowed);
    }
  });

  it('what waits has a ceiling, empty datagrams too, and what is refused by it is still the sender’s', async () => {
    const server = await unix();
    const client = await bindDatagram({ path: join(directory, `${paths++}`), maxQueuedBytes: 1024 });
    atEnd(() => client.destroy());
    fill(client, server);
    const waiting = [1, 2, 3].map(() => rejection(client.send('', server.address)));
    const list = BufferList.from('x'.repeat(300));
    expect(await rejection(client.send(list, server.address))).to.include({ code: 'ENOBUFS' });
    expect(list.length).to.equal(300);
    const last = rejection(client.send(new Uint8Array(0), server.address));
    expect((await rejection(client.send('', server.address))).message).to.include('1024 bytes wait already');
    client.destroy();
    for (const failure of await Promise.all([...waiting, last])) expect(failure).to.include({ code: 'ECANCELED' });
  });

  it('what waits is the socket’s: an array may be used again, a list is empty', async () => {
    const server = await unix();
    const client = await unix();
    fill(client, server);
    const bytes = Buffer.from('as it was');
    const list = BufferList.from('as a list');
    const both = [client.send(bytes, server.address), client.send(list, server.address)];
    bytes.fill('!');
    expect(list.length).to.equal(0);
    const received = texts(server);
    await Promise.all(both);
    await until(() => received.length > 1 && received.at(-1) === 'as a list');
    expect(received.at(-2)).to.equal('as it was');
  });

  it('connected, it sends without an address and hears its peer alone', async () => {
    const server = await bound();
    const client = await bound();
    const stranger = await bound();
    await client.connect({ host: 'localhost', port: server.port });
    expect(client.remoteAddress).to.deep.equal(server.address);
    stranger.trySend('stranger', client.address);
    server.onDatagram = (bytes, from) => server.trySend(bytes, from);
    const received = texts(client);
    await client.send('hello');
    await until(() => received.length > 0);
    expect(received).to.deep.equal(['hello']);
    expect(() => client.trySend('x', stranger.address)).to.throw(`connected to 127.0.0.1:${server.port}`);
  });

  describe('nobody receives there', () => {
    async function abandoned(): Promise<{ client: DatagramSocket; place: string }> {
      const server = await bound();
      const client = await bound();
      await client.connect(server.address);
      await server.close();
      return { client, place: `127.0.0.1:${server.port}` };
    }

    it('is told once to a receive that waits, and the socket goes on', async () => {
      const { client, place } = await abandoned();
      const waiting = rejection(client.receive());
      client.trySend('x');
      expect((await waiting).message).to.equal(
        `recv ${place}: ECONNREFUSED, nobody receives there, says the answer to an earlier datagram`,
      );
      expect(client.isClosed).to.equal(false);
      const other = await bound();
      await client.connect(other.address);
      other.trySend('here I am', client.address);
      expect((await client.receive()).bytes.toString()).to.equal('here I am');
    });

    it('is told to onError while it receives, and to the next send otherwise', async () => {
      const { client, place } = await abandoned();
      const failures: Error[] = [];
      client.onError = failure => failures.push(failure);
      client.onDatagram = () => {};
      client.trySend('x');
      await until(() => failures.length === 1);
      client.onDatagram = undefined;
      client.trySend('y');
      await until(() => hasError(client));
      expect(() => client.trySend('z')).to.throw(`send ${place}: ECONNREFUSED`);
      expect(client.trySend('z')).to.equal(true);
      await until(() => hasError(client));
      expect(await rejection(client.send('zz'))).to.include({ code: 'ECONNREFUSED', syscall: 'send' });
      expect(failures).to.have.length(1);
    });

    it('is told by a warning when nobody else would hear of it', async () => {
      const { client } = await abandoned();
      const warned = new Promise<Error>(resolve => {
        process.on('warning', function hear(warning) {
          if (warning.name !== 'PolluxDatagramWarning') return;
          process.off('warning', hear);
          resolve(warning);
        });
      });
      client.onDatagram = () => {};
      client.trySend('x');
      expect((await warned).message).to.include('ECONNREFUSED');
    });

    it('is told at once of a Unix socket', async () => {
      const server = await unix();
      const client = await unix();
      await client.connect(server.address);
      await server.close();
      expect(() => client.trySend('x')).to.throw(': ECONNREFUSED, nobody listens there');
    });
  });

  it('too long for the system: EMSGSIZE, at once and in its turn, and those around it arrive', async () => {
    const [server, client] = [await bound(), await bound()];
    expect(() => client.trySend(Buffer.alloc(65_508), server.address)).to.throw(
      `send 127.0.0.1:${server.port}: EMSGSIZE, the datagram is longer than the system sends in one`,
    );
    const [reader, writer] = [await unix(), await unix()];
    const count = fill(writer, reader);
    const pieces = [`${count}`, Buffer.alloc(64 << 20), `${count + 1}`];
    const outcomes = Promise.allSettled(pieces.map(piece => writer.send(piece, reader.address)));
    const received = texts(reader);
    expect((await outcomes).map(({ status }) => status)).to.deep.equal(['fulfilled', 'rejected', 'fulfilled']);
    await until(() => received.length === count + 2);
    expect(received).to.deep.equal(numbers(count + 2));
  });

  it('close sends what waits, receives no more, and a receive that waits is told', async () => {
    const [server, client] = [await unix(), await unix()];
    const count = fill(client, server);
    const last = client.send(`${count}`, server.address);
    const waiting = rejection(client.receive());
    const closed = client.close();
    expect(await waiting).to.include({ code: 'ECANCELED' });
    expect(client.isClosed).to.equal(false);
    expect(await rejection(client.send('x', server.address))).to.include({ code: 'EBADF' });
    const received = texts(server);
    await Promise.all([last, closed]);
    expect(client.isClosed).to.equal(true);
    await until(() => received.length === count + 1);
    expect(received).to.deep.equal(numbers(count + 1));
    expect(await rejection(client.receive())).to.include({ code: 'EBADF' });
  });

  it('close has an end though nobody takes what waits', async () => {
    const server = await unix();
    const client = await bindDatagram({ path: '', closeTimeoutMs: 20 });
    fill(client, server);
    const last = rejection(client.send('last', server.address));
    await client.close();
    expect(await last).to.include({ code: 'ETIMEDOUT' });
  });

  it('closing ends an iteration; destroy drops what waits, and tells', async () => {
    const [server, client] = [await unix(), await unix()];
    const count = fill(client, server);
    const last = rejection(client.send('last', server.address));
    // Before anything is read: with room in the server's queue the last would go.
    client.destroy();
    expect(await last).to.include({ code: 'ECANCELED' });
    const heard: string[] = [];
    for await (const { bytes } of server) {
      heard.push(bytes.toString());
      if (heard.length === count) void server.close();
    }
    expect(heard).to.deep.equal(numbers(count));
  });

  it('closed within its handler, it calls it no more', async () => {
    const [server, client] = [await bound(), await bound()];
    let calls = 0;
    for (const text of numbers(5)) client.trySend(text, server.address);
    await new Promise<void>(resolve => {
      server.onDatagram = () => {
        calls++;
        void server.close().then(resolve);
      };
    });
    expect(calls).to.equal(1);
  });

  it('two sockets share a port where that is asked for, and not otherwise', async () => {
    const first = await bound({ reusePort: 'prefer' });
    const options = { host: '127.0.0.1', port: first.port };
    if (first.reusePort) await bound({ ...options, reusePort: 'require' });
    expect(await rejection(bindDatagram(options))).to.include({ code: 'EADDRINUSE' });
    expect((await rejection(bindDatagram(options))).message).to.include(`bind 127.0.0.1:${first.port}`);
  });

  it('an exception of the handler loses no other datagram', async () => {
    const [server, client] = [await bound(), await bound()];
    const received: string[] = [];
    const thrown: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', error => thrown.push(error));
    try {
      server.onDatagram = bytes => {
        received.push(bytes.toString());
        if (received.length === 2) throw new Error('of the handler');
      };
      for (const text of numbers(5)) client.trySend(text, server.address);
      await until(() => received.length === 5);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
    expect(received).to.deep.equal(numbers(5));
    expect(thrown.map(String)).to.deep.equal(['Error: of the handler']);
  });

  it('a flood of datagrams with wrong checksums, which looks like a spin, is told and survived', async () => {
    const [server, client] = [await bound(), await bound()];
    const received = texts(server);
    const failures: Error[] = [];
    server.onError = failure => failures.push(failure);
    const { inbox } = server as unknown as { inbox: DatagramInbox };
    driver.reactor.driver.cancel((inbox as unknown as { receiver: Operation }).receiver);
    inbox.onReceiveEnd(new IoError('ELOOP', 'wait'));
    client.trySend('sound', server.address);
    await until(() => received.length === 1);
    expect(failures.map(failure => (failure as IoError).code)).to.deep.equal(['ELOOP']);
  });

  it('lets the process end by unref, and is an asynchronous disposable', async () => {
    const socket = await bound();
    expect(socket.unref().ref()).to.equal(socket);
    await socket[Symbol.asyncDispose]();
    expect([socket.isClosed, socket.fd]).to.deep.equal([true, -1]);
    await socket.close();
  });
});
