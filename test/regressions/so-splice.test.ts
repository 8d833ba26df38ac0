/**
 * SO_SPLICE, after the cases of tests/sys/kern/socket_splice.c in FreeBSD's source, whose names are in the titles: each asks
 * what the case means for a join. The kernel is played, since no machine here has the option.
 */
import { expect } from 'chai';
import fc from 'fast-check';
import { copyWith } from '../../src/api/transfer/copy.js';
import { joinWith, type JoinOptions } from '../../src/api/transfer/join.js';
import type { Transfer, TransferFailure } from '../../src/api/transfer/transfer.js';
import type { RelayCalls } from '../../src/core/transfers/relay/relay-conduits.js';
import { errnoNumber } from '../../src/sys/ffi/errno.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { SocketSplice } from '../../src/sys/socket/so-splice.js';
import type { Connection, TunnelAccount } from '../../src/index.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { faultyRelay } from '../support/faulty-relay-calls.js';
import { receiveStream, sendStream, type Joined } from '../support/joined.js';
import { connected, listening, portOf, readAll, readExactly, rejection, tcpPair, turns } from '../support/sockets.js';
import { SplicingKernel } from '../support/splicing-kernel.js';
import { streamOf } from '../support/streams.js';
import { WiredKernel } from '../support/wired-kernel.js';
import { propertyRuns } from '../property-runs.js';

type Failure = TransferFailure<TunnelAccount> & { code?: string };

function callsWith(socketSplice: RelayCalls['socketSplice']): RelayCalls {
  return { ...faultyRelay().calls, splice: undefined, socketSplice };
}

interface Running extends Joined {
  readonly kernel: WiredKernel;
  readonly transfer: Transfer<TunnelAccount>;
}

/** Waits until both directions are the kernel's. By edges each is asked for once more, after a look for bytes. */
async function leftTo(kernel: WiredKernel, { a, b }: Joined): Promise<void> {
  for (let before = -1; before !== kernel.begun || !kernel.isSpliced(a.fd) || !kernel.isSpliced(b.fd);) {
    before = kernel.begun;
    await turns(10);
    if (a.isClosed) return;
  }
}

/** A join that has been left to the kernel, both ways. */
async function spliced(options: JoinOptions = {}): Promise<Running> {
  const kernel = new WiredKernel();
  const ends = kernel.pairs();
  const transfer = joinWith(callsWith(kernel), ends.a, ends.b, options);
  await leftTo(kernel, ends);
  return { ...ends, kernel, transfer };
}

/** What a transfer was rejected with. */
function failureOf(transfer: PromiseLike<TunnelAccount>): Promise<Failure> {
  return rejection(Promise.resolve(transfer));
}

async function cancelled(transfer: Transfer<TunnelAccount>): Promise<TunnelAccount> {
  transfer.cancel();
  return (await failureOf(transfer)).transfer!;
}

async function pass(from: Connection, to: Connection, text: string): Promise<void> {
  from.send(text);
  expect(await readExactly(to, text.length)).to.equal(text);
}

