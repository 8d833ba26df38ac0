/** Values of other realms, which have classes of their own: vm contexts, and environments that replace the globals. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join as joinPath } from 'node:path';
import { pathToFileURL } from 'node:url';
import { runInNewContext } from 'node:vm';
import { deserialize } from 'node:v8';
import { expect } from 'chai';
import { BufferList, copy, currentReactor, open, sendFile, watchFile, watchTimer } from '../../src/index.js';
import { packFailure, unpackFailure } from '../../src/threads/messages/failure.js';
import { destroyTracked, readAll, rejection, unixPair } from '../support/sockets.js';

describe('values of other realms', () => {
  let folder: string;

  beforeEach(() => {
    folder = mkdtempSync(joinPath(tmpdir(), 'pollux-realm-'));
  });

  after(() => currentReactor().close());

  afterEach(() => {
    destroyTracked();
    rmSync(folder, { recursive: true });
  });

  const foreign = <T>(code: string) => runInNewContext(code) as T;
  const bytes = () => foreign<Uint8Array>('Uint8Array.from([104, 105])');

  it('arrays can be sent, written, put into lists and received into', async () => {
    const { client, server } = unixPair();
    client.send(bytes());
    await client.write(bytes());
    client.send(BufferList.from(bytes()).append(bytes()).appendCopy(bytes()));
    client.end(bytes());
    expect(Buffer.from(await readAll(server)).toString()).to.equal('hi'.repeat(6));
    expect(BufferList.from('oh hi').indexOf(bytes())).to.equal(3);
    expect(BufferList.from('hi').equals(bytes())).to.equal(true);
    const pair = unixPair();
    pair.client.send('in');
    const into = foreign<Uint8Array>('new Uint8Array(2)');
    await pair.server.readInto(into);
    expect(Buffer.from(into).toString()).to.equal('in');
  });

  it('arrays of parts go before and after a file, and URLs name files', async () => {
    const path = joinPath(folder, 'file');
    writeFileSync(path, '-');
    const { href } = pathToFileURL(path);
    // The class of a browser's environment.
    class OtherUrl {
      readonly href = href;
      readonly protocol = 'file:';
    }
    await using file = await open(new OtherUrl() as unknown as URL);
    const { client, server } = unixPair();
    await sendFile(client, file, { before: foreign('[Uint8Array.of(104), "i"]'), after: bytes() });
    client.end();
    expect(Buffer.from(await readAll(server)).toString()).to.equal('hi-hi');
    watchFile(path, { changes: foreign('["write"]') }).close();
    await using target = await open(joinPath(folder, 'target'), { flags: 'w' });
    await target.write(bytes(), 0);
    expect(await target.write(bytes(), 2)).to.equal(2);
  });

  it('a Date says when a timer expires', () => {
    watchTimer({ at: foreign('new Date(Date.now() + 100_000)') }).close();
  });

  it('a reason of another realm cancels a transfer as it is, and travels to another thread with its class', async () => {
    const path = joinPath(folder, 'file');
    writeFileSync(path, 'x');
    await using file = await open(path);
    await using target = await open(joinPath(folder, 'target'), { flags: 'w' });
    const reason = foreign<Error>('new RangeError("enough")');
    const transfer = copy(file, target);
    transfer.cancel(reason);
    const failure = await rejection(transfer as unknown as Promise<unknown>);
    expect([failure, failure.cause]).to.include(reason);
    const arrived = unpackFailure(deserialize(packFailure(reason, 65536)));
    expect(arrived).to.be.instanceOf(RangeError).with.property('message', 'enough');
  });

  it('what is no array of bytes is refused by its name: other arrays, views, buffers, and one that was transferred', () => {
    const { client } = unixPair();
    const gone = new Uint8Array(8);
    structuredClone(gone.buffer, { transfer: [gone.buffer] });
    expect(() => client.send(gone)).to.throw(TypeError, 'data: its buffer was transferred');
    for (const wrong of [
      new DataView(new ArrayBuffer(1)),
      new ArrayBuffer(1),
      new Int16Array(1),
      new SharedArrayBuffer(1),
      foreign<object>('new Float64Array(1)'),
      [1],
      7,
      null,
      undefined,
    ]) {
      expect(() => client.send(wrong as never)).to.throw(TypeError, /^data: \w+; allowed: string, Uint8Array/);
    }
  });

  it('a test environment that replaces the global classes (jsdom in Jest) sends strings and bytes', () => {
    const library = new URL('../../src/index.js', import.meta.url).href;
    const program = `
      import { runInNewContext } from 'node:vm';
      for (const name of ['Uint8Array', 'ArrayBuffer', 'Error', 'TypeError', 'URL', 'Array', 'Date', 'Promise']) {
        if (name !== 'URL') globalThis[name] = runInNewContext(name);
      }
      const { listen, connect } = await import(${JSON.stringify(library)});
      const listener = await listen({ host: '127.0.0.1', onConnection: c => (c.onData = chunk => c.send(chunk)) });
      const client = await connect({ host: '127.0.0.1', port: listener.port });
      client.send('text ');
      client.send(Buffer.from('buffer '));
      client.end(new Uint8Array([98, 121, 116, 101, 115]));
      let text = '';
      for await (const chunk of client) text += chunk;
      console.log(text);
      await listener.close();
      client.destroy();
    `;
    const file = joinPath(folder, 'program.mjs');
    writeFileSync(file, program);
    expect(execFileSync(process.execPath, [file]).toString()).to.equal('text buffer bytes\n');
  });
});
