/** Limits by themselves: what comes through a bucket, and how many there are of each source. */
import { expect } from 'chai';
import { array, assert, boolean, double, integer, property, tuple } from 'fast-check';
import { AcceptGate } from '../../../src/servers/proxy/listeners/accept-gate.js';
import { SourceCounts } from '../../../src/servers/proxy/limits/source-counts.js';
import { TokenBucket } from '../../../src/servers/proxy/limits/token-bucket.js';
import { propertyRuns } from '../../property-runs.js';

/** @returns false: there is none. */
function take(bucket: TokenBucket, nowMs: number): boolean {
  if (bucket.delayMs(nowMs) > 0) return false;
  bucket.charge(nowMs);
  return true;
}

describe('a token bucket', () => {
  const rates = tuple(double({ min: 0.5, max: 5000, noNaN: true }), integer({ min: 1, max: 100 }));

  it('lets no more through than its rate and one bucket, in any stretch of time', () => {
    assert(
      property(rates, array(integer({ min: 0, max: 400 }), { minLength: 1, maxLength: 60 }), ([rate, most], gaps) => {
        const bucket = new TokenBucket(rate, most);
        // How many had been taken when, at most one entry a step.
        const steps: [number, number][] = [];
        let total = 0;
        let nowMs = 1;
        for (const gap of gaps) {
          nowMs += gap;
          const before = total;
          while (take(bucket, nowMs)) total++;
          steps.push([nowMs, before]);
          for (const [from, then] of steps) {
            expect(total - then).to.be.at.most(most + ((nowMs - from) * rate) / 1000 + 1e-6);
          }
        }
      }),
      propertyRuns(60),
    );
  });

  it('lets those wait longer that come behind more than it had', () => {
    const bucket = new TokenBucket(20, 2);
    for (let count = 0; count < 3; count++) bucket.charge(1);
    expect(bucket.delayMs(1)).to.be.closeTo(100, 1e-6);
  });

  it('has one when it said that it would, and not much earlier', () => {
    assert(
      property(rates, ([rate, most]) => {
        const bucket = new TokenBucket(rate, most);
        let nowMs = 5;
        while (take(bucket, nowMs));
        const delayMs = bucket.delayMs(nowMs);
        expect(take(bucket, nowMs + delayMs / 2)).to.equal(false);
        nowMs += delayMs + 1e-6;
        expect(take(bucket, nowMs)).to.equal(true);
      }),
      propertyRuns(100),
    );
  });

  it('takes a clock that stands still or goes back for no time', () => {
    const bucket = new TokenBucket(1000, 1);
    expect([take(bucket, 50), take(bucket, 50), take(bucket, 10), take(bucket, 50)]).to.deep.equal([
      true,
      false,
      false,
      false,
    ]);
  });
});

describe('counts of sources', () => {
  it('refuse beyond the most, and keep nothing of sources that are gone', () => {
    assert(
      property(array(tuple(integer({ min: 0, max: 3 }), boolean())), steps => {
        const counts = new SourceCounts(2);
        const model = [0, 0, 0, 0];
        for (const [source, comes] of steps) {
          if (comes) {
            expect(counts.add(`${source}`)).to.equal(model[source] < 2);
            model[source] = Math.min(2, model[source] + 1);
          } else if (model[source] > 0) {
            counts.remove(`${source}`);
            model[source]--;
          }
          expect(counts.size).to.equal(model.filter(count => count > 0).length);
        }
      }),
      propertyRuns(100),
    );
  });
});

describe('the gate of a listener', () => {
  it('is open only while no reason holds it', () => {
    const told: boolean[] = [];
    const gate = new AcceptGate(Infinity, isOpen => told.push(isOpen));
    gate.hold('rate');
    gate.hold('proxy');
    gate.release('rate');
    expect([told, gate.isHeld]).to.deep.equal([[false], true]);
    gate.release('proxy');
    gate.release('proxy');
    expect([told, gate.isHeld]).to.deep.equal([[false, true], false]);
  });

  it('opens for good when the listener is drained', () => {
    const told: boolean[] = [];
    const gate = new AcceptGate(1, isOpen => told.push(isOpen));
    gate.onAccepted();
    gate.end();
    gate.onAccepted();
    gate.hold('proxy');
    expect(told).to.deep.equal([false, true]);
  });
});
