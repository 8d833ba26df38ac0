import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect } from 'chai';
import { backendFactory, probeBackends } from '../../../../src/backends/registry.js';
import { batchCurve } from '../../../../src/cli/stress/sweep/batch-sweep.js';
import { modeCurve } from '../../../../src/cli/stress/sweep/mode-sweep.js';
import { queueCurves } from '../../../../src/cli/stress/sweep/queue-sweep.js';
import { rateCurve } from '../../../../src/cli/stress/sweep/rate-sweep.js';
import { renderTable } from '../../../../src/cli/stress/sweep/rendering.js';
import { linearScale, logScale } from '../../../../src/cli/stress/sweep/scale.js';
import { renderSvg } from '../../../../src/cli/stress/sweep/svg.js';
import type { Curve, SweepTable } from '../../../../src/cli/stress/sweep/table.js';
import { scanDescriptors } from '../../../../src/sys/file/descriptor-scan.js';
import { runPollux } from '../../run-pollux.js';

const factories = probeBackends()
  .filter(({ name, probe }) => ['epoll', 'io_uring', 'kqueue', 'poll'].includes(name) && probe.available)
  .map(({ name }) => backendFactory(name));

function checkCurve({ points }: Curve, values: readonly number[]): void {
  expect(points.map(({ x }) => x)).to.deep.equal(values);
  for (const { y } of points) expect(y).to.be.a('number').and.be.at.least(0);
}

const table: SweepTable = {
  sweep: 'rate',
  title: 'A <plot> & its table',
  x: 'kevents',
  y: 'percent',
  curves: [
    {
      name: 'one',
      points: [
        { x: 10, y: 1.25 },
        { x: 1000, y: null },
        { x: 100_000, y: 300 },
      ],
    },
    { name: 'other', points: [{ x: 1000, y: 20 }] },
  ],
};

describe('pollux stress sweep', () => {
  for (const factory of factories) {
    it(`${factory.name}: measures changes and events in its modes, and leaves no descriptor`, async () => {
      const before = scanDescriptors();
      for (const mode of ['level', 'oneshot'] as const) {
        checkCurve(batchCurve(factory, mode, [1, 8], 3), [1, 8]);
        checkCurve(modeCurve(factory, mode, [1, 8], 3), [1, 8]);
      }
      checkCurve(modeCurve(factory, 'edge', [3], 3), [3]);
      const { points } = await rateCurve(factory, 'oneshot', [1, 1e9], 3);
      // Nobody does a billion.
      expect(points[1]).to.deep.equal({ x: 1e9, y: null });
      expect(scanDescriptors()).to.deep.equal(before);
    });
  }

  it('measures threads on one queue and on a queue each, and leaves no descriptor', async () => {
    const curves = await queueCurves([1, 2], 5);
    expect(curves.map(({ name }) => name)).to.deep.equal(['one queue for all', 'a queue each']);
    for (const curve of curves) checkCurve(curve, [1, 2]);
  });

  it('prints a table with a line for each value, and says what could not be done', () => {
    expect(renderTable(table).split('\n')).to.deep.equal([
      'A <plot> & its table (percent)',
      '',
      'kevents        one   other',
      '     10        1.3        ',
      '  1,000   too many      20',
      '100,000        300        ',
    ]);
  });

  it('draws all that was measured, within the picture, as XML without scripts', () => {
    const svg = renderSvg([table, table], 'on "this" machine');
    expect(svg).to.match(/^<svg xmlns="http:\/\/www\.w3\.org\/2000\/svg" viewBox="0 0 560 \d+"/);
    expect(svg).to.contain('A &#60;plot&#62; &#38; its table').and.to.contain('on &#34;this&#34; machine');
    expect(svg)
      .to.contain('prefers-color-scheme:dark')
      .and.not.to.contain('<script')
      .and.not.to.match(/NaN|Infinity/);
    const lines = [...svg.matchAll(/class="line" stroke="#\w+" d="([^"]*)"/g)].map(([, path]) => path);
    // The gap in the first curve.
    expect(lines.slice(0, 2)).to.deep.equal(['M0 219.1M456 0', 'M228 205.3']);
    for (const [, x, y] of lines.join('').matchAll(/[ML]([\d.]+) ([\d.]+)/g)) {
      expect(Number(x)).to.be.within(0, 456);
      expect(Number(y)).to.be.within(0, 220);
    }
  });

  it('axes end at or above the greatest value, and have few round ticks', () => {
    for (const most of [0.001, 0.7, 1, 3, 42, 100, 101, 999, 12_345, 1e9]) {
      const { ticks, at } = linearScale(most);
      expect(at(most)).to.be.within(0.5, 1.001);
      expect(ticks.length).to.be.within(3, 7);
    }
    expect(logScale([1, 10, 100]).at(10)).to.be.closeTo(0.5, 1e-9);
    expect(logScale([7]).at(7)).to.equal(0.5);
  });

  it('the command prints tables, and writes JSON and SVG to files', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-test-'));
    try {
      const [svg, json] = [join(directory, 'plot.svg'), join(directory, 'result.json')];
      const sizes = ['--batch', '1,4', '--threads', '1,2', '--kevents-per-second', '100', '--duration', '0.01'];
      const { status, stdout } = await runPollux(['stress', 'sweep', ...sizes, '--svg', svg, '--json', json]);
      expect(stdout.match(/^(A change|An event|Threads|So many)/gm)).to.have.length(4);
      const { tables } = JSON.parse(readFileSync(json, 'utf8')) as { tables: SweepTable[] };
      expect(tables.map(({ sweep }) => sweep)).to.deep.equal(['batch', 'mode', 'queues', 'rate']);
      expect(readFileSync(svg, 'utf8')).to.match(/^<svg [^]*<\/svg>\n$/);
      expect(status).to.equal(0);
    } finally {
      rmSync(directory, { recursive: true });
    }
  });

  it('bad values exit 2 and say what is allowed', async () => {
    for (const [args, says] of [
      [['--only', 'batch,cost'], /'batch,cost' is invalid\. Allowed: batch, mode, queues, rate, with commas/],
      [['--batch', '8,1'], /'8,1' is invalid\. Allowed: integers from 1 to 8192, ascending/],
    ] as const) {
      const { status, stderr } = await runPollux(['stress', 'sweep', ...args]);
      expect(status).to.equal(2);
      expect(stderr).to.match(says);
    }
  });
});
