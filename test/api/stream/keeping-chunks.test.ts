/** Who owns what was received: a reader keeps its chunks for good, and a chunk of a callback that was kept throws. */
import { Readable } from 'node:stream';
import { ReadableStream } from 'node:stream/web';
import { expect } from 'chai';
import { bindDatagram, type BufferList, type DatagramSocket } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { atEnd, tcpPair, turns, unixPair } from '../../support/sockets.js';

const EXPIRED = 'valid during the callback only; take() or copy()';

type Use = (list: BufferList) => unknown;

/** All that can be done with a list. */
const USES = {
  toString: (list: BufferList) => list.toString(),
  'in a template': list => `${list}`,
  toBytes: list => list.toBytes(),
  copyTo: list => list.copyTo(new Uint8Array(1)),
  copy: list => list.copy(),
  length: list => list.length,
  segmentCount: list => list.segmentCount,
  iteration: list => [...list],
  take: list => list.take(),
  slice: list => list.slice(),
  split: list => list.split(0),
  consume: list => list.consume(0),
  byteAt: list => list.byteAt(0),
  indexOf: list => list.indexOf(0),
  equals: list => list.equals(new Uint8Array(0)),
  append: list => list.append('x'),
  prepend: list => list.prepend('x'),
  appendCopy: list => list.appendCopy(new Uint8Array(1)),
} as const satisfies Record<string, Use>;

describeOnEveryDriver('keeping chunks', driver => {
  async function datagrams(): Promise<[DatagramSocket, DatagramSocket]> {
    const pair = [await bindDatagram({ host: '127.0.0.1' }), await bindDatagram({ host: '127.0.0.1' })] as const;
    for (const socket of pair) atEnd(() => socket.destroy());
    await pair[0].connect({ host: '127.0.0.1', port: pair[1].port });
    return [...pair];
  }

  it('chunks of for await are whole after the loop, and the connection is closed', async () => {
    const { client, server } = await tcpPair();
    const sent = Buffer.alloc(1_000_000);
    for (let at = 0; at < sent.length; at++) sent[at] = at % 251;
    client.end(sent);
    const chunks: BufferList[] = [];
    for await (const chunk of server) chunks.push(chunk);
    await server.close();
    expect(Buffer.compare(Buffer.concat(chunks.map(chunk => chunk.toBytes())), sent)).to.equal(0);
  });

  it('chunks that nobody releases take nothing of the slab', async () => {
    const { client, server } = unixPair();
    client.end(new Uint8Array(2_000_000));
    const chunks: BufferList[] = [];
    for await (const chunk of server) chunks.push(chunk);
    expect(chunks.reduce((sum, { length }) => sum + length, 0)).to.equal(2_000_000);
    expect(driver.reactor.slab.leasedChunks).to.be.at.most(1);
  });

  it('what one read() gave holds after the next, and after release() of another', async () => {
    const { client, server } = unixPair();
    client.send('first');
    const first = await server.read();
    client.send('second');
    const second = await server.read();
    second!.release();
    client.send('third');
    const third = await server.read();
    server.destroy();
    expect([`${first}`, `${third}`]).to.deep.equal(['first', 'third']);
  });

  it('views of a chunk hold as the chunk does', async () => {
    const { client, server } = unixPair();
    client.send('first');
    const [view] = [...(await server.read())!];
    client.end('XXXXX');
    while ((await server.read()) !== null);
    expect(Buffer.from(view).toString()).to.equal('first');
  });

  it('Readable.from(connection) loses no byte', async () => {
    const { client, server } = unixPair();
    client.end(Buffer.alloc(700_000, 'stream'));
    const chunks: BufferList[] = [];
    for await (const chunk of Readable.from(server)) chunks.push(chunk as BufferList);
    expect(chunks.map(String).join('')).to.equal(Buffer.alloc(700_000, 'stream').toString());
  });

  it('ReadableStream.from(connection) loses no byte', async function () {
    const { from } = ReadableStream as { from?: (source: AsyncIterable<unknown>) => ReadableStream };
    // Node has it from 20.6 on.
    if (from === undefined) this.skip();
    const { client, server } = unixPair();
    client.end(Buffer.alloc(700_000, 'stream'));
    const chunks: unknown[] = [];
    for await (const chunk of from.call(ReadableStream, server)) chunks.push(chunk);
    expect(chunks.map(String).join('')).to.equal(Buffer.alloc(700_000, 'stream').toString());
  });

  it('an iteration that is given up while it waits leaves what comes for the next reader', async () => {
    const { client, server } = unixPair();
    const iterator = server[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await iterator.return!();
    expect(await waiting).to.deep.equal({ done: true, value: undefined });
    client.send('for the next');
    expect(`${await server.read()}`).to.equal('for the next');
  });

  it('a chunk that an onData handler kept throws whatever is done with it, also in a later call', async () => {
    const { client, server } = unixPair();
    const second = settling<void>();
    const kept: BufferList[] = [];
    let inLaterCall: unknown;
    server.onData = chunk => {
      if (kept.push(chunk) < 2) return;
      try {
        kept[0].toString();
      } catch (error) {
        inLaterCall = error;
      }
      second.resolve();
    };
    client.send('one');
    await turns();
    client.send('two');
    await second.promise;
    await turns();
    expect(String(inLaterCall)).to.include(EXPIRED);
    for (const [name, use] of Object.entries(USES)) {
      for (const list of kept) expect(() => use(list), name).to.throw(TypeError, EXPIRED);
    }
    expect(() => server.send(kept[0])).to.throw(TypeError, EXPIRED);
    expect(() => server.end(kept[0])).to.throw(TypeError, EXPIRED);
    expect(kept[0].isValid).to.equal(false);
    kept[0].release();
  });

  it('a copy() outlives the call and the connection', async () => {
    const { client, server } = unixPair();
    const ended = settling<void>();
    const kept: BufferList[] = [];
    server.onData = chunk => kept.push(chunk.copy());
    server.onEnd = ended.resolve;
    client.end('to keep');
    await ended.promise;
    server.destroy();
    expect(kept.join('')).to.equal('to keep');
  });

  it('datagrams of receive() and for await are whole after the next, and after the socket is closed', async () => {
    const [client, server] = await datagrams();
    await client.send('one');
    const one = await server.receive();
    await client.send('two');
    const two = await server.receive();
    await client.send('three');
    const all = [one.bytes, two.bytes];
    for await (const { bytes } of server) {
      all.push(bytes);
      break;
    }
    await server.close();
    expect(all.join(' ')).to.equal('one two three');
  });

  it('a datagram that an onDatagram handler kept throws', async () => {
    const [client, server] = await datagrams();
    const got = settling<BufferList>();
    server.onDatagram = bytes => got.resolve(bytes);
    await client.send('one');
    const kept = await got.promise;
    expect(() => kept.toString()).to.throw(TypeError, EXPIRED);
    expect(() => client.trySend(kept)).to.throw(TypeError, EXPIRED);
  });

  it('an iteration of datagrams that is given up while it waits leaves what comes for the next', async () => {
    const [client, server] = await datagrams();
    const iterator = server[Symbol.asyncIterator]();
    const waiting = iterator.next();
    await turns(1);
    await iterator.return!();
    expect((await waiting).done).to.equal(true);
    await client.send('for the next');
    expect(`${(await server.receive()).bytes}`).to.equal('for the next');
  });
});