describeOnEveryDriver('SO_SPLICE, after the cases of FreeBSD', driver => {
  it('regression 33: splice_basic: a byte each way, counted, and counted the same after the end', async () => {
    const { left, right, a, b, kernel, transfer } = await spliced();
    await pass(left, right, 'M');
    expect([kernel.movedBytes(a.fd), kernel.movedBytes(b.fd)]).to.deep.equal([1, 0]);
    await pass(right, left, 'J');
    const { aToB, bToA } = await cancelled(transfer);
    for (const direction of [aToB, bToA]) {
      const counts = { bytesIn: 1, bytesOut: 1, splicedBytes: 1, residueBytes: 0 };
      expect(direction).to.include({ ...counts, path: 'so_splice', fallback: undefined });
    }
    expect([kernel.isSpliced(a.fd), kernel.isSpliced(b.fd)]).to.deep.equal([false, false]);
    expect([kernel.movedBytes(a.fd), kernel.movedBytes(b.fd)]).to.deep.equal([1, 1]);
  });

  it('regression 33: splice_capsicum: refused at one source, it goes on in the other direction', async () => {
    // Pollux enters no sandbox, so the errno of missing rights is as good as any other.
    const kernel = new WiredKernel();
    const { left, right, a, b } = kernel.pairs();
    kernel.refusals.set(a.fd, 'EPERM');
    const transfer = joinWith(callsWith(kernel), a, b);
    while (!kernel.isSpliced(b.fd)) await turns(1);
    await pass(left, right, 'one way');
    await pass(right, left, 'and the other');
    const { aToB, bToA } = await cancelled(transfer);
    expect(aToB).to.include({ path: 'buffers', fallback: 'SO_SPLICE: EPERM', bytesOut: 7, splicedBytes: 0 });
    expect(bToA).to.include({ path: 'so_splice', fallback: undefined, bytesOut: 13, splicedBytes: 13 });
  });

  for (const code of ['EINVAL', 'ENOTCONN', 'EBUSY', 'ENOTSOCK', 'EBADF', 'EPROTONOSUPPORT']) {
    it(`regression 33: splice_error: ${code} is a reason for buffers and no error`, async () => {
      const kernel = new WiredKernel();
      const { left, right, a, b } = kernel.pairs();
      for (const { fd } of [a, b]) kernel.refusals.set(fd, code);
      const transfer = joinWith(callsWith(kernel), a, b);
      left.end('question');
      expect(Buffer.from(await readAll(right)).toString()).to.equal('question');
      right.end('answer');
      expect(Buffer.from(await readAll(left)).toString()).to.equal('answer');
      const { aToB, bToA } = await transfer;
      for (const [direction, bytesOut] of [[aToB, 8] as const, [bToA, 6] as const]) {
        const refused = { path: 'buffers', fallback: `SO_SPLICE: ${code}`, splicedBytes: 0 };
        expect(direction).to.include({ ...refused, bytesIn: bytesOut, bytesOut, residueBytes: 0 });
      }
      expect(kernel.begun).to.equal(0);
    });
  }

  it('regression 33: splice_error: a sink that another splice has, a Unix socket, a pipe', async () => {
    const kernel = new WiredKernel();
    const { left, right, a, b } = kernel.pairs();
    const other = kernel.connection();
    expect(kernel.begin(other.inner.fd, b.fd, 0)).to.equal(0);
    const taken = copyWith(callsWith(kernel), a, b, { length: 5 });
    await pass(left, right, 'taken');
    expect(await taken).to.include({ fallback: 'SO_SPLICE: EBUSY', bytesOut: 5 });
    for (const [kind, code] of [['Unix', 'EPROTONOSUPPORT'] as const, ['pipe', 'ENOTSOCK'] as const]) {
      const { writing, reading } = await streamOf(kind);
      const copying = copyWith(callsWith(kernel), a, writing, { length: 8 });
      await pass(left, reading, 'anything');
      expect(await copying, kind).to.include({ fallback: `SO_SPLICE: ${code}`, bytesOut: 8, path: 'buffers' });
    }
  });

  it('regression 33: splice_error: to end what is over is no error, and a limit is never below 0', () => {
    const limits: bigint[] = [];
    const splice = new SocketSplice(
      (_fd, _level, _name, value) => {
        const view = new DataView(value.buffer, value.byteOffset);
        limits.push(view.getBigInt64(8, true));
        if (view.getInt32(0, true) === -1) throw new IoError('ENOTCONN', 'setsockopt');
      },
      () => new Uint8Array(8),
    );
    expect(() => splice.end(7)).to.not.throw();
    for (const maxBytes of [0, 1, Number.MAX_SAFE_INTEGER]) expect(splice.begin(7, 9, maxBytes)).to.equal(0);
    expect(limits).to.deep.equal([0n, 0n, 1n, BigInt(Number.MAX_SAFE_INTEGER)]);
  });

  it('regression 33: splice_kevent: bytes that the kernel moves make no event and no call', async () => {
    const { left, right, a, b, kernel, transfer } = await spliced();
    const { account } = transfer;
    const before = [account.aToB.calls, account.bToA.calls];
    const { begun } = kernel;
    await pass(left, right, 'there');
    await pass(right, left, 'and back');
    // Those of the outer ends are the test's own.
    expect([account.aToB.calls, account.bToA.calls]).to.deep.equal(before);
    expect([account.aToB.bytesIn, account.bToA.bytesIn]).to.deep.equal([0, 0]);
    expect([kernel.isSpliced(a.fd), kernel.isSpliced(b.fd), kernel.begun]).to.deep.equal([true, true, begun]);
    expect(driver.reactor.driver.counters.fruitlessEvents).to.equal(0);
    await cancelled(transfer);
    expect([account.aToB.bytesIn, account.bToA.bytesIn]).to.deep.equal([5, 8]);
  });

  it('regression 33: splice_limit_bytes: the last byte that is allowed ends it, and the next is for the owner', async () => {
    const running = await spliced({ limits: { aToB: { maxBytes: 129 } } });
    const { left, right, a, kernel, transfer } = running;
    await pass(left, right, 'A'.repeat(127));
    expect([kernel.isSpliced(a.fd), kernel.movedBytes(a.fd)]).to.deep.equal([true, 127]);
    await pass(left, right, 'AB');
    while (transfer.account.aToB.bytesOut < 129) await turns(1);
    right.end();
    const { aToB } = await transfer;
    // The last byte was ours to move.
    expect(aToB).to.include({ bytesIn: 129, bytesOut: 129, splicedBytes: 128, residueBytes: 0 });
    left.send('C');
    expect(await readExactly(a, 1)).to.equal('C');
    expect(kernel.movedBytes(a.fd)).to.equal(128);
  });

  it('regression 33: a limit that is reached to the byte ends its direction, which no event tells', async () => {
    for (const maxBytes of [1, 2, 1000]) {
      const limits = { aToB: { maxBytes } };
      const kernel = new WiredKernel();
      const { left, right, a, b } = kernel.pairs();
      const transfer = joinWith(callsWith(kernel), a, b, { limits });
      await turns(10);
      await pass(left, right, 'x'.repeat(maxBytes));
      right.end();
      const { aToB } = await transfer;
      expect(aToB).to.include({ bytesIn: maxBytes, bytesOut: maxBytes, splicedBytes: maxBytes - 1, residueBytes: 0 });
    }
  });

  it('regression 33: the account of a join counts what the kernel has moved whenever it is asked', async () => {
    const told: number[] = [];
    const { left, right, transfer } = await spliced({ onBytes: (_direction, lengthBytes) => told.push(lengthBytes) });
    await pass(left, right, 'moved');
    expect(transfer.account.aToB).to.include({ bytesIn: 5, bytesOut: 5, splicedBytes: 5 });
    expect(told, 'within the question').to.deep.equal([]);
    await turns(4);
    expect(told).to.deep.equal([5]);
    await cancelled(transfer);
    expect(told).to.deep.equal([5]);
  });

  it('regression 33: a source that a refusal has left busy goes by buffers, then and later', async () => {
    const kernel = new WiredKernel();
    const { left, right, a, b } = kernel.pairs();
    const other = kernel.connection();
    expect(kernel.begin(other.inner.fd, b.fd, 0)).to.equal(0);
    const first = copyWith(callsWith(kernel), a, b, { length: 5 });
    await pass(left, right, 'first');
    expect(await first).to.include({ fallback: 'SO_SPLICE: EBUSY', bytesOut: 5 });
    kernel.end(other.inner.fd);
    const second = copyWith(callsWith(kernel), a, b, { length: 6 });
    await pass(left, right, 'second');
    expect(await second).to.include({ fallback: 'SO_SPLICE: EBUSY', bytesOut: 6 });
    expect(kernel.isSpliced(a.fd)).to.equal(false);
  });

  it('regression 33: splice_limit_timeout: a splice that ends by itself hands back what comes, and the join goes on', async () => {
    // Pollux never asks for the idle time of the option, since its own covers both directions.
    const { left, right, a, b, kernel, transfer } = await spliced();
    const { begun } = kernel;
    await pass(left, right, 'before');
    kernel.timeOut(a.fd);
    await pass(left, right, 'behind');
    await leftTo(kernel, { left, right, a, b });
    expect(kernel.begun).to.be.greaterThan(begun);
    await pass(left, right, 'again');
    const { aToB } = await cancelled(transfer);
    expect(aToB).to.include({ bytesIn: 17, bytesOut: 17, splicedBytes: 11, path: 'so_splice' });
  });

  it('regression 33: splice_listen: a listener is no end of a join, nor of a copy', async () => {
    // That listen fails on a spliced socket has no counterpart: what is joined is connected, and nobody can call listen on it.
    const kernel = new WiredKernel();
    const listener = await listening();
    const { inner } = kernel.connection();
    const end = listener as unknown as Connection;
    for (const transfer of [joinWith(callsWith(kernel), inner, end), joinWith(callsWith(kernel), end, inner)]) {
      expect(await failureOf(transfer)).to.be.instanceOf(TypeError);
    }
    expect(kernel.begun).to.equal(0);
  });

  it('regression 33: splice_loop: bytes that go round for ever leave others their turn, and end by a cancel', async () => {
    const { client, server } = await tcpPair();
    const calls = callsWith(new SplicingKernel([1]));
    client.send('round and round');
    const transfer = joinWith(calls, client, server);
    // What is sent by one comes to the other, and goes back to it by the first: three times at least, and the test has its turns.
    while (transfer.account.bToA.bytesOut < 45) await turns(1);
    const { aToB, bToA } = await cancelled(transfer);
    for (const { bytesIn, bytesOut, residueBytes } of [aToB, bToA]) expect(bytesIn).to.equal(bytesOut + residueBytes);
    // One of them has it, or it is on its way to one of them.
    client.end();
    server.end();
    const [atClient, atServer] = await Promise.all([readAll(client), readAll(server)]);
    expect(atClient.length + atServer.length).to.equal(15);
  });

  it('regression 33: splice_nonblock: as much as goes in comes out', async () => {
    const { left, right, transfer } = await spliced();
    let sentBytes = 0;
    const piece = new Uint8Array(200).fill(65);
    while (left.queuedBytes === 0) {
      left.send(piece);
      sentBytes += piece.length;
      await turns(sentBytes % 20_000 === 0 ? 1 : 0);
    }
    left.end();
    const received = await readAll(right);
    expect(received.length).to.equal(sentBytes);
    expect(received.every(byte => byte === 65)).to.equal(true);
    right.end();
    expect((await transfer).aToB).to.include({ bytesIn: sentBytes, bytesOut: sentBytes, residueBytes: 0 });
  });

  it('regression 33: splice_resplice: the count of the kernel begins anew, that of the join goes on', async () => {
    const { left, right, a, b, kernel, transfer } = await spliced();
    await pass(left, right, 'M');
    await pass(right, left, 'J');
    transfer.pause();
    expect([kernel.isSpliced(a.fd), kernel.isSpliced(b.fd)]).to.deep.equal([false, false]);
    expect([transfer.account.aToB.bytesOut, transfer.account.bToA.bytesOut]).to.deep.equal([1, 1]);
    transfer.resume();
    await leftTo(kernel, { left, right, a, b });
    expect([kernel.movedBytes(a.fd), kernel.movedBytes(b.fd)]).to.deep.equal([0, 0]);
    await pass(left, right, 'M');
    await pass(right, left, 'J');
    const { aToB, bToA } = await cancelled(transfer);
    expect([aToB.bytesOut, bToA.bytesOut, aToB.splicedBytes, bToA.splicedBytes]).to.deep.equal([2, 2, 2, 2]);
  });

  it('regression 33: splice_throughput: both ways at once, of any length', async () => {
    const lengths = fc.integer({ min: 1, max: 1_000_000 });
    await fc.assert(
      fc.asyncProperty(lengths, lengths, async (there, back) => {
        const { left, right, transfer } = await spliced();
        const received = [receiveStream(right), receiveStream(left)];
        const sent = await Promise.all([sendStream(left, there), sendStream(right, back, 7_001)]);
        left.end();
        right.end();
        expect((await Promise.all(received)).map(String)).to.deep.equal(sent.map(String));
        const { aToB, bToA } = await transfer;
        expect([aToB.bytesOut, bToA.bytesOut]).to.deep.equal([there, back]);
        expect([aToB.splicedBytes, bToA.splicedBytes]).to.deep.equal([there, back]);
      }),
      propertyRuns(4),
    );
  });

  it('regression 33: splice_v4v6: an end of IPv4 and one of IPv6', async function () {
    const arrived: Connection[] = [];
    const onConnection = (connection: Connection) => void arrived.push(connection);
    const listener = await listening({ host: '::1', onConnection }).catch(() => this.skip());
    const right = await connected({ host: '::1', port: portOf(listener) });
    const { client: left, server: a } = await tcpPair();
    while (arrived.length === 0) await turns(1);
    const kernel = new SplicingKernel([1]);
    const transfer = joinWith(callsWith(kernel), a, arrived[0]);
    await pass(left, right, 'M');
    await pass(right, left, 'J');
    const { aToB, bToA } = await cancelled(transfer);
    expect([aToB.bytesOut, bToA.bytesOut]).to.deep.equal([1, 1]);
    expect(kernel.begun).to.be.greaterThan(1);
  });
});

