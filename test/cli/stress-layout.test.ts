/** How threads, connections and processes are dealt out, and how the accounts of many become one. */
import { expect } from 'chai';
import fc from 'fast-check';
import { sumUp, type ThreadAccount } from '../../src/cli/stress/account.js';
import { DelayHistogram } from '../../src/cli/stress/timing/delay-histogram.js';
import { layOut, layOutServer, share } from '../../src/cli/stress/layout.js';
import { resourceLimit } from '../../src/sys/process/resource-limits.js';

const sum = (numbers: readonly number[]) => numbers.reduce((total, each) => total + each, 0);

function account(begin: number, end: number, cpu: readonly [number, number], held: number): ThreadAccount {
  return {
    connections: { held, peak: held, opened: held, closed: held, failed: 0 },
    bytes: 1_000_000 * held,
    period: { begin: { atMs: begin, cpuMicroseconds: cpu[0] }, end: { atMs: end, cpuMicroseconds: cpu[1] } },
    events: 10,
    systemCalls: 20,
    changes: { asked: 3, sent: 2 },
    messages: held,
    datagrams: null,
    delays: { counts: [], maxMs: 0 },
    lag: { counts: [0, 1], maxMs: held },
    errors: { ECONNRESET: 1 },
  };
}

describe('pollux stress: layout', () => {
  it('deals out what there is, with parts that differ by one at most', () => {
    fc.assert(
      fc.property(fc.nat(100_000), fc.integer({ min: 1, max: 256 }), (whole, parts) => {
        const shares = share(whole, parts);
        expect(shares).to.have.length(parts);
        expect(sum(shares)).to.equal(whole);
        expect(Math.max(...shares) - Math.min(...shares)).to.be.at.most(1);
      }),
    );
  });

  it('gives no process more than it may open, and every thread and connection a place', () => {
    const { soft } = resourceLimit('openFiles');
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 200_000 }), fc.integer({ min: 1, max: 256 }), (wanted, threads) => {
        const { processes, connections, limits } = layOut(wanted, threads, 'tcp');
        expect(sum(processes)).to.equal(connections.length).and.to.equal(Math.min(threads, wanted));
        expect(sum(connections)).to.be.at.most(wanted);
        if (sum(connections) < wanted) expect(limits).to.not.have.length(0);
        let first = 0;
        for (const count of processes) {
          expect(sum(connections.slice(first, first + count))).to.be.below(soft);
          first += count;
        }
      }),
    );
  });

  it('makes room on a server alone for 4,096 connections a thread', () => {
    const processes = layOutServer(8);
    expect(sum(processes)).to.equal(8);
    const room = resourceLimit('openFiles').soft;
    if (room > 5_000) expect(Math.max(...processes) * 4096).to.be.below(room);
  });
});

describe('pollux stress: accounts', () => {
  it('adds threads up: processor time once a process, the time from the first begin to the last end', () => {
    const idle: ThreadAccount = { ...account(0, 0, [0, 0], 0), period: null, errors: {} };
    const result = sumUp(
      [
        {
          threads: [account(1_000, 3_000, [100, 500_100], 2), account(1_500, 3_500, [200, 600_100], 3)],
          rssBytes: 7,
          leftOpen: 0,
        },
        { threads: [account(2_000, 5_000, [0, 400_000], 5), idle], rssBytes: 8, leftOpen: 1 },
      ],
      [],
    );
    expect(result).to.deep.include({
      processes: 2,
      threads: 4,
      connections: { held: 10, peak: 10, opened: 10, closed: 10, failed: 0 },
      heldByThread: { least: 0, most: 5 },
      bytes: 10_000_000,
      seconds: 4,
      mbPerSecond: 2.5,
      changes: { asked: 12, sent: 8 },
      cpuSeconds: 1,
      rssBytes: 15,
      leftOpen: 1,
      messages: 10,
      latencyMs: null,
      errors: { ECONNRESET: 3 },
    });
  });

  it('merges delays: percentiles of all threads, at most 1 % too high and never too low', () => {
    const delay = fc.double({ min: 0.001, max: 60_000, noNaN: true });
    fc.assert(
      fc.property(fc.array(fc.array(delay, { maxLength: 40 }), { minLength: 1, maxLength: 8 }), threads => {
        const all = new DelayHistogram();
        for (const delays of threads) {
          const one = new DelayHistogram();
          for (const each of delays) one.record(each);
          all.add(one);
        }
        const sorted = threads.flat().sort((a, b) => a - b);
        const { summary } = all;
        if (sorted.length === 0) {
          expect(summary).to.deep.equal({ count: 0, p50: 0, p90: 0, p99: 0, p999: 0, max: 0 });
          return;
        }
        for (const [percent, found] of [
          [50, summary.p50],
          [99, summary.p99],
        ]) {
          const exact = sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)];
          expect(found).to.be.within(exact - 0.001, Math.max(exact * 1.01, 0.002) + 0.001);
        }
        expect(summary.max).to.be.closeTo(sorted.at(-1)!, 0.001);
      }),
    );
  });
});
