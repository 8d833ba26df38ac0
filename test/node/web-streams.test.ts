import { currentReactor } from '../../src/index.js';
import { expect } from 'chai';
import { randomBytes } from 'node:crypto';
import { buffer } from 'node:stream/consumers';
import { toWeb } from '../../src/node.js';
import type { Connection } from '../../src/index.js';
import { destroyTracked, fillUp, readAll, rejection, tcpPair, turns, unixPair } from '../support/sockets.js';

describe('toWeb', () => {
  after(() => currentReactor().close());
  afterEach(destroyTracked);

  it('reads and writes, each side to its end', async () => {
    const { client, server } = await tcpPair();
    const [a, b] = [toWeb(client), toWeb(server)];
    const bytes = randomBytes(3_000_000);
    const writer = a.writable.getWriter();
    const received = buffer(b.readable);
    await writer.write(bytes);
    await writer.close();
    expect(bytes.equals(await received)).to.equal(true);
    const answer = b.writable.getWriter();
    void answer.write(Buffer.from('back'));
    await answer.close();
    expect((await buffer(a.readable)).toString()).to.equal('back');
    await Promise.all([client.closed, server.closed]);
  });

  it('goes through transforms', async () => {
    const { client, server } = unixPair();
    const { readable, writable } = toWeb(server);
    const piped = readable.pipeThrough(new CompressionStream('gzip')).pipeThrough(new DecompressionStream('gzip'));
    const done = piped.pipeTo(writable as WritableStream);
    client.end('round and round');
    expect(Buffer.from(await readAll(client)).toString()).to.equal('round and round');
    await done;
  });

  it('receives into the memory of a BYOB reader, and tells the end', async () => {
    const { client, server } = unixPair();
    const reader = toWeb(server).readable.getReader({ mode: 'byob' });
    client.send('hello world');
    const first = await reader.read(new Uint8Array(5));
    expect(Buffer.from(first.value!).toString()).to.equal('hello');
    const second = await reader.read(new Uint8Array(100));
    expect(Buffer.from(second.value!).toString()).to.equal(' world');
    client.end();
    expect((await reader.read(new Uint8Array(5))).done).to.equal(true);
  });

  it('receives nothing before it is asked for', async () => {
    const { client, server } = unixPair();
    const { readable } = toWeb(server);
    const given = fillUp(client);
    await turns(10);
    expect([server.bytesReceived, client.queuedBytes > 0]).to.deep.equal([0, true]);
    client.end();
    expect(await buffer(readable)).to.have.lengthOf(given);
  });

  it('holds a writer back until the kernel has its bytes', async () => {
    const { client, server } = unixPair();
    const writer = toWeb(client).writable.getWriter();
    let isWritten = false;
    const written = writer.write(Buffer.alloc(5_000_000)).then(() => (isWritten = true));
    await turns(10);
    expect([isWritten, writer.desiredSize! <= 0]).to.deep.equal([false, true]);
    server.onData = () => {};
    await written;
    expect(client.queuedBytes).to.equal(0);
  });

  it('cancel closes the connection, also with a read under way', async () => {
    const { client, server } = unixPair();
    const { readable } = toWeb(server);
    const reader = readable.getReader();
    const reading = reader.read();
    await reader.cancel(new Error('enough'));
    expect((await reading).done).to.equal(true);
    expect(await client.read()).to.equal(null);
  });

  it('abort resets it', async () => {
    const { client, server } = await tcpPair();
    const { readable, writable } = toWeb(server);
    const reading = rejection(readable.getReader().read());
    const failed = rejection(client.closed);
    client.onData = () => {};
    await writable.abort(new Error('broken'));
    expect((await reading).message).to.equal('broken');
    expect((await failed).code).to.equal('ECONNRESET');
  });

  it('what the connection breaks with is the error of both', async () => {
    const { client, server } = await tcpPair();
    const { readable, writable } = toWeb(server);
    const [reader, writer] = [readable.getReader(), writable.getWriter()];
    const written = rejection(writer.write(Buffer.alloc(30_000_000)));
    const closed = rejection(reader.closed);
    void writer.closed.catch(() => {});
    client.reset();
    expect((await written).code).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    expect((await closed).code).to.be.oneOf(['ECONNRESET', 'EPIPE']);
  });

  it('refuses chunks that are no bytes, and what is no connection', async () => {
    const { client } = unixPair();
    const writer = toWeb(client).writable.getWriter();
    void writer.closed.catch(() => {});
    expect((await rejection(writer.write('text' as never))).message).to.contain('TextEncoderStream');
    expect(() => toWeb({} as Connection)).to.throw(TypeError, 'connection: Object');
  });
});
