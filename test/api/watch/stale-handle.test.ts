/** The handle of a user event that was closed, when the number of its descriptor is another file's. */
import { expect } from 'chai';
import { closeSync, fstatSync, mkdtempSync, openSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker } from 'node:worker_threads';
import { currentReactor, triggerUser, watchUser, type IoError, type UserHandle } from '../../../src/index.js';

const entry = new URL('../../../src/index.js', import.meta.url);

/** Triggers it in a thread of its own. @returns the code of the error, or 'done'. */
function triggerElsewhere(handle: UserHandle): Promise<string> {
  const code = `
    const { parentPort, workerData: { entry, handle } } = require('node:worker_threads');
    import(entry).then(({ triggerUser }) => {
      try {
        triggerUser(handle);
        parentPort.postMessage('done');
      } catch (error) {
        parentPort.postMessage(error.code);
      }
    });`;
  const worker = new Worker(code, { eval: true, workerData: { entry: entry.href, handle } });
  return new Promise((resolve, reject) => {
    // It must not close descriptors of its own in the midst of what comes next.
    worker.once('message', code => void worker.terminate().then(() => resolve(code as string)));
    worker.once('error', reject);
  });
}

describe('the handle of a user event that was closed', () => {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-handle-'));
  const path = join(directory, 'stranger');
  let file = -1;
  let handle: UserHandle;

  beforeEach(() => {
    currentReactor();
    const watch = watchUser();
    ({ handle } = watch);
    watch.close();
    // The lowest number that is free is the one that was the watch's.
    const others: number[] = [];
    for (file = openSync(path, 'w'); file < handle.fd; file = openSync(path, 'w')) others.push(file);
    for (const other of others) closeSync(other);
    expect(file).to.equal(handle.fd);
  });

  afterEach(() => {
    closeSync(file);
    currentReactor().close();
  });

  after(() => rmSync(directory, { recursive: true }));

  it('writes to no stranger', () => {
    expect(() => triggerUser(handle))
      .to.throw()
      .with.property('code', 'EBADF' satisfies IoError['code']);
    expect(fstatSync(file).size).to.equal(0);
  });

  it('writes to no other watch that has the number now', async () => {
    closeSync(file);
    let triggers = 0;
    const next = watchUser(() => triggers++);
    expect(next.handle.fd).to.equal(handle.fd);
    expect(() => triggerUser(handle))
      .to.throw()
      .with.property('code', 'EBADF');
    await new Promise(resolve => setImmediate(() => setImmediate(resolve)));
    expect(triggers).to.equal(0);
    expect(await triggerElsewhere(next.handle)).to.equal('done');
    while (triggers === 0) await new Promise(setImmediate);
    next.close();
    file = openSync(path, 'w');
  });

  it('writes to no stranger from another thread', async () => {
    expect(await triggerElsewhere(handle)).to.equal('EBADF');
    expect(fstatSync(file).size).to.equal(0);
  });
});
