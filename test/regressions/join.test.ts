import { expect } from 'chai';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';
import { joinWith } from '../../src/api/transfer/join.js';
import type { TransferFailure } from '../../src/api/transfer/transfer.js';
import type { Connection, TunnelAccount } from '../../src/index.js';
import { describeOnEveryDriver } from '../support/every-driver.js';
import { faultyRelay, PASS, type Fault } from '../support/faulty-relay-calls.js';
import { joined, receiveStream, sendStream, twoPairs } from '../support/joined.js';
import { SplicingKernel } from '../support/splicing-kernel.js';
import { atEnd, Digest, readAll, readExactly, rejection, turns } from '../support/sockets.js';
import { openDescriptors } from '../support/descriptors.js';
import { runProgram } from '../api/child.js';

const MEGABYTE = 1 << 20;
const isLinux = process.platform === 'linux';

type Failure = TransferFailure<TunnelAccount> & { code?: string };

function failureOf(transfer: PromiseLike<TunnelAccount>): Promise<Failure> {
  return rejection(Promise.resolve(transfer));
}

/** Lets a flood run into a reader that does not read. @returns when nothing moves any more. */
async function stall(account: { bytesIn: number }): Promise<void> {
  for (let before = 0; before !== account.bytesIn || before === 0;) {
    before = account.bytesIn;
    await turns(50);
  }
}

function pipes(): number {
  return openDescriptors().filter(line => line.includes(' pipe:')).length;
}

/** A flood that ends when the connection does. */
function flood(connection: Connection): void {
  void sendStream(connection, 1024 * MEGABYTE).catch(() => {});
}

// Not by edges: an EAGAIN that the kernel did not say is followed by no edge.
describeOnEveryDriver(
  'join under faults',
  () => {
    const places = { 'at the source': 0, 'at the sink': 1 };
    for (const kind of ['EAGAIN', 'EINTR', 'short', 'EINVAL', 'ENOMEM', 'EPERM'] as const) {
      for (const [place, first] of Object.entries(places)) {
        it(`regression 29: ${kind} ${place}, plain or spliced: not a byte lost`, async () => {
          const fault: Fault = { kind, share: 0.3 };
          const faults = Array.from({ length: 200 }, (_, index) => (index % 5 === first + 1 ? fault : PASS));
          const faulty = faultyRelay(faults);
          const { left, right, transfer } = await joined({}, 'TCP', faulty.calls);
          const received = receiveStream(right);
          const sent = await sendStream(left, 8 * MEGABYTE);
          left.end();
          right.end();
          expect(String(await received)).to.equal(String(sent));
          const { aToB } = await transfer;
          expect(aToB).to.include({ bytesIn: 8 * MEGABYTE, bytesOut: 8 * MEGABYTE, residueBytes: 0 });
          if (isLinux && (kind === 'EINVAL' || kind === 'ENOMEM' || kind === 'EPERM')) {
            expect(aToB).to.include({ path: 'buffers', fallback: `splice: ${kind}` });
          }
        });
      }
    }

    it('regression 29: a refusal with bytes in the pipe: they go before what comes by buffers', async () => {
      if (!isLinux) return;
      // Out of the pipe goes a part, and then the rest of it is refused.
      const outOfPipe: Fault[] = [
        { kind: 'short', share: 0.1 },
        { kind: 'EINVAL', share: 0 },
      ];
      const faulty = faultyRelay([], {}, outOfPipe);
      const { left, right, a, b } = await twoPairs();
      const sending = sendStream(left, 4 * MEGABYTE);
      // Enough for full receive calls from the first on.
      await turns(20);
      const transfer = joinWith(faulty.calls, a, b);
      const received = receiveStream(right);
      const sent = await sending;
      left.end();
      right.end();
      expect(String(await received)).to.equal(String(sent));
      const { aToB } = await transfer;
      expect(aToB).to.include({ path: 'buffers', fallback: 'splice: EINVAL', bytesOut: 4 * MEGABYTE });
      expect(aToB.splicedBytes).to.be.greaterThan(0);
    });
  },
  ['level', 'oneshot'],
);

