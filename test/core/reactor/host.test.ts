/** Living in Node's loop: what a program sees that has a reactor and does other things as well. */
import { expect } from 'chai';
import { builtInBackends } from '../../backends/built-in-backends.js';
import type { BesideNode } from '../fixtures/beside-node.js';
import { fixtureAnswer, runFixture } from '../run-fixture.js';

/** Of half a second without any work; a spin takes nearly all of it. */
const MOST_IDLE = { cpuMs: 25, turns: 20 };

for (const backend of builtInBackends()) {
  describe(`core: living in Node's loop (${backend})`, () => {
    describe('beside a thousand idle sockets', () => {
      let seen: BesideNode;
      before(async () => {
        seen = await fixtureAnswer<BesideNode>('beside-node', backend, `${MOST_IDLE.cpuMs}`, `${MOST_IDLE.turns}`);
      });

      it('timers of Node are never early, and in time', () => {
        const sorted = [...seen.timerLatenessMs].sort((a, b) => a - b);
        // setTimeout itself counts in whole milliseconds of a cached clock.
        expect(sorted[0]).to.be.above(-1.5);
        // A wait that a timer does not end lasts for ever; a busy machine is late by its time slices.
        expect(sorted[5]).to.be.below(500);
      });

      it('http and fetch work in the same thread', () => {
        expect(seen.fetched).to.deep.equal(Array.from({ length: 20 }, () => 'hello'));
      });

      it('files work', () => {
        expect(seen.stats).to.equal(50);
      });

      it('messages of a MessagePort arrive, in order', () => {
        expect(seen.messages).to.deep.equal(Array.from({ length: 100 }, (_, index) => index));
      });

      it('nothing to do costs nothing', () => {
        expect(seen.idleCpuMs).to.be.below(MOST_IDLE.cpuMs);
        expect(seen.idleTurns).to.be.below(MOST_IDLE.turns);
      });
    });

    describe('a process with nothing left to do ends by itself', () => {
      const scenes = {
        closed: 'everything is closed',
        unref: "a listener and both ends of a connection are unref'd",
        'unref-later': "a listener is unref'd while the thread is blocked",
        'unref-timer': "a listener is unref'd, and the last timer of Node runs",
        'unref-pool': "a listener is unref'd, and the last work of the thread pool ends",
        'unref-served': "an unref'd listener is served while a timer of Node lives",
        'ref-again': "a listener is ref'd again, and closed by an unref'd timer",
        watch: 'a watch is closed',
        unused: 'the reactor was never used',
      };
      for (const [scene, title] of Object.entries(scenes)) {
        it(`regression 40: ${title}`, async () => {
          const { exitCode, signal, stdout, stderr } = await runFixture('exit', backend, scene);
          expect({ exitCode, signal, stdout, stderr }).to.deep.equal({
            exitCode: 0,
            signal: null,
            stdout: 'end\n',
            stderr: '',
          });
        });
      }
    });

    for (const fakes of ['mock.timers', 'all']) {
      it(`goes on when a test runner replaces the functions of time (${fakes})`, async () => {
        expect(await fixtureAnswer('fake-timers', backend, fakes)).to.deep.equal({
          roundTrips: 100,
          expirations: 1,
          sent: 1000,
          echoed: 1000,
        });
      });
    }

    it('exceptions of callbacks reach uncaughtException, and the reactor goes on', async () => {
      const answer = await fixtureAnswer('uncaught', backend);
      expect(answer).to.deep.equal({
        uncaught: ['from onData 0', 'from onData 1', 'from onData 2'],
        received: 'abc',
        echoed: 'abc',
      });
    });

    it('without a handler an exception of a callback ends the process, as anywhere in Node', async () => {
      const { exitCode, stderr } = await runFixture('order', backend, 'throw');
      expect(exitCode).to.equal(1);
      expect(stderr).to.contain('from onData');
    });

    it("nextTick, promises and immediates that a callback asks for run in Node's order, before the next turn", async () => {
      expect(await fixtureAnswer('order', backend)).to.deep.equal([
        'onData a',
        'nextTick',
        'promise',
        'queueMicrotask',
        'immediate',
        'onData b',
      ]);
    });

    describe('workers that are blocked in their reactors', () => {
      it('terminate ends them at once', async () => {
        const { durations } = await fixtureAnswer<{ durations: number[] }>('workers', backend, 'terminate');
        expect(Math.min(...durations)).to.be.below(10_000);
      });

      it('process.exit ends the process at once, with its code', async () => {
        const { exitCode, stdout, lingeredMs } = await runFixture('workers', backend, 'exit');
        expect([exitCode, stdout]).to.deep.equal([7, 'exiting\n']);
        expect(lingeredMs).to.be.below(5_000);
      });

      it('answer messages, and do not stall on a chain of short timers', async () => {
        interface Talk {
          readonly chained: unknown;
          readonly echoes: number[];
          readonly delays: number[];
        }
        const { chained, echoes, delays } = await fixtureAnswer<Talk>('workers', backend, 'talk');
        expect(chained).to.deep.equal({ chained: 200 });
        expect(echoes).to.deep.equal(Array.from({ length: 20 }, (_, index) => index));
        expect(delays.sort((a, b) => a - b)[5]).to.be.below(500);
      });
    });
  });
}
