import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { compareReports, type Change } from '../../../../src/cli/stress/comparing/comparison.js';
import { readReports } from '../../../../src/cli/stress/comparing/reading.js';
import { renderComparison } from '../../../../src/cli/stress/comparing/rendering.js';
import { noiseOf } from '../../../../src/cli/stress/comparing/spread.js';
import type { SideResult, StressReport } from '../../../../src/cli/stress/result.js';
import { runPollux } from '../../run-pollux.js';

const DELAYS = { count: 9, p50: 1, p90: 2, p99: 3, p999: 4, max: 5 };

/** A side that moved so many MB/s in each of its seconds. */
function sideOf(seconds: readonly number[]): SideResult {
  const mbPerSecond = seconds.reduce((sum, each) => sum + each, 0) / seconds.length;
  return {
    processes: 1,
    threads: 2,
    connections: { held: 10, peak: 10, opened: 10, closed: 10, failed: 0 },
    heldByThread: { least: 5, most: 5 },
    bytes: 1e9,
    messages: null,
    datagrams: null,
    latencyMs: DELAYS,
    seconds: seconds.length,
    mbPerSecond,
    events: 100,
    eventsPerSecond: 20,
    systemCalls: 1000,
    systemCallsPerMb: 1,
    changes: { asked: 1, sent: 1 },
    cpuSeconds: 1,
    cpuSecondsPerGb: 1,
    rssBytes: 1e8,
    loopLagMs: DELAYS,
    leftOpen: 0,
    perSecond: seconds.map((each, index) => ({
      second: index + 2,
      connections: 10,
      mbPerSecond: each,
      messagesPerSecond: null,
      cpuSecondsPerSecond: each / 1000,
    })),
    errors: {},
  };
}

function reportOf(seconds: readonly number[], asked: Partial<StressReport['asked']> = {}): StressReport {
  const [backend] = asked.backends ?? ['epoll'];
  return {
    pollux: '0.1.0',
    runtime: 'Node 20.20.2',
    kernel: 'Linux 6.18.1',
    asked: {
      sides: 'both',
      backends: [backend],
      transport: 'tcp',
      mode: 'level',
      threads: 2,
      connections: 10,
      rate: 100,
      message: '16k',
      datagrams: null,
      durationSeconds: 5,
      durationFrom: 'start',
      ...asked,
    },
    limits: [],
    results: [
      {
        backend,
        mode: 'level',
        connectionsHeld: 10,
        bytes: 1e9,
        mbPerSecond: 100,
        lostBytes: 0,
        datagrams: null,
        server: sideOf(seconds),
        client: null,
        verdict: 'ok',
      },
    ],
    interrupted: false,
    verdict: 'ok',
  };
}

function rate(before: readonly StressReport[], after: readonly StressReport[]): Change {
  return compareReports(before, after)[0].changes.find(({ figure }) => figure === 'MB/s')!;
}

