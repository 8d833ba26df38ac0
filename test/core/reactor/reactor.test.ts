import { expect } from 'chai';
import { performance } from 'node:perf_hooks';
import { READABLE } from '../../../src/backends/contract.js';
import { REACTOR_MODES } from '../../../src/core/driver/mode.js';
import { Reactor } from '../../../src/core/reactor/reactor.js';
import { NO_TIMER, type TimerOwner } from '../../../src/core/reactor/timers.js';
import { close, pipe } from '../../../src/sys/file/io.js';
import { builtInBackends } from '../../backends/built-in-backends.js';

/** The lowest number that the next descriptor gets: the same as before if none was left open. */
function nextDescriptor(): number {
  const [readEnd, writeEnd] = pipe();
  close(readEnd);
  close(writeEnd);
  return readEnd;
}

function timer(run: () => void): TimerOwner {
  return { onTimer: run };
}

/** Keeps the processor busy, as a long callback does. */
function compute(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

for (const backend of builtInBackends()) {
  describe(`core: reactor (${backend})`, () => {
    let reactor: Reactor;
    let entered = 0;
    /** A handle, so that turns are run. */
    const enter = () => {
      entered++;
      reactor.enter(true);
    };
    const turnsPast = async (count = 2) => {
      const { turns } = reactor.counters;
      while (reactor.counters.turns < turns + count) await new Promise(resolve => setImmediate(resolve));
    };

    beforeEach(() => {
      reactor = new Reactor({ backend });
      entered = 0;
    });
    afterEach(() => {
      while (entered-- > 0) reactor.leave(true);
      reactor.close();
    });

    it('says which backend it has and why', () => {
      expect([reactor.driver.backend.name, reactor.reason]).to.deep.equal([backend, 'asked for by name']);
    });

    it('runs no turns without handles', async () => {
      await new Promise(resolve => setTimeout(resolve, 5));
      expect(reactor.counters.turns).to.equal(0);
    });

    it('says how busy the thread is, in the shape of eventLoopUtilization', async () => {
      enter();
      let before = reactor.utilization();
      let rested = before;
      // A busy machine may keep the thread from going to sleep until there is something to do again.
      for (let idleMs = 0; idleMs <= 50; idleMs = rested.idle - before.idle) {
        before = reactor.utilization();
        await new Promise(resolve => setTimeout(resolve, 100));
        rested = reactor.utilization();
      }
      compute(100);
      const computed = reactor.utilization();
      const idle = reactor.utilization(rested, before);
      expect(idle).to.have.all.keys('idle', 'active', 'utilization');
      expect(idle.utilization).to.be.closeTo(idle.active / (idle.idle + idle.active), 1e-9);
      const busy = reactor.utilization(computed, rested);
      expect([busy.idle, busy.utilization]).to.deep.equal([0, 1]);
      expect(busy.active).to.be.at.least(100);
      const since = reactor.utilization(before);
      // A timer of 100 ms may be early by a part of a millisecond.
      expect(since.idle + since.active).to.be.at.least(199);
      const sinceStart = () => performance.now() - performance.nodeTiming.loopStart;
      const earliest = sinceStart();
      const whole = reactor.utilization();
      expect(whole.idle + whole.active).to.be.within(earliest - 1, sinceStart() + 1);
    });

    it('runs turns while there is a handle, and sleeps in those with nothing to do', async () => {
      enter();
      // V8's own tasks in a busy process wake libuv, and so the reactor, for some milliseconds; then comes a quiet stretch.
      let turnsOfStretch = Infinity;
      const isQuiet = () => turnsOfStretch <= 5 && reactor.counters.sleeps > 0;
      for (let stretch = 0; stretch < 100 && !isQuiet(); stretch++) {
        const before = reactor.counters.turns;
        await new Promise(resolve => setTimeout(resolve, 20));
        turnsOfStretch = reactor.counters.turns - before;
      }
      expect(turnsOfStretch).to.be.at.most(5);
      expect(reactor.counters.sleeps).to.be.within(1, reactor.counters.turns);
    });

    describe('timers', () => {
      it('run in order, not early, and wake the sleeping thread', async () => {
        enter();
        const start = performance.now();
        const ran: [string, number][] = [];
        const done = new Promise<void>(resolve => {
          reactor.arm(
            timer(() => {
              ran.push(['late', performance.now() - start]);
              resolve();
            }),
            0,
            30,
          );
        });
        reactor.arm(
          timer(() => ran.push(['early', performance.now() - start])),
          0,
          10,
        );
        await done;
        expect(ran.map(([label]) => label)).to.deep.equal(['early', 'late']);
        expect(ran[0][1]).to.be.at.least(10);
        // Without the timer the thread would sleep on until Mocha's own timer wakes it.
        expect(ran[1][1]).to.be.within(30, 5_000);
      });

      it('count from now, also after a long computation outside of a turn', async () => {
        enter();
        await turnsPast();
        compute(40);
        const start = performance.now();
        const ranAfter = await new Promise<number>(resolve => {
          reactor.arm(
            timer(() => resolve(performance.now() - start)),
            0,
            20,
          );
        });
        expect(ranAfter).to.be.at.least(20);
      });

      it('count from now, also after a long computation within a callback', async () => {
        enter();
        const ranAfter = await new Promise<number>(resolve => {
          reactor.arm(
            timer(() => {
              compute(40);
              const start = performance.now();
              reactor.arm(
                timer(() => resolve(performance.now() - start)),
                0,
                20,
              );
            }),
            0,
            1,
          );
        });
        expect(ranAfter).to.be.at.least(20);
      });

      it('do not run once they are disarmed; disarming none is allowed', async () => {
        enter();
        let ran = 0;
        const victim = reactor.arm(
          timer(() => ran++),
          0,
          5,
        );
        reactor.disarm(victim);
        reactor.disarm(victim);
        reactor.disarm(NO_TIMER);
        await new Promise<void>(resolve => {
          reactor.arm(timer(resolve), 0, 10);
        });
        expect(ran).to.equal(0);
      });
    });

    describe('deferred', () => {
      it('runs after the call, once, in the order of asking, also without handles', async () => {
        const ran: number[] = [];
        for (const number of [1, 2, 3]) reactor.defer({ onDeferred: () => void ran.push(number) });
        expect(ran).to.deep.equal([]);
        await turnsPast(1);
        expect(ran).to.deep.equal([1, 2, 3]);
      });

      it('a chain lets timers of Node run in between', async () => {
        let links = 0;
        let stop = false;
        const link = {
          onDeferred() {
            links++;
            if (!stop) reactor.defer(link);
          },
        };
        reactor.defer(link);
        await new Promise(resolve => setTimeout(resolve, 5));
        // A busy machine may let the timer come first.
        while (links < 2) await new Promise(resolve => setTimeout(resolve, 1));
        stop = true;
        await turnsPast(1);
      });

      it('an exception of one leaves the others to the next turn', async () => {
        const ran: number[] = [];
        let ranBefore: number[] = [];
        const listeners = process.listeners('uncaughtException');
        process.removeAllListeners('uncaughtException');
        try {
          const uncaught = new Promise<Error>(resolve => {
            process.once('uncaughtException', error => {
              ranBefore = [...ran];
              resolve(error);
            });
          });
          reactor.defer({ onDeferred: () => void ran.push(1) });
          reactor.defer({
            onDeferred: () => {
              throw new Error('from a deferred');
            },
          });
          reactor.defer({ onDeferred: () => void ran.push(3) });
          expect((await uncaught).message).to.equal('from a deferred');
        } finally {
          for (const listener of listeners) process.on('uncaughtException', listener);
        }
        while (ran.length < 2) await new Promise(resolve => setImmediate(resolve));
        expect([ranBefore, ran]).to.deep.equal([[1], [1, 3]]);
      });
    });

    describe('close', () => {
      it('refuses while there are handles, and says how many', () => {
        enter();
        enter();
        expect(() => reactor.close()).to.throw(Error, 'the reactor has 2 open handles; close them first');
        expect(reactor.isClosed).to.equal(false);
      });

      it('gives every descriptor back, and can be called again', () => {
        const next = nextDescriptor();
        for (let count = 0; count < 5; count++) {
          const another = new Reactor({ backend });
          another.close();
          another.close();
          expect(nextDescriptor()).to.equal(next);
        }
      });

      it('what was deferred before is still told', async () => {
        let told = 0;
        const another = new Reactor({ backend });
        another.enter(true);
        another.defer({ onDeferred: () => void told++ });
        another.leave(true);
        another.close();
        await new Promise(resolve => setImmediate(resolve));
        await new Promise(resolve => setImmediate(resolve));
        expect(told).to.equal(1);
      });

      it('from within a callback of the reactor', async () => {
        const another = new Reactor({ backend });
        const [readEnd, writeEnd] = pipe();
        another.enter(true);
        await new Promise<void>(resolve => {
          const token = another.driver.watch(writeEnd, 2, 'level', {
            onReady: () => {
              another.driver.unwatch(token);
              another.leave(true);
              another.close();
              resolve();
            },
          });
        });
        close(readEnd);
        close(writeEnd);
        expect(another.isClosed).to.equal(true);
      });
    });

    it('events of Node do not count as events of ours: a watch is not woken by them', async () => {
      enter();
      const [readEnd, writeEnd] = pipe();
      let woken = 0;
      const token = reactor.driver.watch(readEnd, READABLE, 'level', { onReady: () => void woken++ });
      for (let count = 0; count < 5; count++) await new Promise(resolve => setTimeout(resolve, 2));
      reactor.driver.unwatch(token);
      close(readEnd);
      close(writeEnd);
      expect(woken).to.equal(0);
    });
  });
}

describe('core: reactor options', () => {
  it('refuse an unknown mode and an unknown backend, naming what is allowed', () => {
    expect(() => new Reactor({ mode: 'fast' as never })).to.throw(
      TypeError,
      `mode: 'fast'; allowed: ${REACTOR_MODES.join(', ')}`,
    );
    expect(() => new Reactor({ backend: 'nope' })).to.throw(TypeError, "backend: there is no 'nope'; there are:");
    expect(() => new Reactor({ maxBufferBytes: 10 })).to.throw(RangeError, 'maxBytes: 10; allowed: from one block');
  });

  for (const maxEvents of [0, -1, 1.5, NaN]) {
    it(`refuse maxEvents: ${maxEvents}`, () => {
      expect(() => new Reactor({ maxEvents }).close()).to.throw(RangeError, `maxEvents: ${maxEvents}`);
    });
  }
});