describeOnEveryDriver('SO_SPLICE, beyond the cases of FreeBSD', () => {
  it('regression 33: what lies at the source when the splice begins goes first, and is counted', async () => {
    const kernel = new WiredKernel();
    const { left, right, a, b } = kernel.pairs();
    // By buffers the first bytes would be taken before the kernel is asked: this one is asked about more than it is told.
    let arriving: string | undefined = 'residue, ';
    const begin: WiredKernel['begin'] = (source, sink, maxBytes) => {
      if (source === a.fd && arriving !== undefined) {
        kernel.deliver(source, Buffer.from(arriving));
        arriving = undefined;
      }
      return kernel.begin(source, sink, maxBytes);
    };
    const played = {
      begin,
      end: (source: number) => kernel.end(source),
      movedBytes: (source: number) => kernel.movedBytes(source),
    };
    const transfer = joinWith(callsWith(played), a, b);
    expect(await readExactly(right, 9)).to.equal('residue, ');
    await pass(left, right, 'and what follows');
    expect(kernel.residueBytes).to.equal(9);
    expect((await cancelled(transfer)).aToB).to.include({ bytesIn: 25, bytesOut: 25, splicedBytes: 25 });
  });

  it('regression 33: what was sent before the join goes before what is spliced, also to a reader that has stopped', async () => {
    const kernel = new WiredKernel();
    const { left, right, a, b } = kernel.pairs();
    const before = 'sent before '.repeat(100_000);
    b.send(before);
    left.end('spliced behind');
    const transfer = joinWith(callsWith(kernel), a, b);
    await turns(20);
    right.end();
    expect(Buffer.from(await readAll(right)).toString()).to.equal(`${before}spliced behind`);
    expect((await transfer).aToB).to.include({ bytesIn: 14, bytesOut: 14, residueBytes: 0 });
  });

  it('regression 33: the end of both streams, in either order and at once', async () => {
    for (const order of ['left first', 'right first', 'at once']) {
      const { left, right, a, b, transfer } = await spliced();
      const received = [receiveStream(right), receiveStream(left)];
      const [first, second] = order === 'right first' ? [right, left] : [left, right];
      first.end('the last words of one');
      if (order !== 'at once') await received[first === left ? 0 : 1];
      second.end('and of the other');
      const lengths = (await Promise.all(received)).map(({ lengthBytes }) => lengthBytes);
      expect(lengths, order).to.deep.equal(first === left ? [21, 16] : [16, 21]);
      const { aToB, bToA } = await transfer;
      expect([aToB.bytesOut, bToA.bytesOut, aToB.residueBytes, bToA.residueBytes]).to.deep.equal([...lengths, 0, 0]);
      expect([a.isClosed, b.isClosed]).to.deep.equal([true, true]);
    }
  });

  it('regression 33: a stream that has ended before the join: there is nothing to leave to the kernel', async () => {
    const kernel = new WiredKernel();
    const { left, right, a, b } = kernel.pairs();
    left.end();
    expect(await a.read()).to.equal(null);
    const transfer = joinWith(callsWith(kernel), a, b);
    expect((await readAll(right)).length).to.equal(0);
    right.end('answer');
    expect(Buffer.from(await readAll(left)).toString()).to.equal('answer');
    const { aToB, bToA } = await transfer;
    expect([aToB.bytesIn, bToA.bytesIn]).to.deep.equal([0, 6]);
  });

  it('regression 33: a sink that goes while the kernel sends to it ends the join, and every byte is counted once', async () => {
    const { left, right, a, b, transfer } = await spliced();
    void sendStream(left, 4_000_000).catch(() => {});
    let receivedBytes = 0;
    right.onData = chunk => (receivedBytes += chunk.length);
    while (receivedBytes < 200_000) await turns(1);
    right.reset();
    const settled = await Promise.resolve(transfer).catch((failure: Failure) => failure.transfer!);
    const { bytesIn, bytesOut, residueBytes } = settled.aToB;
    expect(bytesIn).to.equal(bytesOut + residueBytes);
    expect(bytesOut).to.be.at.least(receivedBytes);
    expect([a.isClosed, b.isClosed]).to.deep.equal([true, true]);
  });
});