describeOnEveryDriver('join and its pipes', () => {
  it('regression 29: a source that breaks while the sink is full: what was taken is delivered', async () => {
    const { left, right, b, transfer } = await joined({}, 'TCP');
    flood(left);
    await stall(transfer.account.aToB);
    const { aToB } = transfer.account;
    expect(aToB.bytesIn).to.be.greaterThan(aToB.bytesOut);
    left.reset();
    await turns(10);
    let received = 0;
    right.onData = chunk => (received += chunk.length);
    const failure = await failureOf(transfer);
    expect(failure.code).to.equal('ECONNRESET');
    expect(aToB.residueBytes).to.equal(0);
    expect(aToB.bytesOut).to.equal(aToB.bytesIn);
    expect(b.isClosed).to.equal(true);
    await rejection(right.closed);
    expect(received).to.be.greaterThan(0);
  });

  it('regression 30: a sink that stalls costs no CPU', async () => {
    const { left, a, transfer } = await joined({}, 'Unix');
    flood(left);
    await stall(transfer.account.aToB);
    const { counters } = a.reactor.driver;
    const { systemCalls, fruitlessEvents } = counters;
    let share = 1;
    // Threads of V8 have work of their own in some windows; a spin leaves none quiet.
    for (let windows = 0; windows < 20 && share > 0.3; windows++) {
      const cpu = process.cpuUsage();
      const start = performance.now();
      await delay(100);
      const { user, system } = process.cpuUsage(cpu);
      share = (user + system) / 1000 / (performance.now() - start);
    }
    // Turns of the loop are no measure: Node has its own events.
    expect(counters).to.include({ systemCalls, fruitlessEvents });
    expect(share, 'share of a core').to.be.lessThan(0.3);
    transfer.cancel();
    await failureOf(transfer);
    left.destroy();
  });

  it('regression 31: small messages after a flood are not held back', async () => {
    const { left, right, transfer } = await joined();
    const received = new Digest();
    right.onData = chunk => received.add(chunk);
    await sendStream(left, 8 * MEGABYTE);
    while (received.lengthBytes < 8 * MEGABYTE) await turns(1);
    right.onData = undefined;
    const tookMs: number[] = [];
    for (let message = 0; message < 20; message++) {
      const start = performance.now();
      left.send('ping');
      expect(await readExactly(right, 4)).to.equal('ping');
      right.send('pong');
      expect(await readExactly(left, 4)).to.equal('pong');
      tookMs.push(performance.now() - start);
    }
    // Held back by MSG_MORE or SPLICE_F_MORE, each takes 200 ms, either way; a busy machine keeps some waiting.
    expect(Math.min(...tookMs)).to.be.lessThan(150);
    if (isLinux) expect(transfer.account.aToB.path).to.equal('splice');
    transfer.cancel();
    await failureOf(transfer);
  });

  it('an idle join holds no pipe, also after a flood', async () => {
    const before = pipes();
    const { left, right, transfer } = await joined();
    const others = await Promise.all(Array.from({ length: 20 }, () => joined({}, 'Unix')));
    const received = new Digest();
    right.onData = chunk => received.add(chunk);
    expect(pipes()).to.equal(before);
    await sendStream(left, 4 * MEGABYTE);
    while (received.lengthBytes < 4 * MEGABYTE) await turns(1);
    await turns(2);
    // The pool of the thread keeps what the flood needed, for the next one.
    expect(pipes() - before).to.be.at.most(4);
    for (const running of [...others.map(other => other.transfer), transfer]) {
      running.cancel();
      await failureOf(running);
    }
    expect(pipes()).to.equal(before);
  });

  for (const [what, faults] of [
    ['EMFILE', { openFails: { from: 0, code: 'EMFILE' } }],
    ['ENFILE', { openFails: { from: 0, code: 'ENFILE' } }],
    ['EPERM and pipes of two pages', { smallBytes: 8192 }],
  ] as const) {
    it(`regression 32: ${what}: buffers serve`, async () => {
      if (!isLinux) return;
      const faulty = faultyRelay([], faults);
      const { left, right, transfer } = await joined({}, 'TCP', faulty.calls);
      const received = receiveStream(right);
      const sent = await sendStream(left, 16 * MEGABYTE);
      left.end();
      right.end();
      expect(String(await received)).to.equal(String(sent));
      const { aToB } = await transfer;
      const reason = 'openFails' in faults ? `pipe: ${what}` : 'fcntl: EPERM';
      expect(aToB).to.include({ path: 'buffers', fallback: reason, splicedBytes: 0, residueBytes: 0 });
    });
  }

  it('regression 32: EPERM and pipes of half the size: smaller pipes serve', async () => {
    if (!isLinux) return;
    const faulty = faultyRelay([], { smallBytes: 64 * 1024 });
    const { left, right, transfer } = await joined({}, 'TCP', faulty.calls);
    const received = receiveStream(right);
    const sent = await sendStream(left, 16 * MEGABYTE);
    left.end();
    right.end();
    expect(String(await received)).to.equal(String(sent));
    expect((await transfer).aToB).to.include({ path: 'splice', residueBytes: 0 });
  });
});

