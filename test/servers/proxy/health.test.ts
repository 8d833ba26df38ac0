/** The health of an upstream by itself, on a clock of the test's. */
import { expect } from 'chai';
import { array, assert, constantFrom, integer, property, tuple } from 'fast-check';
import { Health, type HealthLimits } from '../../../src/servers/proxy/health/health.js';
import { HEALTH_STATES, HEALTH_TRANSITIONS } from '../../../src/servers/proxy/health/health-states.js';
import { propertyRuns } from '../../property-runs.js';

const limits = (given: Partial<HealthLimits> = {}): HealthLimits => ({
  failures: 2,
  restMs: 100,
  slowStartMs: 0,
  rise: 2,
  fall: 3,
  ...given,
});

describe('the health of an upstream', () => {
  it('rests after so many failures in a row, and then has one connection try it', () => {
    const health = new Health(limits());
    health.failed(0);
    health.connected(1);
    health.failed(2);
    expect(health.isUsable(3)).to.equal(true);
    health.failed(4);
    expect([health.isUsable(5), health.state]).to.deep.equal([false, 'resting']);
    expect(health.isUsable(104)).to.equal(true);
    health.chosen(104);
    expect([health.isUsable(105), health.state]).to.deep.equal([false, 'trying']);
    health.failed(106);
    expect(health.state).to.equal('resting');
    expect(health.isUsable(206)).to.equal(true);
    health.chosen(206);
    health.connected(207);
    expect(health.state).to.equal('up');
  });

  it('may be tried again when the one that tried it was given up', () => {
    const health = new Health(limits({ failures: 1 }));
    health.failed(0);
    expect(health.isUsable(100)).to.equal(true);
    health.chosen(100);
    health.spared(101);
    expect(health.isUsable(102)).to.equal(true);
  });

  it('falls by checks, and rises by checks alone', () => {
    const health = new Health(limits());
    for (const passed of [false, false, true, false, false]) health.checked(passed, 0);
    expect(health.state).to.equal('up');
    health.checked(false, 1);
    expect(health.state).to.equal('down');
    health.connected(2);
    expect(health.isUsable(10_000)).to.equal(false);
    health.checked(true, 3);
    health.checked(true, 4);
    expect(health.state).to.equal('up');
  });

  it('starts slowly when it comes back, and not when it begins', () => {
    const health = new Health(limits({ failures: 1, slowStartMs: 1000 }));
    expect(health.share(0)).to.equal(1);
    health.failed(0);
    health.isUsable(100);
    health.chosen(100);
    health.connected(100);
    expect([health.share(100), health.share(600), health.share(1100)]).to.deep.equal([0.1, 0.5, 1]);
  });

  it('a success leads to up from every state but down, and down only checks leave', () => {
    for (const state of HEALTH_STATES) {
      const { connected, rose } = HEALTH_TRANSITIONS[state];
      if (state === 'down') expect([connected, rose]).to.deep.equal([undefined, 'up']);
      else if (state !== 'up') expect([connected, rose]).to.deep.equal(['up', 'up']);
    }
  });

  it('comes back whatever has happened, once it is tried with success', () => {
    const step = tuple(
      constantFrom('chosen', 'spared', 'connected', 'failed', 'passed', 'missed'),
      integer({ min: 0, max: 80 }),
    );
    assert(
      property(array(step, { maxLength: 60 }), steps => {
        const health = new Health(limits({ slowStartMs: 50 }));
        let nowMs = 0;
        for (const [what, laterMs] of steps) {
          nowMs += laterMs;
          if (what === 'passed' || what === 'missed') health.checked(what === 'passed', nowMs);
          else if (what !== 'chosen' || health.isUsable(nowMs)) health[what](nowMs);
          expect(health.share(nowMs)).to.be.within(0.1, 1);
        }
        health.connected(nowMs);
        for (let passed = 0; passed < 2; passed++) health.checked(true, nowMs);
        expect([health.isUsable(nowMs), health.state]).to.deep.equal([true, 'up']);
      }),
      propertyRuns(200),
    );
  });
});