describe('pollux stress compare', () => {
  it('calls a difference noise that is no greater than that of the seconds of a run', () => {
    const before = reportOf([90, 100, 110, 100]);
    expect(rate([before], [reportOf([95, 105, 115, 105])])).to.include({
      judgement: 'within the noise',
      noiseFrom: 'seconds',
      changePercent: 5,
    });
    expect(rate([before], [reportOf([195, 205, 215, 205])])).to.include({ judgement: 'changed', changePercent: 105 });
  });

  it('takes the spread of several runs where there are several', () => {
    const runs = [100, 101, 99].map(value => reportOf([value]));
    const change = rate(
      runs,
      [103, 104, 105].map(value => reportOf([value])),
    );
    expect(change).to.include({ judgement: 'changed', noiseFrom: 'runs', before: 100, after: 104 });
    // Welch: sqrt(1/3 + 1/3) times the t of four degrees.
    expect(change.noisePercent).to.be.closeTo(2.776 * Math.sqrt(2 / 3), 0.001);
    expect(
      rate(
        runs,
        [101, 103, 99].map(value => reportOf([value])),
      ).judgement,
    ).to.equal('within the noise');
  });

  it('says so where nothing tells the noise, and where nothing changed', () => {
    const { changes } = compareReports([reportOf([100])], [reportOf([200])])[0];
    expect(changes.find(({ figure }) => figure === 'MB/s')!.judgement).to.equal('noise not known');
    expect(changes.find(({ figure }) => figure === 'latency p99, ms')!.judgement).to.equal('same');
    expect(noiseOf({ mean: 1, samples: [1, 1], isOfRuns: true }, { mean: 1, samples: [], isOfRuns: false })).to.equal(
      undefined,
    );
  });

  it('leaves out seconds in which connections were still being opened', () => {
    const opening = reportOf([100, 100, 100, 100]);
    const server = opening.results[0].server!;
    const perSecond = [{ ...server.perSecond[0], connections: 1, mbPerSecond: 1 }, ...server.perSecond];
    const results = [{ ...opening.results[0], server: { ...server, perSecond } }];
    expect(rate([{ ...opening, results }], [reportOf([101, 101, 101])]).judgement).to.equal('changed');
  });

  it('compares two backends and two modes, and says what differed', () => {
    const before = reportOf([1]);
    const after = reportOf([2], { backends: ['poll'], mode: 'edge' });
    const comparisons = compareReports([before], [after]);
    expect(comparisons[0]).to.include({ before: 'epoll', after: 'poll' });
    const text = renderComparison(before, after, comparisons);
    expect(text).to.match(/^mode: level before, edge after$/m);
    expect(text).to.match(/^epoll before, poll after · 1 and 1 runs/m);
    expect(text).to.match(/^server MB\/s +1\.0 +2\.0 +\+100\.0 % +noise not known$/m);
  });

  for (const [field, value] of Object.entries({ transport: 'udp', connections: 11, message: '64', threads: 3 })) {
    it(`refuses results of another ${field}`, () => {
      const other = reportOf([1], { [field]: value });
      expect(() => compareReports([reportOf([1])], [other])).to.throw(
        new RegExp(`can't be compared: ${field} is ${value} there, and \\w+ in the other`),
      );
    });
  }

  it('refuses two results without a backend in common, unless each has one', () => {
    const one = reportOf([1]);
    const two = reportOf([1], { backends: ['poll'] });
    const both = { ...one, results: [...one.results, { ...one.results[0], backend: 'kqueue' }] };
    expect(() => compareReports([two], [both])).to.throw("can't be compared: one has poll, the other epoll, kqueue");
  });

  describe('with files', () => {
    let directory: string;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-test-'))));
    afterEach(() => rmSync(directory, { recursive: true, force: true }));

    function fileOf(name: string, text: string): string {
      const path = join(directory, name);
      writeFileSync(path, text);
      return path;
    }

    it('refuses what is missing, cut, or no result', () => {
      const whole = JSON.stringify(reportOf([1]));
      for (const [text, why] of [
        [whole.slice(0, 200), /x\.json: no JSON, or cut in the middle/],
        ['[]', /x\.json: no result of 'pollux stress --json' of this version/],
        [JSON.stringify({ asked: { sizeBytes: 1 }, results: [] }), /no result of 'pollux stress --json'/],
        [JSON.stringify({ ...reportOf([1]), results: [], verdict: 'it hung' }), /that run has no result: it hung/],
      ] as const) {
        const path = fileOf('x.json', text);
        expect(() => readReports(path), text).to.throw(why);
      }
      expect(() => readReports(join(directory, 'none.json'))).to.throw(/none\.json: ENOENT/);
    });

    it('prints a table, or exits 2 with the reason', async () => {
      const one = fileOf('a.json', JSON.stringify(reportOf([99, 100, 101])));
      const two = fileOf('b.json', JSON.stringify(reportOf([99, 101, 101])));
      const good = await runPollux(['stress', 'compare', one, `${two},${two}`]);
      expect(good.stdout).to.match(/^server MB\/s/m);
      expect(good.status).to.equal(0);
      const other = fileOf('c.json', JSON.stringify(reportOf([1], { transport: 'unix' })));
      const { status, stdout, stderr } = await runPollux(['stress', 'compare', one, other]);
      expect({ status, stdout }).to.deep.equal({ status: 2, stdout: '' });
      expect(stderr).to.equal(
        "pollux: these results: can't be compared: transport is unix there, and tcp in the other\n",
      );
    });
  });
});
