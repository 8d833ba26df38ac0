import { expect } from 'chai';
import { AsyncLocalStorage } from 'node:async_hooks';
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { connect as connectNode, type AddressInfo, createServer, type Socket } from 'node:net';
import { text, buffer } from 'node:stream/consumers';
import { PassThrough, Readable, type Duplex } from 'node:stream';
import { finished, pipeline } from 'node:stream/promises';
import { createGunzip, createGzip } from 'node:zlib';
import { toDuplex } from '../../src/node.js';
import { connect, type Connection, currentReactor, listen } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { destroyTracked, fillUp, tcpPair, track, turns, unixPair } from '../support/sockets.js';

/** The text up to the end; the stream stays open for writing, which an iteration would not have. */
function toEnd(stream: Duplex): Promise<string> {
  const { promise, resolve } = settling<string>();
  let all = '';
  stream.setEncoding('utf8').on('data', (piece: string) => (all += piece));
  stream.on('end', () => resolve(all));
  return promise;
}

describe('toDuplex', () => {
  after(() => currentReactor().close());
  afterEach(destroyTracked);

  it('reads and writes, and closes after both have ended', async () => {
    const { client, server } = await tcpPair();
    const [a, b] = [toDuplex(client), toDuplex(server, { allowHalfOpen: true })];
    const closed = Promise.all([once(a, 'close'), once(b, 'close')]);
    a.end('hello');
    expect(await toEnd(b)).to.equal('hello');
    b.end(' back');
    expect(await text(a)).to.equal(' back');
    await closed;
    expect([client.isClosed, server.isClosed]).to.deep.equal([true, true]);
  });

  it('chunks own their bytes', async () => {
    const { client, server } = unixPair();
    const chunks: Buffer[] = [];
    const reading = toDuplex(server).on('data', (chunk: Buffer) => chunks.push(chunk));
    for (const letter of 'abcdef') {
      client.send(letter.repeat(1000));
      await once(reading, 'data');
    }
    expect(Buffer.concat(chunks).toString()).to.equal([...'abcdef'].map(letter => letter.repeat(1000)).join(''));
  });

  it('is the end of pipelines, with transforms in between', async () => {
    const { client, server } = await tcpPair();
    const bytes = randomBytes(3_000_000);
    const received = pipeline(toDuplex(server), createGunzip(), buffer);
    await pipeline(Readable.from([bytes]), createGzip(), toDuplex(client, { allowHalfOpen: true }));
    expect(bytes.equals(await received)).to.equal(true);
  });

  it('holds the peer back while nobody reads, and loses nothing', async () => {
    const { client, server } = unixPair();
    const reading = toDuplex(server);
    const given = fillUp(client);
    await turns(10);
    expect(server.bytesReceived).to.equal(0);
    expect(client.queuedBytes).to.be.above(0);
    client.end();
    expect(await buffer(reading)).to.have.lengthOf(given);
  });

  it('pauses receiving at the high-water mark', async () => {
    const { client, server } = unixPair();
    const reading = toDuplex(server, { readableHighWaterMark: 1000 });
    reading.read(0);
    const given = fillUp(client);
    await once(reading, 'readable');
    await turns(10);
    expect(server.bytesReceived).to.be.within(1000, 200_000);
    expect(reading.readableLength).to.equal(server.bytesReceived);
    client.end();
    expect(await buffer(reading)).to.have.lengthOf(given);
  });

  it('a write is over when the kernel has taken its bytes', async () => {
    const { client, server } = unixPair();
    const writing = toDuplex(client);
    let isWritten = false;
    expect(writing.write(Buffer.alloc(20_000_000), () => (isWritten = true))).to.equal(false);
    await turns(10);
    expect(isWritten).to.equal(false);
    const drained = once(writing, 'drain');
    server.onData = () => {};
    await drained;
    expect([isWritten, client.queuedBytes, client.bytesSent]).to.deep.equal([true, 0, 20_000_000]);
  });

  it('writes more in one piece than the connection may queue', async () => {
    const { client, server } = unixPair({ highWaterBytes: 10, maxQueuedBytes: 1000 });
    const bytes = randomBytes(2_000_000);
    const received = buffer(toDuplex(server));
    toDuplex(client, { allowHalfOpen: true }).end(bytes);
    expect(bytes.equals(await received)).to.equal(true);
  });

  it('writes behind what was sent before', async () => {
    const { client, server } = unixPair();
    const given = fillUp(client);
    toDuplex(client).end('last');
    const received = await buffer(toDuplex(server));
    expect([received.length, received.subarray(-4).toString()]).to.deep.equal([given + 4, 'last']);
  });

  it('joins small writes that wait, in order', async () => {
    const { client, server } = unixPair();
    const received = buffer(toDuplex(server));
    const writing = toDuplex(client);
    const pieces = Array.from({ length: 10_000 }, (_, index) => `row ${index}\n`.padEnd(60 + (index % 50)));
    pieces.push('x'.repeat(600_000), 'y');
    for (const piece of pieces) writing.write(piece);
    writing.end();
    expect((await received).toString()).to.equal(pieces.join(''));
  });

  it("'finish' comes when everything is with the kernel", async () => {
    const { client, server } = unixPair();
    const writing = toDuplex(client);
    let hasFinished = false;
    writing.end(Buffer.alloc(5_000_000), () => (hasFinished = true));
    await turns(10);
    expect(hasFinished).to.equal(false);
    const finish = once(writing, 'finish');
    server.onData = () => {};
    await finish;
    expect(client.bytesSent).to.equal(5_000_000);
  });

  it("ends its write side after the peer's FIN, unless allowHalfOpen is set", async () => {
    const closed = unixPair();
    const stream = toDuplex(closed.server).resume();
    closed.client.end();
    await once(stream, 'close');
    expect(await closed.client.read()).to.equal(null);

    const open = unixPair();
    const halfOpen = toDuplex(open.server, { allowHalfOpen: true }).resume();
    open.client.end();
    await once(halfOpen, 'end');
    halfOpen.end('late answer');
    expect((await open.client.read())?.toString()).to.equal('late answer');
  });

  it('goes on reading after end()', async () => {
    const { client, server } = unixPair();
    const stream = toDuplex(client);
    stream.end('question');
    await once(stream, 'finish');
    server.send('answer');
    server.end();
    expect(await text(stream)).to.equal('answer');
    await finished(stream, { writable: false });
  });

  it('hands on what it holds after the descriptor was closed', async () => {
    const { client, server } = unixPair();
    const stream = toDuplex(client);
    stream.read(0);
    server.send('held bytes');
    server.end();
    stream.end();
    await once(stream, 'finish');
    await client.closed;
    expect(await text(stream)).to.equal('held bytes');
  });

  it('tells what the connection broke with once, to everybody who waits', async () => {
    const { client, server } = await tcpPair();
    const stream = toDuplex(server).resume();
    const failures: (string | undefined)[] = [];
    stream.on('error', (error: NodeJS.ErrnoException) => failures.push(error.code));
    const closed = once(stream, 'close').catch(() => {});
    let written: Error | null | undefined;
    stream.write(Buffer.alloc(30_000_000), error => (written = error));
    client.reset();
    await closed;
    await turns();
    expect(failures).to.have.lengthOf(1);
    expect(failures[0]).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    expect(written).to.be.instanceOf(Error);
  });

  it('destroy closes the connection, drops what is queued and tells why', async () => {
    const { client, server } = unixPair();
    const stream = toDuplex(client);
    let written: Error | null | undefined;
    stream.write(Buffer.alloc(5_000_000), error => (written = error));
    const failure = new Error('enough');
    const told = once(stream, 'error');
    stream.destroy(failure);
    expect(client.isClosed).to.equal(true);
    expect(await told).to.deep.equal([failure]);
    expect(written).to.equal(failure);
    server.onData = () => {};
    await server.closed.catch(() => {});
  });

  it('destroyed before anybody reads or writes, it closes the connection without an error', async () => {
    const { client, server } = unixPair();
    const stream = toDuplex(client).destroy();
    await once(stream, 'close');
    expect(await server.read()).to.equal(null);
  });

  it('a connection that somebody closes closes the stream', async () => {
    const { client } = unixPair();
    const stream = toDuplex(client);
    const failed = once(stream, 'error');
    client.destroy(new Error('by somebody else'));
    expect(String(await failed)).to.contain('by somebody else');
    const { server } = unixPair();
    const other = toDuplex(server);
    server.destroy();
    await once(other, 'close');
    expect([other.destroyed, other.readableEnded]).to.deep.equal([true, false]);
  });

  it('a pipeline that fails destroys the connection', async () => {
    const { client, server } = unixPair();
    const broken = new PassThrough();
    const piped = pipeline(broken, toDuplex(client)).catch((error: Error) => error.message);
    broken.destroy(new Error('source broke'));
    expect(await piped).to.equal('source broke');
    expect(await server.read()).to.equal(null);
  });

  it('of a connection whose peer or whose own side has ended', async () => {
    const { client, server } = unixPair();
    client.end('last');
    expect((await server.read())?.toString()).to.equal('last');
    expect(await server.read()).to.equal(null);
    expect(await toEnd(toDuplex(server, { allowHalfOpen: true }))).to.equal('');
    const stream = toDuplex(client);
    expect(stream.writableEnded || !stream.writable).to.equal(true);
    server.send('answer');
    server.end();
    expect(await text(stream)).to.equal('answer');
    await client.closed;
  });

  it('reads in the context of the connection and writes in its own', async () => {
    const { client, server } = unixPair();
    const storage = new AsyncLocalStorage<string>();
    const stream = storage.run('mine', () => toDuplex(client));
    const other = storage.run('yours', () => unixPair());
    const written = settling<string | undefined>();
    const read = settling<string | undefined>();
    toDuplex(other.client).once('data', () => read.resolve(storage.getStore()));
    other.server.send('x');
    expect(await read.promise).to.equal('yours');
    stream.write(Buffer.alloc(5_000_000), () => written.resolve(storage.getStore()));
    server.onData = () => {};
    expect(await written.promise).to.equal('mine');
  });

  it('refuses what it can not take, and says why', async () => {
    const { client, server } = unixPair();
    expect(() => toDuplex({} as Connection)).to.throw(TypeError, 'connection: Object; allowed: a Connection');
    client.onData = () => {};
    expect(() => toDuplex(client)).to.throw(Error, 'onData');
    client.onData = undefined;
    const reading = client.read();
    expect(() => toDuplex(client)).to.throw(Error, 'read');
    server.send('x');
    await reading;
    expect(() => toDuplex(client, { readableHighWaterMark: 0 })).to.throw(RangeError, 'readableHighWaterMark');
    expect(() => toDuplex(client, { highWater: 1 } as object)).to.throw(TypeError, 'highWater');
    toDuplex(client);
    client.destroy();
    expect(() => toDuplex(client)).to.throw('EBADF');
  });

  it('talks to sockets of Node, both ways at once', async () => {
    const listener = await listen({ host: '127.0.0.1' });
    listener.onConnection = connection => {
      const stream = toDuplex(track(connection));
      stream.pipe(stream);
    };
    const bytes = randomBytes(4_000_000);
    const socket = connectNode(listener.port, '127.0.0.1');
    const received = buffer(socket);
    socket.end(bytes);
    expect(bytes.equals(await received)).to.equal(true);
    await listener.close();
  });

  it('connects to a server of Node', async () => {
    const server = createServer((socket: Socket) => void socket.pipe(socket)).listen(0, '127.0.0.1');
    await once(server, 'listening');
    const stream: Duplex = toDuplex(await connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port }));
    stream.end('there and back');
    expect(await text(stream)).to.equal('there and back');
    server.close();
    await once(server, 'close');
  });
});
