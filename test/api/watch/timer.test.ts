import { expect } from 'chai';
import { watchTimer, type TimerOptions, type TimeUnit } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { turns } from '../../support/sockets.js';
import { kept, Told } from './told.js';

/** Monotonic, in milliseconds. */
const now = () => performance.now();

describeOnEveryDriver(
  'watchTimer()',
  driver => {
    const units: [TimeUnit, number][] = [
      ['ms', 20],
      ['us', 20_000],
      ['ns', 20_000_000],
    ];
    for (const [unit, amount] of units) {
      it(`after ${amount} ${unit}: once, not early, and closed then`, async () => {
        const start = now();
        const watch = kept(watchTimer({ after: amount, unit }));
        expect(await watch.next()).to.equal(1);
        expect(now() - start).to.be.at.least(20);
        expect(watch.isClosed).to.equal(true);
        expect(await watch.next()).to.equal(null);
      });
    }

    it('seconds are seconds', async () => {
      const start = now();
      expect(await kept(watchTimer({ after: 1, unit: 's' })).next()).to.equal(1);
      expect(now() - start).to.be.at.least(1000);
    });

    it('after 0: at once', async () => {
      expect(await kept(watchTimer({ after: 0 })).next()).to.equal(1);
    });

    it('every: again and again, and silent once it is closed', async () => {
      const told = new Told<number>();
      const watch = kept(watchTimer({ every: 2 }, told.handler));
      for (let count = 0; count < 3; count++) expect(await told.next()).to.be.at.least(1);
      watch.close();
      watch.close();
      const before = told.all.length;
      await turns();
      expect(told.all).to.have.length(before);
    });

    it('counts what expired while the thread was busy', async () => {
      const told = new Told<number>();
      kept(watchTimer({ every: 1_000, unit: 'us' }, told.handler));
      const next = told.next();
      const end = now() + 30;
      while (now() < end);
      expect(await next).to.be.within(29, 10_000);
    });

    it('counts what expired while nobody asked for the next', async () => {
      const watch = kept(watchTimer({ every: 1 }));
      await kept(watchTimer({ after: 25 })).next();
      expect(await watch.next()).to.be.at.least(10);
    });

    it('at: when the wall clock shows it, at once if that is past', async () => {
      const at = new Date(Date.now() + 25);
      expect(await kept(watchTimer({ at })).next()).to.equal(1);
      expect(Date.now()).to.be.at.least(at.getTime());
      expect(await kept(watchTimer({ at: 0 })).next()).to.equal(1);
      expect(await kept(watchTimer({ at: Math.floor(Date.now() / 1000) - 1, unit: 's' })).next()).to.equal(1);
    });

    it('for await: until the loop is left, which closes it', async () => {
      const watch = kept(watchTimer({ every: 1 }));
      let sum = 0;
      for await (const expirations of watch) {
        sum += expirations;
        if (sum >= 3) break;
      }
      expect(watch.isClosed).to.equal(true);
    });

    it('closing it ends a next() that waits', async () => {
      const watch = kept(watchTimer({ after: 3600, unit: 's' }));
      const next = watch.next();
      expect(() => watch.next()).to.throw(Error, 'another next()');
      watch.close();
      expect(await next).to.equal(null);
    });

    it('a handler and next() exclude each other', () => {
      const watch = kept(watchTimer({ after: 1000 }, () => {}));
      expect(() => watch.next()).to.throw(Error, 'has a handler');
    });

    it('a hundred at a time: each expires, once and not early', async () => {
      const start = now();
      const early: number[] = [];
      const waits = Array.from({ length: 100 }, async (_, index) => {
        expect(await kept(watchTimer({ after: index })).next()).to.equal(1);
        if (now() - start < index) early.push(index);
      });
      await Promise.all(waits);
      expect(early).to.deep.equal([]);
    });

    const senseless: [string, TimerOptions, new () => Error, string][] = [
      ['a negative time', { after: -1 }, RangeError, 'after: -1 ms; allowed: integers from 0'],
      ['a negative period', { every: -5, unit: 's' }, RangeError, 'every: -5 s'],
      ['a period of 0', { every: 0 }, RangeError, 'every: 0 ms; allowed: integers from 1'],
      ['a fraction', { after: 0.5 }, RangeError, 'after: 0.5 ms'],
      ['NaN', { after: NaN }, RangeError, 'after: NaN'],
      ['more than a kernel counts', { after: 2 ** 31, unit: 's' }, RangeError, 'to 2147483646'],
      ['no date', { at: new Date('never') }, RangeError, 'at: NaN'],
      ['a negative date', { at: new Date(-1) }, RangeError, 'at: -1 ms'],
      ['nothing', {}, TypeError, 'exactly one of after, every, at'],
      ['two times', { after: 1, every: 1 }, TypeError, 'after and every; allowed'],
      ['another unit', { after: 1, unit: 'minutes' as TimeUnit }, TypeError, "unit: 'minutes'"],
    ];
    for (const [what, options, kind, words] of senseless) {
      it(`refuses ${what}, and the backend goes on`, async () => {
        expect(() => watchTimer(options)).to.throw(kind, words);
        expect(await kept(watchTimer({ after: 1 })).next()).to.equal(1);
      });
    }

    it('refuses what is no time and no callback, by name', () => {
      for (const [options, message] of [
        [undefined, 'options: undefined; allowed: an object'],
        [null, 'options: null; allowed: an object'],
        [5, 'options: number; allowed: an object'],
        [{ after: '5' }, 'after: string; allowed: a number of units'],
        [{ after: new Date() }, 'after: Date; allowed: a number of units'],
        [{ every: 5n }, 'every: bigint; allowed: a number of units'],
        [{ at: null }, 'at: null; allowed: a Date, or a number of units'],
        [{ after: 1, every: 1 }, 'options: after and every; allowed: exactly one of after, every, at'],
        [{}, 'options: no time; allowed: exactly one of after, every, at'],
      ] as const) {
        expect(() => watchTimer(options as never)).to.throw(TypeError, message);
      }
      expect(() => watchTimer({ after: 1 }, null as never)).to.throw(TypeError, 'onExpired: null; allowed: a function');
    });

    it('the longest times there are do not expire', async () => {
      const told = new Told<number>();
      kept(watchTimer({ after: 2 ** 31 - 2, unit: 's' }, told.handler));
      kept(watchTimer({ after: 365 * 86_400_000 }, told.handler));
      kept(watchTimer({ at: 4_000_000_000, unit: 's' }, told.handler));
      kept(watchTimer({ after: Number.MAX_SAFE_INTEGER, unit: 'ns' }, told.handler));
      await turns();
      await kept(watchTimer({ after: 5 })).next();
      expect(told.all).to.deep.equal([]);
    });

    it('costs no change per expiration', async () => {
      const watch = kept(watchTimer({ every: 1 }));
      await watch.next();
      const { changesSent } = driver.reactor.driver.backend.counters;
      for (let count = 0; count < 5; count++) await watch.next();
      expect(driver.reactor.driver.backend.counters.changesSent).to.equal(changesSent);
    });
  },
  ['level'],
);
