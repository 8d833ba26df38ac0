import { expect } from 'chai';
import process from 'node:process';
import { join } from '../../../src/api/transfer/join.js';
import type { TransferFailure } from '../../../src/api/transfer/transfer.js';
import { nativeRelayCalls } from '../../../src/core/transfers/relay/relay-conduits.js';
import type { TunnelAccount } from '../../../src/core/transfers/relay/tunnel.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { joined, receiveStream, sendStream, twoPairs } from '../../support/joined.js';
import { SplicingKernel } from '../../support/splicing-kernel.js';
import { closing, fillUp, readAll, readExactly, rejection, tcpPair, turns } from '../../support/sockets.js';

const MEGABYTE = 1 << 20;

async function failureOf(
  transfer: PromiseLike<TunnelAccount>,
): Promise<TransferFailure<TunnelAccount> & { code?: string }> {
  return rejection(Promise.resolve(transfer));
}

describeOnEveryDriver('join', () => {
  for (const kind of ['TCP', 'Unix'] as const) {
    it(`${kind}: 16 MB both ways at once, every byte`, async () => {
      const { left, right, transfer } = await joined({}, kind);
      const received = [receiveStream(right), receiveStream(left)];
      const sent = await Promise.all([sendStream(left, 16 * MEGABYTE), sendStream(right, 16 * MEGABYTE)]);
      left.end();
      right.end();
      expect((await Promise.all(received)).map(String)).to.deep.equal(sent.map(String));
      const { aToB, bToA } = await transfer;
      for (const direction of [aToB, bToA]) {
        expect(direction).to.include({ bytesIn: 16 * MEGABYTE, bytesOut: 16 * MEGABYTE, residueBytes: 0 });
        expect(direction.bytes).to.equal(16 * MEGABYTE);
      }
    });
  }

  it('small messages back and forth go by plain receive and send', async () => {
    // Where the system has SO_SPLICE, they would go by that.
    const { left, right, transfer } = await joined({}, 'TCP', { ...nativeRelayCalls(), socketSplice: undefined });
    for (let message = 0; message < 50; message++) {
      left.send('ping');
      expect(await readExactly(right, 4)).to.equal('ping');
      right.send('pong');
      expect(await readExactly(left, 4)).to.equal('pong');
    }
    left.end();
    right.end();
    const { aToB } = await transfer;
    expect(aToB).to.include({ path: 'buffers', bytesOut: 200, splicedBytes: 0 });
    expect(aToB.fallback).to.equal(undefined);
  });

  it('FIN of one end ends the write side of the other, and the other direction goes on', async () => {
    const { left, right, a, b, transfer } = await joined();
    left.end('question');
    expect(Buffer.from(await readAll(right)).toString()).to.equal('question');
    right.send('ans');
    expect(await readExactly(left, 3)).to.equal('ans');
    right.end('wer');
    expect(Buffer.from(await readAll(left)).toString()).to.equal('wer');
    await transfer;
    await Promise.all([a.closed, b.closed]);
  });

  it('what was queued on an end goes out before what is joined to it', async () => {
    const { left, right, a, b } = await twoPairs();
    const queued = fillUp(b);
    a.send('greeting ');
    left.end('tail');
    const transfer = join(a, b);
    b.send('after');
    const received = await readAll(right);
    expect(received.length).to.equal(queued + 9);
    expect(Buffer.from(received.subarray(queued)).toString()).to.equal('tailafter');
    right.end('body');
    expect(Buffer.from(await readAll(left)).toString()).to.equal('greeting body');
    await transfer;
  });

  it('an end that breaks: what came from it is delivered, the other is reset, and the join says why', async () => {
    const { left, right, b, transfer } = await joined();
    left.send('last words');
    await turns(8);
    const told = closing(right);
    left.reset();
    const failure = await failureOf(transfer);
    expect(failure.message).to.match(/^recv a, descriptor \d+: ECONNRESET, the peer reset the connection$/);
    expect(failure.transfer!.brokenEnd).to.equal('a');
    expect(failure.transfer!.aToB).to.include({ bytesIn: 10, bytesOut: 10, residueBytes: 0 });
    expect(b.isClosed).to.equal(true);
    right.onData = () => {};
    expect(await told.told).to.include({ code: 'ECONNRESET' });
  });

  it("cancelled, both ends stay open and are the user's again", async () => {
    const { left, right, a, b, transfer } = await joined();
    left.send('one');
    expect(await readExactly(right, 3)).to.equal('one');
    transfer.cancel();
    expect(await failureOf(transfer)).to.include({ code: 'ECANCELED' });
    left.send('two');
    expect(await readExactly(a, 3)).to.equal('two');
    b.send('three');
    expect(await readExactly(right, 5)).to.equal('three');
  });

  it('cancelled over a stalled sink, what was taken from the source is left in the queue of the sink', async () => {
    const { left, right, b, transfer } = await joined();
    const sending = sendStream(left, 32 * MEGABYTE).catch(() => {});
    let before = -1;
    while (before !== transfer.account.aToB.bytesIn || before === 0) {
      before = transfer.account.aToB.bytesIn;
      await turns(50);
    }
    const { aToB } = transfer.account;
    transfer.cancel();
    // What SO_SPLICE did not send lies at the source.
    if (aToB.path !== 'so_splice') expect(aToB.residueBytes).to.be.above(0);
    expect(aToB.bytesIn).to.equal(aToB.bytesOut + aToB.residueBytes);
    // Some of it may find room at once.
    expect(b.queuedBytes).to.be.at.most(aToB.residueBytes);
    await failureOf(transfer);
    b.end('!');
    const received = await readAll(right);
    expect(received.length).to.equal(aToB.bytesIn + 1);
    left.destroy();
    await sending;
  });

  it("a limit ends its direction alone, and when both are reached the ends are the user's again", async () => {
    const told: string[] = [];
    const { left, right, a, b, transfer } = await joined({
      limits: { aToB: { maxBytes: 5 }, bToA: { maxBytes: 6 } },
      onBytes: (direction, lengthBytes) => told.push(`${direction} ${lengthBytes}`),
    });
    left.send('helloHELLO');
    expect(await readExactly(right, 5)).to.equal('hello');
    right.send('answerANSWER');
    expect(await readExactly(left, 6)).to.equal('answer');
    const { aToB, bToA } = await transfer;
    expect([aToB.bytes, bToA.bytes]).to.deep.equal([5, 6]);
    expect(told).to.deep.equal(['aToB 5', 'bToA 6']);
    expect([await readExactly(a, 5), await readExactly(b, 6)]).to.deep.equal(['HELLO', 'ANSWER']);
    b.send('more');
    expect(await readExactly(right, 4)).to.equal('more');
  });

  it('paused, nothing moves; resumed, everything does', async () => {
    const { left, right, transfer } = await joined({}, 'Unix');
    transfer.pause();
    left.end('abc');
    right.end('xyz');
    await turns(20);
    expect([transfer.account.aToB.bytesIn, transfer.account.bToA.bytesIn]).to.deep.equal([0, 0]);
    transfer.resume();
    expect(Buffer.from(await readAll(right)).toString()).to.equal('abc');
    expect(Buffer.from(await readAll(left)).toString()).to.equal('xyz');
    await transfer;
  });

  it('an end that is destroyed during the join: the other is reset', async () => {
    const { right, a, b, transfer } = await joined();
    right.onData = () => {};
    const told = closing(right);
    a.destroy();
    const failure = await failureOf(transfer);
    expect(failure.message).to.match(/a, descriptor \d+: ECANCELED, the connection was closed here$/);
    expect(failure.transfer!.brokenEnd).to.equal('a');
    expect(b.isClosed).to.equal(true);
    expect(await told.told).to.include({ code: 'ECONNRESET' });
  });

  it('an end that is closed during the join gives up its read side, and the other is reset', async () => {
    const { left, b, transfer } = await joined();
    left.onData = () => {};
    void b.close().catch(() => {});
    const failure = await failureOf(transfer);
    expect(failure.message).to.match(/b, descriptor \d+: ECANCELED, the connection was closed here$/);
    expect(failure.transfer!.brokenEnd).to.equal('b');
    expect(b.isClosed).to.equal(true);
  });

  it('an error that onBytes throws loses no byte', async () => {
    let thrown = 0;
    const caught: unknown[] = [];
    const listeners = process.listeners('uncaughtException');
    process.removeAllListeners('uncaughtException');
    process.on('uncaughtException', error => caught.push(error));
    try {
      const { left, right, transfer } = await joined({
        onBytes: () => {
          if (thrown++ === 0) throw new Error('thrown by onBytes');
        },
      });
      left.send('one');
      expect(await readExactly(right, 3)).to.equal('one');
      left.end('two');
      expect(Buffer.from(await readAll(right)).toString()).to.equal('two');
      right.end();
      await transfer;
      expect(caught.map(String)).to.deep.equal(['Error: thrown by onBytes']);
    } finally {
      process.removeAllListeners('uncaughtException');
      for (const listener of listeners) process.on('uncaughtException', listener);
    }
  });

  for (const kernel of ['calls', 'SO_SPLICE']) {
    it(`ends although onBytes throws each time, in the step that ends it as well (${kernel})`, async () => {
      const caught: unknown[] = [];
      const listeners = process.listeners('uncaughtException');
      process.removeAllListeners('uncaughtException');
      process.on('uncaughtException', error => caught.push(error));
      try {
        const socketSplice = kernel === 'calls' ? undefined : new SplicingKernel([1]);
        const { left, right, transfer } = await joined(
          {
            onBytes: () => {
              throw new Error('thrown by onBytes');
            },
          },
          'TCP',
          { ...nativeRelayCalls(), socketSplice },
        );
        await turns(4);
        left.end('one');
        right.end('two');
        const account = await transfer;
        expect([account.aToB.bytes, account.bToA.bytes]).to.deep.equal([3, 3]);
        expect(new Set(caught.map(String))).to.deep.equal(new Set(['Error: thrown by onBytes']));
      } finally {
        process.removeAllListeners('uncaughtException');
        for (const listener of listeners) process.on('uncaughtException', listener);
      }
    });
  }

  it('is not idle while what was sent before still goes out, and loses none of it', async () => {
    const { left, right, a, b } = await twoPairs('Unix');
    const queued = fillUp(b);
    const transfer = join(a, b, { idleTimeoutMs: 20 });
    let isOver = false;
    void failureOf(transfer).then(() => (isOver = true));
    // A clock of the same kind: it has gone off three times.
    for (let times = 0; times < 3; times++) {
      const other = await joined({ idleTimeoutMs: 20 }, 'Unix');
      expect(await failureOf(other.transfer)).to.include({ code: 'ETIMEDOUT' });
    }
    expect(isOver).to.equal(false);
    left.send('tail');
    let received = 0;
    right.onData = chunk => (received += chunk.length);
    // Only then its time begins.
    expect(await failureOf(transfer)).to.include({ code: 'ETIMEDOUT' });
    expect(received).to.equal(queued + 4);
  });

  it('refuses an end that is joined, being read, closed or ended, and touches neither', async () => {
    const { left, right, a, b } = await twoPairs();
    const other = await tcpPair();
    expect((await failureOf(join(a, a))).message).to.contain('same connection');
    other.client.onData = () => {};
    expect((await failureOf(join(a, other.client))).message).to.match(
      /^read b, .*EBUSY, the connection has an onData handler/,
    );
    expect((await failureOf(join(other.client, a))).message).to.match(
      /^read a, .*EBUSY, the connection has an onData handler/,
    );
    other.client.onData = undefined;
    const reading = other.client.read();
    expect((await failureOf(join(other.client, a))).message).to.match(/^read a, .*EBUSY, another read is under way/);
    other.server.end('x');
    await reading;
    other.client.end();
    const ended = await failureOf(join(a, other.client));
    expect(ended.message).to.match(/^send b, descriptor \d+: EPIPE, the write side was ended or closed here$/);
    other.client.destroy();
    const closed = await failureOf(join(other.client, a));
    expect(closed.message).to.match(/^read a, descriptor -?\d+: ECANCELED, the connection was closed here$/);
    expect((await failureOf(join(a, other.client))).message).to.match(/^send b, .* the connection was closed here$/);
    const transfer = join(a, b);
    expect((await failureOf(join(b, a))).message).to.match(/^read a, .*EBUSY, the connection is joined/);
    expect(() => (a.onData = () => {})).to.throw('joined');
    expect(() => a.read()).to.throw('joined');
    left.end('still joined');
    expect(Buffer.from(await readAll(right)).toString()).to.equal('still joined');
    right.end();
    await transfer;
  });
});