describeOnEveryDriver(
  'SO_SPLICE and time',
  () => {
    it('regression 33: idle means no byte by anybody: those that the kernel moves put the timeout off', async () => {
      const IDLE_MS = 100;
      const { left, right, a, transfer } = await spliced({ idleTimeoutMs: IDLE_MS });
      const settled = failureOf(transfer);
      // A machine that took so long to begin shows nothing.
      if (a.isClosed) return;
      let receivedBytes = 0;
      right.onData = chunk => (receivedBytes += chunk.length);
      const start = performance.now();
      let settledMs = Infinity;
      void settled.then(() => (settledMs = performance.now() - start));
      let longestGapMs = 0;
      for (let last = start; last - start < 3 * IDLE_MS && settledMs === Infinity;) {
        left.send('.');
        await turns(1);
        const now = performance.now();
        longestGapMs = Math.max(longestGapMs, now - last);
        last = now;
      }
      const failure = await settled;
      expect(failure).to.include({ code: 'ETIMEDOUT' });
      expect(failure.transfer!.aToB.bytesOut).to.be.at.least(receivedBytes);
      left.destroy();
      // Between two bytes a busy machine may let more than the timeout pass: that is idle, too.
      if (longestGapMs > IDLE_MS / 2) return;
      expect(receivedBytes).to.be.greaterThan(0);
      expect(settledMs).to.be.at.least(3 * IDLE_MS);
    });
  },
  ['level'],
);

describe('SO_SPLICE and the errors of other systems', () => {
  it('regression 33: every refusal of the cases has a number here, so that a fallback can name it', () => {
    for (const code of ['EINVAL', 'ENOTCONN', 'EBUSY', 'ENOTSOCK', 'EBADF', 'EPROTONOSUPPORT', 'ENOPROTOOPT']) {
      expect(errnoNumber(code), code).to.be.greaterThan(0);
    }
  });
});
