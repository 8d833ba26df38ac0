import { expect } from 'chai';
import { AsyncLocalStorage } from 'node:async_hooks';
import { BufferList, currentReactor, fixed, lines } from '../../src/index.js';
import { settling } from '../../src/api/settling.js';
import { decryptInto } from '../../src/node/tls-handle.js';
import { checkNoDescriptorIsLeft, securePair } from '../support/secure-pair.js';
import { rejection, turns } from '../support/sockets.js';

describe('the surface of a secure connection', () => {
  after(() => currentReactor().close());
  checkNoDescriptorIsLeft();

  it('decrypts into memory that is used again, with the Node of today', async () => {
    const { serving } = await securePair();
    expect(decryptInto(serving.tlsSocket, () => {})).to.equal(true);
  });

  it('readInto receives into memory of the caller, and leaves what has no room', async () => {
    const { serving, asking } = await securePair();
    asking.send('abcdef');
    const bytes = new Uint8Array(4);
    expect(await serving.readInto(bytes)).to.equal(4);
    expect(Buffer.from(bytes).toString()).to.equal('abcd');
    expect((await serving.read())?.toString()).to.equal('ef');
    asking.end();
    expect(await serving.readInto(bytes)).to.equal(0);
    expect(() => serving.readInto(new Uint8Array(0))).to.throw(RangeError, 'bytes');
  });

  it('a read that is aborted takes no byte', async () => {
    const { serving, asking } = await securePair();
    for (const read of [serving.read.bind(serving), (o: object) => serving.readInto(new Uint8Array(9), o)]) {
      const controller = new AbortController();
      const reading = rejection(read({ signal: controller.signal }));
      controller.abort(new Error('enough'));
      expect((await reading).message).to.equal('enough');
    }
    asking.send('all');
    expect((await serving.read())?.toString()).to.equal('all');
  });

  it('reads one way at a time, and puts back what was not used', async () => {
    const { serving, asking } = await securePair();
    const reading = serving.read();
    expect(() => serving.read()).to.throw(Error, 'EBUSY');
    expect(() => serving.readInto(new Uint8Array(1))).to.throw(Error, 'EBUSY');
    expect(() => (serving.onData = () => {})).to.throw(Error, 'EBUSY');
    expect(() => serving.unread(BufferList.from('x'))).to.throw(Error, 'EBUSY');
    asking.send('head and body');
    const chunk = (await reading)!;
    chunk.consume(5);
    serving.unread(chunk);
    const seen = settling<string>();
    serving.onData = bytes => seen.resolve(bytes.toString());
    expect(await seen.promise).to.equal('and body');
    expect(() => serving.read()).to.throw(Error, 'EBUSY');
    expect(() => serving.unread('no list' as never)).to.throw(TypeError, 'bytes');
  });

  it('bytes of onData hold during the call, and those that are taken out for as long as they are kept', async () => {
    const { serving, asking } = await securePair();
    const lent: BufferList[] = [];
    const taken: BufferList[] = [];
    const all = settling<void>();
    serving.onData = chunk => {
      lent.push(chunk);
      taken.push(chunk.take());
      if (taken.reduce((total, { length }) => total + length, 0) === 100_000) all.resolve();
    };
    const sent = Buffer.from(Array.from({ length: 100_000 }, (_, index) => index % 251));
    await asking.write(sent);
    await all.promise;
    expect(Buffer.concat(taken.map(list => list.toBytes())).equals(sent)).to.equal(true);
    expect(() => lent[0].length).to.throw(TypeError, 'during the callback');
    for (const list of taken) list.release();
  });

  it('holds the peer back while it is paused, and tells the end after the last byte', async () => {
    const { serving, asking } = await securePair();
    const order: string[] = [];
    serving.onData = chunk => {
      order.push(chunk.toString());
      serving.pause();
      setImmediate(() => serving.resume());
    };
    const ended = settling<void>();
    serving.onEnd = () => {
      order.push('end');
      ended.resolve();
    };
    for (const word of ['a', 'b', 'c', 'd']) asking.send(word);
    asking.end();
    await ended.promise;
    expect(order.join('')).to.equal('abcdend');
  });

  it('framing reads it, and leaves what follows', async () => {
    const { serving, asking } = await securePair();
    asking.send('first\nsecond\nbody');
    const text = lines(serving);
    expect([await text.read(), await text.read()]).to.deep.equal(['first', 'second']);
    expect((await fixed(serving, 4).read())?.toString()).to.equal('body');
  });

  it('arrays are their owners again after send, whatever waits', async () => {
    const { serving, asking } = await securePair();
    const piece = new Uint8Array(300_000).fill(1);
    let given = 0;
    while (asking.send(piece) || given < 10) {
      piece.fill((given++ % 250) + 2);
      if (given > 12) break;
    }
    piece.fill(255);
    asking.end();
    let place = 0;
    for await (const chunk of serving) {
      for (const range of chunk) {
        for (const byte of range) {
          const piece = Math.floor(place++ / 300_000);
          if (byte !== piece + 1) throw new Error(`byte ${place} is ${byte}`);
        }
      }
    }
    expect(place % 300_000).to.equal(0);
    expect(place).to.be.above(3_000_000);
  });

  it('refuses more than the queue may hold, and nothing after the end', async () => {
    const { asking } = await securePair();
    expect(() => asking.send(new Uint8Array(2 ** 24 + 1))).to.throw(RangeError, 'in one piece');
    asking.send(new Uint8Array(2 ** 23));
    expect(() => asking.send(new Uint8Array(2 ** 24))).to.throw(Error, 'ENOBUFS');
    asking.end();
    expect(() => asking.send('late')).to.throw(Error, 'EPIPE');
    expect((await rejection(asking.write('late'))).code).to.equal('EPIPE');
  });

  it('timeouts: silence destroys it with ETIMEDOUT, or is told', async () => {
    const { serving, asking } = await securePair();
    const told = settling<string>();
    asking.onTimeout = told.resolve;
    asking.setTimeouts({ idleMs: 20 });
    expect(await told.promise).to.equal('idle');
    serving.setTimeouts({ readMs: 20 });
    serving.onData = () => {};
    expect((await rejection(serving.closed)).code).to.equal('ETIMEDOUT');
    expect(() => asking.setTimeouts({ soon: 1 } as never)).to.throw(TypeError, 'soon');
  });

  it('a peer that takes nothing is found by writeMs', async () => {
    const { asking } = await securePair();
    asking.setTimeouts({ writeMs: 30 });
    for (let pieces = 0; pieces < 15; pieces++) asking.send(new Uint8Array(2 ** 20));
    expect((await rejection(asking.closed)).code).to.equal('ETIMEDOUT');
  });

  it('reset is a reset for the peer; both addresses are known until then', async () => {
    const { serving, asking } = await securePair();
    expect(serving.remoteAddress).to.deep.equal(asking.localAddress);
    expect(serving.localAddress).to.deep.equal(asking.remoteAddress);
    // What the handshake sends behind itself has gone out by then.
    asking.send('x');
    await serving.read();
    serving.send('y');
    await asking.read();
    serving.onData = () => {};
    asking.reset(new Error('of mine'));
    expect((await rejection(serving.closed)).code).to.equal('ECONNRESET');
    expect((await rejection(asking.closed)).message).to.equal('of mine');
    expect([asking.localAddress, asking.remoteAddress]).to.deep.equal([undefined, undefined]);
  });

  it('callbacks run in the context in which the connection was made', async () => {
    const storage = new AsyncLocalStorage<string>();
    const { serving, asking } = await storage.run('made here', () => securePair());
    const seen: unknown[] = [];
    serving.onData = () => seen.push(storage.getStore());
    serving.onEnd = () => seen.push(storage.getStore());
    serving.onClose = () => seen.push(storage.getStore());
    asking.send('x');
    asking.end();
    asking.onData = () => {};
    while (serving.bytesReceived === 0) await turns(1);
    await storage.run('elsewhere', () => serving.close());
    expect(seen.slice(0, 1)).to.deep.equal(['made here']);
    expect(new Set(seen)).to.deep.equal(new Set(['made here']));
  });

  it('does not move to another thread, and says so', async () => {
    const { asking } = await securePair();
    expect((await rejection(asking.moveTo())).code).to.equal('ENOTSUP');
    expect(() => asking.park()).to.throw(Error, 'ENOTSUP');
    asking.send('still there');
  });

  it('a wait for the end, or for room, can be given up', async () => {
    const { asking } = await securePair();
    const writing = new AbortController();
    const waiting = rejection(asking.write(new Uint8Array(2 ** 23), { signal: writing.signal }));
    writing.abort(new Error('no time'));
    expect((await waiting).message).to.equal('no time');
    const closing = new AbortController();
    const closed = rejection(asking.close({ signal: closing.signal }));
    closing.abort(new Error('nor here'));
    expect((await closed).message).to.equal('nor here');
  });
});
