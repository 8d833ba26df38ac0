import { createHistogram } from 'node:perf_hooks';
import { expect } from 'chai';
import fc from 'fast-check';
import { DelayHistogram } from '../../../../src/cli/stress/timing/delay-histogram.js';

describe('pollux stress: delays', () => {
  it('have the percentiles of an HdrHistogram of two digits, which is what Node has', () => {
    const microseconds = fc.integer({ min: 1, max: 60_000_000 });
    fc.assert(
      fc.property(fc.array(microseconds, { minLength: 1, maxLength: 300 }), values => {
        const hdr = createHistogram({ lowest: 1, highest: 3_600_000_000, figures: 2 });
        const own = new DelayHistogram();
        for (const value of values) {
          hdr.record(value);
          own.record(value / 1000);
        }
        const { p50, p90, p99, p999, max, count } = own.summary;
        const greatest = Math.max(...values);
        for (const [percent, found] of [
          [50, p50],
          [90, p90],
          [99, p99],
          [99.9, p999],
        ]) {
          // Node rounds to the nearest rank, and HdrHistogram up. Its last bucket ends beyond the greatest value.
          const rank = Math.ceil((values.length * percent) / 100 - 1e-9);
          const reached = hdr.percentile((100 * (rank - 0.25)) / values.length);
          expect(found, `${percent} %`).to.equal(Math.min(reached, greatest) / 1000);
        }
        expect({ max, count }).to.deep.equal({ max: greatest / 1000, count: values.length });
      }),
    );
  });

  it('of several threads add up to those of one', () => {
    const delays = fc.array(fc.array(fc.integer({ min: 0, max: 1_000_000 }), { maxLength: 30 }), { maxLength: 5 });
    fc.assert(
      fc.property(delays, threads => {
        const all = new DelayHistogram();
        const sum = new DelayHistogram();
        for (const thread of threads) {
          const one = new DelayHistogram();
          for (const each of thread) {
            one.record(each / 1000);
            all.record(each / 1000);
          }
          sum.add(one);
        }
        expect(sum.summary).to.deep.equal(all.summary);
      }),
    );
  });

  it('longer than half an hour count as the longest, and the maximum is still true', () => {
    const delays = new DelayHistogram();
    delays.record(10_000_000);
    expect(delays.summary).to.include({ count: 1, max: 10_000_000 });
    expect(delays.summary.p50).to.be.within(2_147_000, 2_148_000);
  });
});
