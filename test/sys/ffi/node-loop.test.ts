import { performance } from 'node:perf_hooks';
import { MessageChannel } from 'node:worker_threads';
import { expect } from 'chai';
import { obstacleToNodeLoop, openNodeLoop } from '../../../src/sys/ffi/node-loop.js';
import { poll, PollfdArray, POLLIN } from '../../../src/sys/poll/poll.js';

/** Runs in an immediate, where the reactor asks, and without Node's idle handle, as it does (see node-host.ts). */
function inImmediate<T>(ask: () => T): Promise<T> {
  return new Promise(resolve =>
    setImmediate(() => {
      clearImmediate(setImmediate(() => {}));
      resolve(ask());
    }),
  );
}

/** Keeps the processor busy, as a long callback does. */
function compute(durationMs: number): void {
  const end = performance.now() + durationMs;
  while (performance.now() < end);
}

/** Less than Mocha's own. */
const TIMER_MS = 1_000;

describe('sys: node loop', () => {
  before(function () {
    if (obstacleToNodeLoop() !== undefined) this.skip(); // This runtime keeps its loop to itself.
  });

  it('is found, again and again, with the same descriptor', () => {
    const [first, second] = [openNodeLoop()!, openNodeLoop()!];
    expect(first.backendFd).to.be.above(2);
    expect(second.backendFd).to.equal(first.backendFd);
  });

  it('says how long the next timer of Node is away, referenced or not', async () => {
    const loop = openNodeLoop()!;
    for (const keep of [true, false]) {
      const set = performance.now();
      // Other tests of this process may have left one that is nearer.
      const othersMs = await inImmediate(() => loop.sleepMs());
      const nearestMs = othersMs < 0 ? TIMER_MS : Math.min(othersMs, TIMER_MS);
      // Node counts from its last look at the clock, of which there is one between two immediates.
      await inImmediate(() => {});
      await inImmediate(() => {});
      const timer = setTimeout(() => {}, TIMER_MS);
      if (!keep) timer.unref();
      // Mocha's own timer is later.
      const sleepMs = await inImmediate(() => loop.sleepMs());
      clearTimeout(timer);
      // However long it took to come here. Node counts in whole milliseconds.
      expect(sleepMs).to.be.within(Math.max(0, nearestMs - 2 - Math.ceil(performance.now() - set)), TIMER_MS + 1);
    }
  });

  it('counts from now, and not from when libuv looked at the clock last', async () => {
    const loop = openNodeLoop()!;
    const timer = setTimeout(() => {}, 1000);
    const sleepMs = await inImmediate(() => {
      compute(200);
      return loop.sleepMs();
    });
    clearTimeout(timer);
    expect(sleepMs).to.be.within(0, 801);
  });

  it('says that the loop is alive while a timer is referenced', async () => {
    const loop = openNodeLoop()!;
    const timer = setTimeout(() => {}, 1000);
    expect(await inImmediate(() => loop.alive())).to.equal(true);
    clearTimeout(timer);
  });

  it('immediates and timers go on after it was asked', async () => {
    const loop = openNodeLoop()!;
    for (let count = 0; count < 20; count++) {
      await inImmediate(() => [loop.sleepMs(), loop.alive()]);
      await new Promise(resolve => setTimeout(resolve, 1));
    }
  });

  it('its descriptor is readable when a message has come', async () => {
    const loop = openNodeLoop()!;
    const array = new PollfdArray(1);
    array.set(0, loop.backendFd, POLLIN);
    const { port1, port2 } = new MessageChannel();
    const arrived = new Promise<void>(resolve => port2.once('message', () => resolve()));
    const ready = await inImmediate(() => {
      port1.postMessage('wake');
      return poll(array, 1, 1000);
    });
    expect(ready).to.equal(1);
    await arrived;
    port1.close();
  });
});
