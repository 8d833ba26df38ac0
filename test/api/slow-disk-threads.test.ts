import { expect } from 'chai';
import { once } from 'node:events';
import { mkdtempSync, promises, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { currentReactor, open } from '../../src/index.js';
import { slowFileSystems } from '../support/slow-fs.js';

const ENTRY = new URL('hung-opens-entry.js', import.meta.url);

describe('file systems that hang under several threads', () => {
  let folder: string;
  const workers: Worker[] = [];

  before(() => {
    folder = mkdtempSync(join(tmpdir(), 'pollux-'));
    writeFileSync(join(folder, 'here'), 'here');
  });
  const mountSlow = slowFileSystems();
  after(async () => {
    await Promise.all(workers.map(worker => worker.terminate()));
    currentReactor().close();
    rmSync(folder, { recursive: true });
  });

  function start(count: number, paths: readonly string[]): Worker[] {
    const started = Array.from({ length: count }, () => new Worker(ENTRY, { workerData: paths }));
    workers.push(...started);
    return started;
  }

  it('are not waited for when a thread ends that has files of theirs open', async function () {
    const slow = await mountSlow(this);
    const [worker] = start(1, [slow.path('f1')]);
    while (((await once(worker, 'message')) as string[])[0] !== 'over');
    const held = await slow.held('flush', async () => {
      await worker.terminate();
      while ((await slow.calls('release')) === 0) await new Promise(setImmediate);
    });
    expect(held.calls).to.be.above(0);
    expect(held.heldUp).to.equal(false);
  });

  it('leave room on the pool for other disks, and for Node', async function () {
    const slow = [await mountSlow(this), await mountSlow(this)];
    await Promise.all(slow.map(each => each.delay('open', -1)));
    const paths = slow.flatMap(each => [each.path('f1'), each.path('f2')]);
    const started = start(3, paths);
    await Promise.all(started.map(worker => once(worker, 'message')));
    for (const each of slow) {
      while ((await each.calls('open')) === 0) await new Promise(setImmediate);
    }
    const file = await open(join(folder, 'new'), { flags: 'w' });
    await file.close();
    expect(await promises.readFile(join(folder, 'here'), 'latin1')).to.equal('here');
    // What waited for places of other threads goes on when these come to an end.
    const over = Promise.all(started.map(worker => once(worker, 'message')));
    await Promise.all(slow.map(each => each.unmount()));
    await over;
  });
});
