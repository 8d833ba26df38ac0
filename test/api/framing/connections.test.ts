import { expect } from 'chai';
import { once } from 'node:events';
import { connect as connectNode } from 'node:net';
import { PassThrough } from 'node:stream';
import {
  BufferList,
  delimited,
  encodeLengthPrefixed,
  encodeLine,
  fixed,
  lengthPrefixed,
  lines,
  type Connection,
} from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { closing, listening, readAll, rejection, tcpPair, turns, unixPair } from '../../support/sockets.js';
import { collectingUncaught } from '../../support/uncaught.js';

describeOnEveryDriver('framing of connections', () => {
  it('lines one by one, also of a client that sends byte by byte and cuts between CR and LF', async () => {
    const listener = await listening();
    const client = connectNode({ port: listener.port, host: '127.0.0.1', noDelay: true });
    const got = settling<string[]>();
    const serve = async (connection: Connection): Promise<void> => {
      const all: string[] = [];
      for await (const line of lines(connection)) all.push(line);
      got.resolve(all);
      await connection.close();
    };
    listener.onConnection = connection => void serve(connection);
    for (const byte of 'añ\r\n\nlast') {
      client.write(byte);
      await turns(2);
    }
    client.end();
    expect(await got.promise).to.deep.equal(['añ', '', 'last']);
    client.resume();
    await once(client, 'close');
  });

  it('a loop that is left keeps what follows for the next reader: a head of lines, then a body of bytes', async () => {
    const { client, server } = await tcpPair();
    client.send('POST /x\r\nContent-Length: 5\r\n\r\nhello\0\x02hirest');
    const head: string[] = [];
    for await (const line of lines(server)) {
      if (line === '') break;
      head.push(line);
    }
    expect(head).to.deep.equal(['POST /x', 'Content-Length: 5']);
    expect((await fixed(server, 5).read())!.toString()).to.equal('hello');
    expect((await lengthPrefixed(server, { bytes: 2 }).read())!.toString()).to.equal('hi');
    client.end();
    expect(Buffer.from(await readAll(server)).toString()).to.equal('rest');
  });

  it('batches have all lines that came together, those before a mistake too, and leave what follows', async () => {
    const first = await tcpPair();
    first.client.send('one\ntwo\nthr');
    const batches: string[][] = [];
    for await (const batch of lines(first.server).batches()) {
      batches.push(batch);
      if (batches.length === 1) first.client.send('ee\nfour\nrest');
      else break;
    }
    expect(batches).to.deep.equal([
      ['one', 'two'],
      ['three', 'four'],
    ]);
    expect(String(await first.server.read())).to.equal('rest');
    const second = await tcpPair();
    second.client.send('good\nfine\nmuch too long\nnever');
    const messages = lines(second.server, { maxBytes: 8 });
    const told: string[][] = [];
    const read = async () => {
      for await (const batch of messages.batches()) told.push(batch);
    };
    expect((await rejection(read())).code).to.equal('EMSGSIZE');
    expect(told).to.deep.equal([['good', 'fine']]);
    const third = await tcpPair();
    third.client.end('last');
    const all: string[][] = [];
    for await (const batch of lines(third.server).batches()) all.push(batch);
    expect(all).to.deep.equal([['last']]);
  });

  it('lines of other alphabets are left at the right byte', async () => {
    const { client, server } = unixPair();
    client.end('één\n\nдва\r\ntri\n');
    const first: string[] = [];
    for await (const line of lines(server)) {
      first.push(line);
      if (first.length === 3) break;
    }
    expect(first).to.deep.equal(['één', '', 'два']);
    expect(Buffer.from(await readAll(server)).toString()).to.equal('tri\n');
  });

  it('by callback, with messages that hold during the call only unless they are taken', async () => {
    const { client, server } = unixPair();
    const over = settling<Error | undefined>();
    const lent: BufferList[] = [];
    const kept: BufferList[] = [];
    const messages = delimited(server, ';');
    messages.onMessage = message => {
      lent.push(message);
      kept.push(message.take());
    };
    messages.onEnd = over.resolve;
    client.end('a;bb;;');
    expect(await over.promise).to.equal(undefined);
    expect(kept.map(message => message.toString())).to.deep.equal(['a', 'bb', '']);
    for (const message of lent) expect(message.isValid).to.equal(false);
    for (const message of kept) message.release();
    expect(server.isClosed).to.equal(false);
  });

  it('a handler may give way to another framing in the middle of a chunk', async () => {
    const { client, server } = unixPair();
    const body = settling<string>();
    const head = lines(server);
    head.onMessage = line => {
      if (line !== '') return;
      head.stop();
      lengthPrefixed(server).onMessage = message => body.resolve(message.toString());
    };
    client.send(BufferList.from('a head\n\n', encodeLengthPrefixed('the body')));
    expect(await body.promise).to.equal('the body');
  });

  it('pause() holds back the messages of the chunk at hand too', async () => {
    const { client, server } = unixPair();
    const got: string[] = [];
    const third = settling<void>();
    const messages = lines(server);
    messages.onMessage = line => {
      got.push(line);
      if (line === 'b') messages.pause();
      if (line === 'c') third.resolve();
    };
    client.send('a\nb\nc\n');
    while (got.length < 2) await turns(1);
    await turns(10);
    expect(got).to.deep.equal(['a', 'b']);
    messages.resume();
    await third.promise;
    expect(got).to.deep.equal(['a', 'b', 'c']);
  });

  it('what a handler throws is uncaught, and the messages behind it still come', async () => {
    const { client, server } = unixPair();
    const got: string[] = [];
    const second = settling<void>();
    await collectingUncaught(async uncaught => {
      lines(server).onMessage = line => {
        got.push(line);
        if (line === 'a') throw new Error('of the handler');
        second.resolve();
      };
      client.send('a\nb\n');
      await second.promise;
      expect(got).to.deep.equal(['a', 'b']);
      expect(uncaught).to.deep.equal(['of the handler']);
    });
  });

  it('at the end of the stream the connection closes, unless somebody asks to be told', async () => {
    const { client, server } = unixPair();
    const closed = closing(server);
    lines(server).onMessage = line => server.send(encodeLine(line.toUpperCase()));
    client.end('a\nb');
    expect(Buffer.from(await readAll(client)).toString()).to.equal('A\nB\n');
    expect(await closed.told).to.equal(undefined);
  });

  it('the onEnd of the connection is called where the framing has none', async () => {
    const { client, server } = unixPair();
    const ended = settling<void>();
    server.onEnd = ended.resolve;
    lines(server).onMessage = () => {};
    client.end('a\n');
    await ended.promise;
    expect(server.isClosed).to.equal(false);
    expect(server.onData).to.equal(undefined);
  });

  it('a failure destroys the connection, unless somebody asks to be told', async () => {
    const { client, server } = unixPair();
    const closed = closing(server);
    lines(server, { maxBytes: 3 }).onMessage = () => {};
    client.send('abcdef');
    expect(((await closed.told) as { code?: string }).code).to.equal('EMSGSIZE');

    const other = unixPair();
    const over = settling<Error | undefined>();
    const messages = lines(other.server, { maxBytes: 3 });
    messages.onMessage = () => {};
    messages.onEnd = over.resolve;
    other.client.send('abcdef');
    expect((await over.promise)?.message).to.include('longer than maxBytes (3)');
    other.server.end('too long\n');
    expect(Buffer.from(await readAll(other.client)).toString()).to.equal('too long\n');
  });

  /** A byte now and then, for as long as the connection takes any. */
  function drip(client: Connection): void {
    const timer = setInterval(() => {
      if (client.isClosed) clearInterval(timer);
      else client.send('a');
    }, 5);
    client.onClose = () => clearInterval(timer);
  }

  it('bytes that drip do not keep a message from being late, by either way', async () => {
    const slow = unixPair();
    const closed = closing(slow.server);
    lines(slow.server, { timeoutMs: 60 }).onMessage = () => {};
    drip(slow.client);
    expect(((await closed.told) as { code?: string }).code).to.equal('ETIMEDOUT');

    const { client, server } = unixPair();
    drip(client);
    expect((await rejection(lines(server, { timeoutMs: 60 }).read())).code).to.equal('ETIMEDOUT');
    client.destroy();
    expect((await readAll(server)).length).to.be.above(0);
  });

  it('silence between messages is never late', async () => {
    const { client, server } = unixPair();
    const messages = lines(server, { timeoutMs: 20 });
    client.send('a\n');
    expect(await messages.read()).to.equal('a');
    const next = messages.read();
    await new Promise(resolve => setTimeout(resolve, 60));
    client.send('b\n');
    expect(await next).to.equal('b');
  });

  it('a signal ends the reading, and no byte is lost', async () => {
    const { client, server } = unixPair();
    const controller = new AbortController();
    const reading = lines(server, { signal: controller.signal }).read();
    client.send('begun');
    await turns(10);
    const reason = new Error('enough');
    controller.abort(reason);
    expect(await rejection(reading)).to.equal(reason);
    expect(await rejection(lines(server, { signal: controller.signal }).read())).to.equal(reason);
    client.end(' and ended\n');
    expect(await lines(server).read()).to.equal('begun and ended');

    const other = unixPair();
    const second = new AbortController();
    const over = settling<Error | undefined>();
    const messages = lines(other.server, { signal: second.signal });
    messages.onMessage = () => {};
    messages.onEnd = over.resolve;
    other.client.send('begun');
    await turns(10);
    second.abort(reason);
    expect(await over.promise).to.equal(reason);
    other.client.end();
    expect(Buffer.from(await readAll(other.server)).toString()).to.equal('begun');
  });

  it('stop() ends a loop that waits', async () => {
    const { client, server } = unixPair();
    const messages = lines(server);
    const reading = messages[Symbol.asyncIterator]().next();
    client.send('begun');
    await turns(10);
    messages.stop();
    expect((await reading).done).to.equal(true);
    client.end();
    expect(Buffer.from(await readAll(server)).toString()).to.equal('begun');
  });

  it('a connection that breaks rejects the reading, and tells its own onClose where a callback reads', async () => {
    const { client, server } = await tcpPair();
    const reading = lines(server).read();
    client.reset();
    expect((await rejection(reading)).code).to.equal('ECONNRESET');

    const other = await tcpPair();
    const closed = closing(other.server);
    let told = 0;
    const messages = lines(other.server);
    messages.onMessage = () => {};
    messages.onEnd = () => told++;
    other.client.reset();
    expect(((await closed.told) as { code?: string }).code).to.equal('ECONNRESET');
    expect(told).to.equal(0);
  });

  it('two ways at once are refused', () => {
    const { server } = unixPair();
    const messages = lines(server);
    messages.onMessage = () => {};
    expect(() => messages[Symbol.asyncIterator]()).to.throw(Error, 'there is an onMessage handler');
    expect(() => (lines(server).onMessage = 1 as never)).to.throw(TypeError, 'onMessage: number');
  });

  it('other sources have no way by callback, and are iterated', async () => {
    const stream = new PassThrough();
    expect(() => (lines(stream).onMessage = () => {})).to.throw(TypeError, 'the source is no connection');
    stream.end('a\nb\n');
    const got: string[] = [];
    for await (const line of lines(stream)) got.push(line);
    expect(got).to.deep.equal(['a', 'b']);
  });
});