describe('join and the quota of the kernel', () => {
  it('regression 32: a user who has used up his pipe pages and descriptors is served all the same', async function () {
    if (!isLinux || process.getuid?.() !== 0) this.skip();
    const finished = await runProgram('pipe-quota', { openFiles: 200 });
    expect(finished).to.include({ status: 0, stderr: '' });
    const result = JSON.parse(finished.stdout) as Record<string, { path: string; fallback?: string; bytes: number }>;
    for (const { bytes } of Object.values(result)) expect(bytes).to.equal(8 * MEGABYTE);
    expect(result.free).to.include({ path: 'splice' });
    expect(result.quota).to.include({ path: 'buffers', fallback: 'fcntl: EPERM' });
    expect(result.descriptors).to.include({ path: 'buffers', fallback: 'pipe: EMFILE' });
  });
});

describeOnEveryDriver('join and SO_SPLICE, on a kernel that is played', () => {
  for (const shares of [[1], [0.5, 0], [0.01, 0.99, 0.3, 0, 1]]) {
    it(`regression 33: the kernel moves ${shares.join(', ')} of what waits, buffers the rest: every byte is there and counted`, async () => {
      const kernel = new SplicingKernel(shares);
      const faulty = faultyRelay();
      const { left, right, transfer } = await joined({}, 'TCP', { ...faulty.calls, socketSplice: kernel });
      const received = [receiveStream(right), receiveStream(left)];
      const sent = await Promise.all([sendStream(left, 3 * MEGABYTE, 50_000), sendStream(right, 2 * MEGABYTE, 7_000)]);
      left.end();
      right.end();
      expect((await Promise.all(received)).map(String)).to.deep.equal(sent.map(String));
      const { aToB, bToA } = await transfer;
      expect(aToB).to.include({ bytesIn: 3 * MEGABYTE, bytesOut: 3 * MEGABYTE, path: 'so_splice', residueBytes: 0 });
      expect(bToA).to.include({ bytesIn: 2 * MEGABYTE, bytesOut: 2 * MEGABYTE, path: 'so_splice', residueBytes: 0 });
      expect(kernel.begun).to.be.greaterThan(2);
    });
  }

  it('regression 33: a limit in the midst of it', async () => {
    const options = { limits: { aToB: { maxBytes: 100_001 } } };
    const calls = { ...faultyRelay().calls, socketSplice: new SplicingKernel([0.7, 1]) };
    const { left, right, a, transfer } = await joined(options, 'TCP', calls);
    const sending = sendStream(left, 150_000, 10_000);
    let received = 0;
    right.onData = chunk => (received += chunk.length);
    while (received < 100_001) await turns(1);
    right.end();
    const { aToB } = await transfer;
    expect(aToB).to.include({ bytesIn: 100_001, bytesOut: 100_001, residueBytes: 0 });
    await sending;
    left.end();
    expect((await readAll(a)).length).to.equal(49_999);
    expect(received).to.equal(100_001);
  });

  it('regression 33: a kernel that has it not: ENOPROTOOPT is the reason, and nothing else changes', async () => {
    const calls = { ...faultyRelay().calls, splice: undefined, socketSplice: new SplicingKernel([1], 'ENOPROTOOPT') };
    const { left, right, transfer } = await joined({}, 'TCP', calls);
    left.end('question');
    expect(Buffer.from(await readAll(right)).toString()).to.equal('question');
    right.end();
    const { aToB } = await transfer;
    expect(aToB).to.include({ path: 'buffers', fallback: 'SO_SPLICE: ENOPROTOOPT', bytesOut: 8, splicedBytes: 0 });
  });
});

