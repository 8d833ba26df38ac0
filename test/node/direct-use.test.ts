import { currentReactor } from '../../src/index.js';
import { expect } from 'chai';
import { once } from 'node:events';
import { PassThrough, Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ReadableStream } from 'node:stream/web';
import { createGzip } from 'node:zlib';
import type { BufferList } from '../../src/index.js';
import { destroyTracked, unixPair } from '../support/sockets.js';

const SENTENCE =
  /a Connection is no stream of Node's and emits no events; use toDuplex\(connection\) of 'pollux\/node'/;

/** What Node's users try first on what looks like a socket. */
describe('a connection where Node expects a stream', () => {
  after(() => currentReactor().close());
  afterEach(destroyTracked);

  const message = async (attempt: () => unknown): Promise<string> => {
    try {
      await attempt();
    } catch (error) {
      return (error as Error).message;
    }
    return 'it worked';
  };

  it('pipeline, from it and to it, says what to use', async () => {
    const { client } = unixPair();
    const given = client as unknown as NodeJS.ReadWriteStream;
    expect(await message(() => pipeline(given, createGzip(), new PassThrough()))).to.match(SENTENCE);
    expect(await message(() => pipeline(Readable.from(['x']), given))).to.match(SENTENCE);
    expect(client.isClosed).to.equal(false);
  });

  it('so do pipe, on and events.once', async () => {
    const { client } = unixPair();
    const given = client as unknown as NodeJS.ReadWriteStream;
    expect(await message(() => given.pipe(new PassThrough()))).to.match(SENTENCE);
    expect(await message(() => given.on('data', () => {}))).to.match(SENTENCE);
    expect(await message(() => once(given, 'data'))).to.match(SENTENCE);
  });

  it('no editor offers them, and no loop sees them', () => {
    const { client } = unixPair();
    const seen: string[] = [];
    for (const name in client) seen.push(name);
    expect(seen).not.to.include('pipe');
  });

  it('Readable.from and ReadableStream.from give its chunks as it reads them', async () => {
    const { client, server } = unixPair();
    client.end('chunks');
    const chunks = (await Readable.from(server).toArray()) as BufferList[];
    expect(chunks.join('')).to.equal('chunks');
    const { client: other, server: web } = unixPair();
    other.end('of the web');
    let all = '';
    for await (const chunk of ReadableStream.from<BufferList>(web)) all += chunk.toString();
    expect(all).to.equal('of the web');
  });
});
