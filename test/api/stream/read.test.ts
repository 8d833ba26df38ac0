import { expect } from 'chai';
import type { BufferList } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { fillUp, readAll, readExactly, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';

describeOnEveryDriver('reading', () => {
  it('read() gives what came, and null at the end, again and again', async () => {
    const { client, server } = unixPair();
    client.end('first');
    expect((await server.read())?.toString()).to.equal('first');
    expect(await server.read()).to.equal(null);
    expect(await server.read()).to.equal(null);
  });

  it('read() waits for bytes that come later', async () => {
    const { client, server } = await tcpPair();
    const read = server.read();
    client.send('later');
    expect((await read)?.toString()).to.equal('later');
  });

  it('for await goes to the end of the stream', async () => {
    const { client, server } = unixPair();
    const sent = Buffer.alloc(300_000, 'abc');
    client.end(sent);
    expect(Buffer.compare(await readAll(server), sent)).to.equal(0);
  });

  it('leaving a for await keeps the connection, and reading goes on where it stopped', async () => {
    const { client, server } = unixPair();
    client.send('one');
    for await (const chunk of server) {
      expect(chunk.toString()).to.equal('one');
      break;
    }
    expect(server.isClosed).to.equal(false);
    client.end('two');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('two');
  });

  it('readInto() fills memory of the caller, and gives 0 at the end', async () => {
    const { client, server } = unixPair();
    const bytes = new Uint8Array(4);
    client.end('abcdef');
    expect(await server.readInto(bytes)).to.equal(4);
    expect(Buffer.from(bytes).toString()).to.equal('abcd');
    expect(await server.readInto(bytes)).to.equal(2);
    expect(Buffer.from(bytes).toString()).to.equal('efcd');
    expect(await server.readInto(bytes)).to.equal(0);
    expect(await server.readInto(bytes)).to.equal(0);
  });

  it('readInto() waits for bytes that come later, and fills a subarray only', async () => {
    const { client, server } = unixPair();
    const bytes = new Uint8Array(8);
    const received = server.readInto(bytes.subarray(2, 5));
    client.send('xyz!');
    expect(await received).to.equal(3);
    expect([...bytes]).to.deep.equal([0, 0, 120, 121, 122, 0, 0, 0]);
  });

  it('readInto() refuses an empty buffer', () => {
    const { server } = unixPair();
    expect(() => server.readInto(new Uint8Array(0))).to.throw(RangeError, 'at least 1 byte');
  });

  it('read() after readInto() saw the end says null', async () => {
    const { client, server } = unixPair();
    client.send('a');
    await server.read();
    client.end();
    expect(await server.readInto(new Uint8Array(1))).to.equal(0);
    expect(await server.read()).to.equal(null);
  });

  it('counts the bytes of every way of reading', async () => {
    const { client, server } = unixPair();
    client.send('four');
    await server.read();
    client.send('sixsix');
    await server.readInto(new Uint8Array(10));
    expect(server.bytesReceived).to.equal(10);
    expect(client.bytesSent).to.equal(10);
  });

  it('onData, read(), readInto() and for await take turns, and no byte is lost between them', async () => {
    const { client, server } = unixPair();
    const heard = settling<string>();
    server.onData = chunk => heard.resolve(chunk.toString());
    client.send('data');
    expect(await heard.promise).to.equal('data');
    server.onData = undefined;
    client.send('read');
    expect(await readExactly(server, 4)).to.equal('read');
    client.send('into');
    const bytes = new Uint8Array(4);
    await server.readInto(bytes);
    expect(Buffer.from(bytes).toString()).to.equal('into');
    client.end('rest');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('rest');
  });

  it('switching inside onData leaves the rest to whoever reads next', async () => {
    const { client, server } = unixPair();
    const switched = settling<void>();
    let first = '';
    server.onData = chunk => {
      first = chunk.toString();
      server.onData = undefined;
      switched.resolve();
    };
    client.send('first');
    await switched.promise;
    client.end('second');
    expect(first).to.equal('first');
    expect(Buffer.from(await readAll(server)).toString()).to.equal('second');
  });

  it('two ways of reading at once are refused with words', async () => {
    const { client, server } = unixPair();
    const read = server.read();
    expect(() => server.read()).to.throw(Error, 'another read is under way');
    expect(() => server.readInto(new Uint8Array(1))).to.throw(Error, 'another read is under way');
    expect(() => (server.onData = () => {})).to.throw(Error, 'one way at a time');
    client.send('a');
    await read;
    const into = server.readInto(new Uint8Array(1));
    expect(() => server.read()).to.throw(Error, 'another read is under way');
    client.send('b');
    await into;
    server.onData = () => {};
    expect(() => server.read()).to.throw(Error, 'onData handler');
    expect(() => server.readInto(new Uint8Array(1))).to.throw(Error, 'onData handler');
  });

  it('a waiting read() is refused when the connection is destroyed here, and later ones see the end', async () => {
    const { server } = unixPair();
    const read = server.read();
    server.destroy();
    expect((await rejection(read)).code).to.equal('ECANCELED');
    expect(await server.read()).to.equal(null);
  });

  it('a waiting readInto() is refused when the connection is destroyed here, and later ones see the end', async () => {
    const { server } = unixPair();
    const read = server.readInto(new Uint8Array(1));
    server.destroy();
    expect((await rejection(read)).code).to.equal('ECANCELED');
    expect(await server.readInto(new Uint8Array(1))).to.equal(0);
  });

  it('a waiting read() and those after it are told what the connection was destroyed with', async () => {
    const { server } = unixPair();
    const read = server.read();
    const reason = new Error('enough');
    server.destroy(reason);
    expect(await rejection(read)).to.equal(reason);
    expect(await rejection(server.read())).to.equal(reason);
  });

  it('a chunk that was taken keeps its bytes, however many come after it', async () => {
    const { client, server } = unixPair();
    const taken: BufferList[] = [];
    const ended = settling<void>();
    server.onData = chunk => taken.push(chunk.take());
    server.onEnd = ended.resolve;
    const sent = Buffer.alloc(400_000);
    for (let index = 0; index < sent.length; index++) sent[index] = index % 251;
    client.end(sent);
    await ended.promise;
    expect(Buffer.compare(Buffer.concat(taken.map(chunk => chunk.toBytes())), sent)).to.equal(0);
    for (const chunk of taken) chunk.release();
  });

  it('pause() inside onData holds the rest back, resume() delivers it', async () => {
    const { client, server } = unixPair();
    const paused = settling<void>();
    const ended = settling<void>();
    let received = 0;
    server.onData = chunk => {
      received += chunk.length;
      server.pause();
      paused.resolve();
    };
    server.onEnd = ended.resolve;
    client.send(new Uint8Array(1000));
    await paused.promise;
    client.end(new Uint8Array(500));
    await turns();
    expect(received).to.equal(1000);
    server.onData = chunk => (received += chunk.length);
    server.resume();
    await ended.promise;
    expect(received).to.equal(1500);
  });

  it('pause() before anything came receives nothing, not even the end', async () => {
    const { client, server } = unixPair();
    let calls = 0;
    const ended = settling<void>();
    server.pause();
    server.onData = () => calls++;
    server.onEnd = ended.resolve;
    client.end('held back');
    await turns();
    expect(calls).to.equal(0);
    server.resume();
    await ended.promise;
    expect(calls).to.equal(1);
  });

  it('pause() and resume() in one breath change nothing', async () => {
    const { client, server } = unixPair();
    const ended = settling<void>();
    let received = 0;
    server.onData = chunk => {
      received += chunk.length;
      server.pause();
      server.resume();
    };
    server.onEnd = ended.resolve;
    client.end(new Uint8Array(1_000_000));
    await ended.promise;
    expect(received).to.equal(1_000_000);
  });

  it('while nobody reads, the peer is held back and what it sent stays in the kernel', async () => {
    const { client, server } = await tcpPair();
    let given = 0;
    // The kernel moves its limits while it takes the first bytes; after some rounds it takes no more.
    do {
      given += fillUp(client);
      await turns(10);
      expect(server.bytesReceived).to.equal(0);
      expect(given).to.be.lessThan(64 * 1024 * 1024);
    } while (client.queuedBytes === 0);
    client.end();
    expect((await readAll(server)).length).to.equal(given);
  });
});
