import { expect } from 'chai';
import fc from 'fast-check';
import { Pace } from '../../../src/core/transfers/pace.js';
import { PACE_BURST_MS } from '../../../src/core/limits.js';

describe('Pace', () => {
  it('allows everything without a limit', () => {
    const pace = new Pace();
    expect(pace.isLimited).to.equal(false);
    expect(pace.allow(1e12, 0)).to.equal(1e12);
    pace.spend(1e12);
    expect(pace.allow(1e12, 0)).to.equal(1e12);
    expect(pace.delayMs(0)).to.equal(0);
  });

  it('begins with one burst, then earns by time', () => {
    const pace = new Pace(10_000);
    expect(pace.allow(5000, 0)).to.equal(1000);
    pace.spend(1000);
    expect(pace.allow(5000, 0)).to.equal(0);
    expect(pace.delayMs(0)).to.be.closeTo(50, 0.1);
    expect(pace.allow(5000, 20), 'not worth a call yet').to.equal(0);
    expect(pace.allow(5000, 60)).to.equal(600);
  });

  it('never allows more than rate times time and one burst, and delayMs never lets down', () => {
    const steps = fc.array(
      fc.record({ wanted: fc.integer({ min: 1, max: 1 << 20 }), share: fc.double({ min: 0, max: 1, noNaN: true }) }),
      { minLength: 1, maxLength: 60 },
    );
    fc.assert(
      fc.property(fc.double({ min: 0.5, max: 1e9, noNaN: true }), steps, (rate, program) => {
        const pace = new Pace(rate);
        let now = 5;
        let moved = 0;
        for (const { wanted, share } of program) {
          let allowed = pace.allow(wanted, now);
          if (allowed === 0) {
            now += pace.delayMs(now);
            allowed = pace.allow(wanted, now);
            expect(allowed).to.be.greaterThan(0);
          }
          expect(allowed).to.be.at.most(wanted);
          const took = Math.ceil(allowed * share);
          pace.spend(took);
          moved += took;
          const most = (rate * (now - 5)) / 1000 + Math.max(1, (rate * PACE_BURST_MS) / 1000);
          expect(moved).to.be.at.most(most + 1);
        }
      }),
    );
  });

  it('takes another rate at any time, without a debt from the time without one', () => {
    const pace = new Pace(1);
    pace.spend(pace.allow(1, 0));
    pace.bytesPerSecond = Infinity;
    pace.spend(pace.allow(1e9, 0));
    pace.bytesPerSecond = 1000;
    expect(pace.allow(1e9, 0)).to.equal(100);
  });

  it('refuses what is no rate', () => {
    for (const rate of [0, -1, NaN, '5' as unknown as number]) {
      expect(() => new Pace(rate)).to.throw(RangeError, /bytesPerSecond: .*; allowed: numbers above 0/);
    }
  });
});
