import { expect } from 'chai';
import fc from 'fast-check';
import { Histogram, histogramBetween, quantile } from '../../src/base/histogram.js';
import { propertyRuns } from '../property-runs.js';

describe('histogram', () => {
  it('knows the count, the sum and the largest value exactly', () => {
    const histogram = new Histogram();
    for (const value of [0, 1, 2, 1000]) histogram.record(value);
    expect(histogram.snapshot()).to.include({ count: 4, sum: 1003, max: 1000 });
  });

  it('knows each value to a quarter of its bucket: no bound is more than a quarter above', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 2 ** 31 - 1 }), value => {
        const histogram = new Histogram();
        histogram.record(value);
        const [[bound, count]] = histogram.snapshot().buckets;
        expect(count).to.equal(1);
        expect(bound).to.be.above(value);
        expect(bound).to.be.most(value * 1.25 + 1);
      }),
      propertyRuns(200),
    );
  });

  it('takes fractions of a unit', () => {
    const histogram = new Histogram(1000);
    histogram.record(0.5);
    const [[bound]] = histogram.snapshot().buckets;
    expect(bound).to.be.within(0.5, 0.625);
  });

  it('takes what is no number that it has a bucket for', () => {
    const histogram = new Histogram();
    for (const value of [-1, NaN, 2 ** 40]) histogram.record(value);
    expect(histogram.snapshot().count).to.equal(3);
  });

  it('tells what was recorded between two snapshots', () => {
    const histogram = new Histogram();
    for (let value = 0; value < 100; value++) histogram.record(1000);
    const before = histogram.snapshot();
    for (let value = 0; value < 100; value++) histogram.record(value === 99 ? 50 : 1);
    const between = histogramBetween(histogram.snapshot(), before);
    expect(between).to.include({ count: 100, sum: 149 });
    expect(quantile(between, 0.5)).to.equal(2);
    expect(quantile(between, 1)).to.be.within(50, 62.5);
  });

  it('has no quantile above its largest value, and 0 of nothing', () => {
    const histogram = new Histogram();
    expect(quantile(histogram.snapshot(), 0.99)).to.equal(0);
    histogram.record(1000);
    expect(quantile(histogram.snapshot(), 0.99)).to.equal(1000);
  });
});
