/** How the threads of a runtime end, each in its way, and what its owner is told. */
import { expect } from 'chai';
import { currentReactor } from 'pollux';
import { Runtime, type RuntimeWorker, type RuntimeOptions } from 'pollux/threads';
import { rejection } from '../../support/sockets.js';

const entry = new URL('entry.js', import.meta.url);

describe('the end of a thread', () => {
  let runtime: Runtime;
  let failures: string[];

  async function start(options: Partial<RuntimeOptions> = {}): Promise<void> {
    failures = [];
    const onError = ({ message }: Error, name: string) => void failures.push(`${name}: ${message}`);
    runtime = new Runtime({ entry, workers: 2, onError, ...options });
    await runtime.start();
  }

  afterEach(async () => {
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  for (const restarts of [0, 2]) {
    it(`by terminate is no failure, and for good, with ${restarts} restarts allowed`, async () => {
      await start({ restarts });
      const [first, second] = runtime.workers;
      await first.terminate();
      await second.peer.request('about', null);
      expect(first).to.include({ isAlive: false, isRunning: false, restarts: 0 });
      expect(second.isAlive).to.equal(true);
      await runtime.stop();
      await runtime.finished();
      expect(failures).to.deep.equal([]);
    });
  }

  it('by terminate may be asked for again and again, while it hangs and after', async () => {
    await start();
    const warnings: string[] = [];
    const onWarning = ({ message }: Error) => void warnings.push(message);
    process.on('warning', onWarning);
    const [hung] = runtime.workers;
    hung.peer.schedule('spin');
    await Promise.all(Array.from({ length: 20 }, () => hung.terminate()));
    await hung.terminate();
    await new Promise(setImmediate);
    process.off('warning', onWarning);
    expect(warnings).to.deep.equal([]);
    expect(hung.isAlive).to.equal(false);
  });

  it('by exit(0) is no failure and no reason to start it again, and any other exit is both', async () => {
    await start({ restarts: 1 });
    const [first, second] = runtime.workers;
    first.peer.schedule('exit', 0);
    second.peer.schedule('exit', 3);
    while (second.restarts === 0 || !second.isRunning || first.isAlive) await new Promise(setImmediate);
    expect(first.restarts).to.equal(0);
    expect(failures).to.deep.equal(["worker 1: worker 'worker 1' ended with exit code 3"]);
    await runtime.stop();
    await runtime.finished();
  });

  it('of several at once is the end of none that is started again, and they know each other', async () => {
    await start({ workers: 3, restarts: 1 });
    const [first, ...others] = runtime.workers;
    first.peer.schedule('exit', 0);
    for (const { peer } of others) peer.schedule('crash');
    const isBack = ({ restarts, isRunning }: RuntimeWorker) => restarts === 1 && isRunning;
    while (first.isAlive || !others.every(isBack)) await new Promise(setImmediate);
    for (const [index, { peer }] of others.entries()) {
      const other = others[1 - index].index;
      // The one that was back first hears of the other by and by.
      while (!(await peer.request<{ peers: number[] }>('about', null)).peers.includes(other));
    }
    expect(await runtime.stop()).to.deep.equal({ terminated: [] });
  });

  it('before it begins, since what it is given can not be cloned any more, rejects start, stop and join', async () => {
    const payload: Record<string, unknown> = {};
    runtime = new Runtime({ entry, workers: 2, payload });
    payload.call = () => {};
    const failure = await rejection(runtime.start());
    expect(failure.name).to.equal('DataCloneError');
    expect(await rejection(runtime.stop())).to.equal(failure);
    expect(await rejection(runtime.finished())).to.equal(failure);
    expect(runtime.workers.map(({ isAlive }) => isAlive)).to.deep.equal([false, false]);
  });

  it("while it is started again is nobody's failure, if the runtime is stopped", async () => {
    await start({ restarts: 1 });
    const [worker] = runtime.workers;
    worker.peer.schedule('crash');
    while (worker.restarts === 0) await new Promise(setImmediate);
    expect(await runtime.stop()).to.deep.equal({ terminated: [] });
    expect(failures).to.deep.equal(['worker 0: crashed as told']);
  });
});