describeOnEveryDriver(
  'join and time',
  () => {
    const HALF_CLOSE_MS = 300;

    /**
     * Sends a byte now and then from `right` to `left` for longer than the timeouts, and then no more.
     *
     * @returns what ended the transfer, and how long after the last byte: a busy machine may have kept that one waiting.
     */
    async function silentAfter(transfer: PromiseLike<TunnelAccount>, left: Connection, right: Connection) {
      let [isOver, sentMs] = [false, 0];
      left.onData = () => {};
      const over = failureOf(transfer).finally(() => (isOver = true));
      for (let beat = 0; beat < 9 && !isOver; beat++) {
        sentMs = performance.now();
        right.send('.');
        await Promise.race([over, delay(HALF_CLOSE_MS / 6)]);
      }
      const failure = await over;
      left.onData = undefined;
      return [failure, performance.now() - sentMs] as const;
    }

    it('regression 34: a healthy tunnel that is idle is left alone by the half-close timeout', async () => {
      const { left, right, transfer } = await joined({ halfCloseTimeoutMs: HALF_CLOSE_MS });
      await delay(3 * HALF_CLOSE_MS);
      left.send('still here');
      expect(await readExactly(right, 10)).to.equal('still here');
      left.end();
      right.end();
      await transfer;
    });

    it('regression 34: after the first FIN bytes put the timeout off, and silence ends the join', async () => {
      const { left, right, transfer } = await joined({ halfCloseTimeoutMs: HALF_CLOSE_MS });
      left.end();
      const [failure, silentMs] = await silentAfter(transfer, left, right);
      expect(silentMs).to.be.at.least(HALF_CLOSE_MS - 1);
      expect(failure.code).to.equal('ETIMEDOUT');
      expect(failure.message).to.contain('half-closed');
      expect(failure.transfer!.bToA.bytesOut).to.be.at.least(1);
    });

    it('the idle timeout counts from the last byte either way', async () => {
      const { left, right, a, b, transfer } = await joined({ idleTimeoutMs: HALF_CLOSE_MS });
      const [failure, silentMs] = await silentAfter(transfer, left, right);
      expect(silentMs).to.be.at.least(HALF_CLOSE_MS - 1);
      expect(failure).to.include({ code: 'ETIMEDOUT' });
      expect([a.isClosed, b.isClosed]).to.deep.equal([true, true]);
      atEnd(() => left.destroy());
    });
  },
  ['level'],
);

for (const path of ['splice', 'buffers']) {
  describe(`join and memory (${path})`, () => {
    it('regression 35: 1 GiB for a reader that stops again and again: the process grows by less than 4 MiB', async () => {
      const finished = await runProgram('stopped-join', { flags: ['--expose-gc'], args: [path] });
      expect(finished).to.include({ status: 0, stderr: '' });
      const result = JSON.parse(finished.stdout) as { grownBytes: number; receivedBytes: number; path: string };
      expect(result.receivedBytes).to.equal(1 << 30);
      expect(result.grownBytes).to.be.below(4 << 20);
      if (isLinux) expect(result.path).to.equal(path);
    });
  });
}