describeOnEveryDriver(
  'join, options',
  () => {
    it('refuses what makes no sense', async () => {
      const wrong = [
        { idleTimeoutMs: -1 },
        { halfCloseTimeoutMs: NaN },
        { bytesPerSecond: 0 },
        { limits: { aToB: { maxBytes: -1 } } },
        { limits: { bToA: { bytesPerSecond: -5 } } },
      ];
      const { left, right, a, b } = await twoPairs('Unix');
      for (const options of wrong) expect(await failureOf(join(a, b, options))).to.be.instanceOf(RangeError);
      for (const [attempt, message] of [
        [join(undefined as never, b), 'a: undefined; allowed: a Connection'],
        [join(a, null as never), 'b: null; allowed: a Connection'],
        [join(5 as never, b), 'a: number; allowed: a Connection'],
        [join({} as never, {} as never), 'a: Object; allowed: a Connection'],
        [join(a, b, null as never), 'options: null; allowed: an object'],
        [join(a, b, { limits: null as never }), 'limits: null; allowed: an object'],
        [join(a, b, { limits: { bToA: 5 as never } }), 'limits.bToA: number; allowed: an object'],
        [join(a, b, { onBytes: 5 as never }), 'onBytes: number; allowed: a function'],
        [join(a, b, { signal: 5 as never }), 'signal: number; allowed: an AbortSignal'],
        [join(a, b, { idleTimeoutMs: '5' as never }), "idleTimeoutMs: '5'; allowed: milliseconds from 0"],
        [join(a, b, { limits: { bToA: { bytesPerSecond: -5 } } }), 'limits.bToA.bytesPerSecond: -5; allowed'],
        [join(a, b, { limits: { aToB: { maxBytes: '1' as never } } }), "limits.aToB.maxBytes: '1'; allowed"],
      ] as const) {
        expect((await failureOf(attempt)).message).to.contain(message);
      }
      for (const end of [left, right, a, b]) end.destroy();
    });
  },
  ['level'],
);
