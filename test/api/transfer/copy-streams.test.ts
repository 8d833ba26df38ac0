import { expect } from 'chai';
import { performance } from 'node:perf_hooks';
import { adopt, copy } from '../../../src/index.js';
import { pipe } from '../../../src/sys/file/io.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { receiveStream, sendStream, twoPairs } from '../../support/joined.js';
import { Digest, readAll, readExactly, rejection, tcpPair, track, turns, unixPair } from '../../support/sockets.js';

const MEGABYTE = 1 << 20;

describeOnEveryDriver('copy', () => {
  it('copies up to the end of the source, and ends neither', async () => {
    const { left, right, a, b } = await twoPairs();
    const received = receiveStream(right);
    const copying = copy(a, b);
    const sent = await sendStream(left, 8 * MEGABYTE);
    left.end();
    const account = await copying;
    expect(account).to.include({ bytesIn: 8 * MEGABYTE, bytesOut: 8 * MEGABYTE, residueBytes: 0 });
    expect(await a.read()).to.equal(null);
    b.end('');
    expect(String(await received)).to.equal(String(sent));
  });

  it("copies up to a length, and what comes after it is the user's to read and to send", async () => {
    const { left, right, a, b } = await twoPairs();
    left.send('headbodytail');
    expect((await copy(a, b, { length: 4 })).bytes).to.equal(4);
    b.send('|');
    expect((await copy(a, b, { length: 4 })).bytes).to.equal(4);
    expect(await readExactly(a, 4)).to.equal('tail');
    b.end('|');
    expect(Buffer.from(await readAll(right)).toString()).to.equal('head|body|');
  });

  it('a length of 0 is over at once, and waits for nothing', async () => {
    const { client, server } = unixPair();
    expect(await copy(client, server, { length: 0 })).to.include({ bytes: 0, calls: 0 });
  });

  it('copies a connection to itself: an echo', async () => {
    const { client, server } = await tcpPair();
    const copying = copy(server, server);
    const received = receiveStream(client);
    const sent = await sendStream(client, 4 * MEGABYTE);
    client.end();
    await copying;
    server.end();
    expect(String(await received)).to.equal(String(sent));
  });

  it('copies from one pipe to a socket, and from a socket to another pipe', async () => {
    const [first, second] = [pipe(), pipe()];
    const [out, into, out2, into2] = [first[0], first[1], second[0], second[1]].map(fd => track(adopt(fd)));
    const { client, server } = unixPair();
    const copies = [copy(out, client), copy(server, into2)];
    const received = new Digest();
    const source = unixPair();
    const feeding = copy(source.server, into);
    const sink = unixPair();
    const emptying = copy(out2, sink.client);
    sink.server.onData = chunk => received.add(chunk);
    const sent = await sendStream(source.client, 2 * MEGABYTE);
    source.client.end();
    await feeding;
    into.destroy();
    await copies[0];
    client.end();
    await copies[1];
    into2.destroy();
    await emptying;
    while (received.lengthBytes < sent.lengthBytes) await turns(1);
    expect(String(received)).to.equal(String(sent));
  });

  it('waits while it is paused, and goes on', async () => {
    const { left, right, a, b } = await twoPairs('Unix');
    const copying = copy(a, b, { length: 6 });
    left.send('one');
    expect(await readExactly(right, 3)).to.equal('one');
    copying.pause();
    left.send('two');
    await turns(20);
    expect(copying.account.bytes).to.equal(3);
    copying.resume();
    expect(await readExactly(right, 3)).to.equal('two');
    await copying;
  });

  it('is rejected with the reason of its signal, and counts what was copied', async () => {
    const { left, right, a, b } = await twoPairs('Unix');
    const abort = new AbortController();
    const copying = copy(a, b, { signal: abort.signal });
    left.send('abc');
    expect(await readExactly(right, 3)).to.equal('abc');
    const reason = new Error('no longer wanted');
    abort.abort(reason);
    expect(await rejection(Promise.resolve(copying))).to.include({ message: reason.message, cause: reason });
    expect(copying.account).to.include({ bytesIn: 3, bytesOut: 3, residueBytes: 0 });
  });

  it('a sink that breaks is closed and told; the source stays open', async () => {
    const { left, right, a, b } = await twoPairs();
    const copying = copy(a, b);
    right.reset();
    const feeding = sendStream(left, MEGABYTE).catch(() => {});
    const failure = await rejection(Promise.resolve(copying));
    expect(failure.code).to.be.oneOf(['ECONNRESET', 'EPIPE']);
    expect([a.isClosed, b.isClosed]).to.deep.equal([false, true]);
    const { bytesIn, bytesOut, residueBytes } = copying.account;
    expect(bytesIn).to.equal(bytesOut + residueBytes);
    a.onData = () => {};
    await feeding;
  });

  it('refuses a length that makes no sense, and a source that is being read', async () => {
    const { client, server } = unixPair();
    for (const length of [-1, 1.5, NaN]) {
      expect(await rejection(Promise.resolve(copy(client, server, { length })))).to.be.instanceOf(RangeError);
    }
    client.onData = () => {};
    expect((await rejection(Promise.resolve(copy(client, server)))).message).to.contain('onData');
  });
});

describeOnEveryDriver(
  'transfers between connections, in time',
  () => {
    it('bytesPerSecond holds, and can be lifted while bytes move', async () => {
      const { left, right, a, b } = await twoPairs('Unix');
      const received = receiveStream(right);
      const start = performance.now();
      const copying = copy(a, b, { bytesPerSecond: 400_000 });
      const sending = sendStream(left, 4 * MEGABYTE);
      while (copying.account.bytes < 100_000) await turns(1);
      // A full bucket holds a tenth of a second.
      expect(performance.now() - start).to.be.greaterThan(90);
      copying.bytesPerSecond = Infinity;
      await sending;
      left.end();
      await copying;
      b.end();
      expect((await received).lengthBytes).to.equal(4 * MEGABYTE);
    });
  },
  ['level'],
);
