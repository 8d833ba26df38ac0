import { expect } from 'chai';
import type { Connection } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { connected, listening, portOf, readExactly, rejection, track, turns } from '../../support/sockets.js';

describeOnEveryDriver('Listener', () => {
  it('is iterated: connections in turn, until it is closed', async () => {
    const listener = await listening();
    const port = portOf(listener);
    const greeted: string[] = [];
    const iteration = (async () => {
      for await (const connection of listener) greeted.push(await readExactly(track(connection), 1));
    })();
    for (const name of ['a', 'b', 'c']) {
      const client = await connected({ host: '127.0.0.1', port });
      client.send(name);
      // The answer of the peer's kernel alone opened it; reading ends when the listener took and dropped it.
      while (!greeted.includes(name)) await turns(1);
    }
    await listener.close();
    await iteration;
    expect(greeted).to.deep.equal(['a', 'b', 'c']);
  });

  it('closing it ends an iteration that waits', async () => {
    const listener = await listening();
    const iterator = listener[Symbol.asyncIterator]();
    const next = iterator.next();
    await turns();
    await listener.close();
    expect(await next).to.deep.equal({ done: true, value: undefined });
    expect(await iterator.next()).to.deep.equal({ done: true, value: undefined });
  });

  it('leaving the iteration closes it', async () => {
    const listener = await listening();
    const client = connected({ host: '127.0.0.1', port: portOf(listener) });
    for await (const connection of listener) {
      track(connection);
      break;
    }
    await client;
    expect(listener.isClosed).to.equal(true);
    expect(listener.fd).to.equal(-1);
  });

  it('connections that nobody took from the iterator are closed with it', async () => {
    const listener = await listening();
    const port = portOf(listener);
    const iterator = listener[Symbol.asyncIterator]();
    const clients = await Promise.all([1, 2, 3].map(() => connected({ host: '127.0.0.1', port })));
    track((await iterator.next()).value as Connection);
    await turns();
    await listener.close();
    const ends = await Promise.all(clients.slice(1).map(client => client.read().catch(() => null)));
    expect(ends).to.deep.equal([null, null]);
  });

  it('one way at a time: a handler or an iterator', async () => {
    const listener = await listening();
    listener[Symbol.asyncIterator]();
    expect(() => (listener.onConnection = () => {})).to.throw(Error, 'one way at a time');
    expect(() => listener[Symbol.asyncIterator]()).to.throw(Error, 'one way at a time');
    const other = await listening({ host: '127.0.0.1', onConnection: () => {} });
    expect(() => other[Symbol.asyncIterator]()).to.throw(Error, 'one way at a time');
  });

  it('two next() at once are refused', async () => {
    const listener = await listening();
    const iterator = listener[Symbol.asyncIterator]();
    const first = iterator.next();
    expect((await rejection(iterator.next())).message).to.include('await it first');
    await listener.close();
    await first;
  });

  it('close() keeps the connections that were accepted', async () => {
    const accepted = settling<Connection>();
    const listener = await listening({ host: '127.0.0.1', onConnection: accepted.resolve });
    const client = await connected({ host: '127.0.0.1', port: portOf(listener) });
    const server = await accepted.promise;
    await listener.close();
    server.send('still here');
    expect(await readExactly(client, 10)).to.equal('still here');
  });

  it('close() is once, however often it is asked, and refuses those who come after', async () => {
    const listener = await listening();
    const port = portOf(listener);
    await Promise.all([listener.close(), listener.close()]);
    await listener.close();
    await listener[Symbol.asyncDispose]();
    expect((await rejection(connected({ host: '127.0.0.1', port }))).code).to.equal('ECONNREFUSED');
  });

  it('close() inside onConnection', async () => {
    const closed = settling<void>();
    const listener = await listening({
      host: '127.0.0.1',
      onConnection: () => void listener.close().then(closed.resolve),
    });
    const port = portOf(listener);
    await Promise.allSettled([1, 2, 3].map(() => connected({ host: '127.0.0.1', port })));
    await closed.promise;
    expect(listener.counters.accepted).to.equal(1);
  });

  it('its port can be listened on again at once', async () => {
    const accepted = settling<Connection>();
    const first = await listening({ host: '127.0.0.1', onConnection: accepted.resolve });
    const port = portOf(first);
    await connected({ host: '127.0.0.1', port });
    (await accepted.promise).destroy();
    await first.close();
    const second = await listening({ host: '127.0.0.1', port });
    expect(portOf(second)).to.equal(port);
  });

  it('hands its limits and options on to its connections', async () => {
    const accepted = settling<Connection>();
    const listener = await listening({ host: '127.0.0.1', maxQueuedBytes: 70_000, onConnection: accepted.resolve });
    await connected({ host: '127.0.0.1', port: portOf(listener) });
    const server = await accepted.promise;
    expect(() => server.send(new Uint8Array(70_001))).to.throw(RangeError, '70000');
  });

  it('300 connections at once are all accepted', async () => {
    const all = settling<void>();
    let accepted = 0;
    const listener = await listening({
      host: '127.0.0.1',
      onConnection: () => {
        if (++accepted === 300) all.resolve();
      },
    });
    const port = portOf(listener);
    await Promise.all(Array.from({ length: 300 }, () => connected({ host: '127.0.0.1', port })));
    await all.promise;
    expect(listener.counters).to.deep.equal({ accepted: 300, exhausted: 0, shed: 0 });
  });
});
