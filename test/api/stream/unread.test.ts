import { expect } from 'chai';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { BufferList, copy, open, type Connection } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { closing, readAll, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';

/** Hands on the text of all that comes, up to the end. */
function textOf(connection: Connection): Promise<string> {
  const { promise, resolve } = settling<string>();
  let text = '';
  connection.onData = chunk => (text += chunk.toString());
  connection.onEnd = () => resolve(text);
  return promise;
}

describeOnEveryDriver('putting back what was read', () => {
  it('the next read gets it first, and what follows in the kernel after it', async () => {
    const { client, server } = unixPair();
    client.send('head');
    const chunk = (await server.read())!;
    chunk.consume(2);
    server.unread(chunk);
    expect(chunk.length).to.equal(0);
    client.end('body');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('adbody');
  });

  it('what is put back later comes before what was put back earlier', async () => {
    const { client, server } = unixPair();
    server.unread(BufferList.from('c'));
    server.unread(BufferList.from('b'));
    server.unread(BufferList.from('a'));
    client.end('d');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('abcd');
    expect(server.bytesReceived).to.equal(1);
  });

  it('a handler may put back a part of its chunk and give way to another handler', async () => {
    const { client, server } = await tcpPair();
    const rest = settling<string>();
    server.onData = chunk => {
      expect(chunk.split(5).toString()).to.equal('head\n');
      server.unread(chunk);
      void textOf(server).then(rest.resolve);
    };
    client.end('head\nbody');
    expect(await rest.promise).to.equal('body');
  });

  it('a handler may put back a part of its chunk and give way to a read', async () => {
    const { client, server } = unixPair();
    const put = settling<void>();
    server.onData = chunk => {
      chunk.consume(5);
      server.unread(chunk);
      server.onData = undefined;
      put.resolve();
    };
    client.end('head\nbody');
    await put.promise;
    await turns();
    expect(Buffer.from(await readAll(server)).toString()).to.equal('body');
  });

  it('a copy to a file begins with it', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    try {
      const { client, server } = unixPair();
      client.end('head\nbody');
      const chunk = (await server.read())!;
      chunk.consume(5);
      server.unread(chunk);
      const file = await open(join(directory, 'body'), { flags: 'w' });
      const account = await copy(server, file);
      await file.close();
      expect(account.bytes).to.equal(4);
      expect(readFileSync(join(directory, 'body'), 'utf8')).to.equal('body');
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it("the peer's FIN behind it waits for whoever reads it", async () => {
    const { client, server } = unixPair();
    const closed = closing(server);
    const put = settling<void>();
    server.onData = chunk => {
      server.onData = undefined;
      server.unread(chunk);
      put.resolve();
    };
    client.end('question');
    await put.promise;
    await turns(20);
    expect(closed.times).to.equal(0);
    expect((await server.read())?.toString()).to.equal('question');
    await server.write('answer');
    expect(await server.read()).to.equal(null);
    server.end();
    expect(Buffer.from(await readAll(client)).toString()).to.equal('answer');
  });

  it('is refused while a read is under way, and for what is no list', async () => {
    const { server } = unixPair();
    const reading = server.read();
    expect(() => server.unread(BufferList.from('a'))).to.throw(Error, 'a read is under way');
    server.destroy();
    expect((await rejection(reading)).code).to.equal('ECANCELED');
    const { client } = unixPair();
    expect(() => client.unread('a' as never)).to.throw(TypeError, 'bytes: string; allowed: a BufferList');
  });
});
