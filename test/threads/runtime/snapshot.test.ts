import { expect } from 'chai';
import { Runtime } from '../../../src/threads.js';
import { currentReactor } from '../../../src/index.js';
import { rejection } from '../../support/sockets.js';

describe('a snapshot of a runtime', () => {
  after(() => currentReactor().close());

  it('says of each worker what it has done, and which one hangs, without waiting for that', async () => {
    const runtime = new Runtime({ entry: new URL('hanging-entry.js', import.meta.url), workers: 2 });
    await runtime.start();
    const { workers } = await runtime.snapshot({ timeoutMs: 30_000 });
    expect(workers.map(({ index, name, state }) => [index, name, state])).to.deep.equal([
      [0, 'worker 0', 'running'],
      [1, 'worker 1', 'running'],
    ]);
    for (const { thread } of workers) expect(thread!.turns.count).to.be.above(0);
    await runtime.workers[0].pause();
    const [paused] = (await runtime.snapshot({ timeoutMs: 30_000 })).workers;
    expect(paused.state).to.equal('paused');
    runtime.workers[0].resume();

    runtime.workers[1].peer.schedule('hang', undefined);
    while ((await runtime.snapshot({ timeoutMs: 100 })).workers[1].state !== 'hung');
    await runtime.workers[1].terminate();
    expect((await runtime.snapshot()).workers[1].state).to.equal('ended');
    expect(await rejection(runtime.snapshot({ timeoutMs: 0 }))).to.be.instanceOf(RangeError);
    await runtime.stop();
  });
});
