/** What a row can't do alone, because it takes a second thread, a signal or a process with low limits. */
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { READABLE, type Backend, type BackendFactory, type WakeHandle } from '../../../src/backends/contract.js';
import { close, pipe } from '../../../src/sys/file/io.js';
import type { WakeOrder } from './waking-worker.js';

const DEADLINE_NS = 10e9;
const THREADS = 4;
const WAKES_A_THREAD = 2_000;

export function describeThreads(factory: BackendFactory): void {
  describe('with help from outside', () => {
    let backend: Backend;
    let workers: Worker[];

    beforeEach(() => {
      backend = factory.open();
      workers = [];
    });

    afterEach(async () => {
      await Promise.all(workers.map(worker => worker.terminate()));
      backend.close();
    });

    /** A thread that is up, and waits for its order. */
    async function startWorker(handle: WakeHandle, counter: Int32Array): Promise<Worker> {
      const worker = new Worker(new URL('waking-worker.js', import.meta.url), { workerData: { handle, counter } });
      workers.push(worker);
      await once(worker, 'message');
      return worker;
    }

    function order(worker: Worker, message: WakeOrder): void {
      worker.postMessage(message);
    }

    it('a wake from another thread ends a wait that has begun', async () => {
      const counter = new Int32Array(new SharedArrayBuffer(4));
      const worker = await startWorker(backend.wakeHandle, counter);
      order(worker, { wakes: 1, delayMs: 30 });
      const start = process.hrtime.bigint();
      expect(backend.wait(DEADLINE_NS)).to.equal(0);
      expect(Number(process.hrtime.bigint() - start)).to.be.below(DEADLINE_NS);
      expect(Atomics.load(counter, 0)).to.equal(1);
      expect(backend.counters.wakes).to.equal(1);
    });

    it('a wait of forty days, or for ever, lasts until it is woken', async () => {
      const counter = new Int32Array(new SharedArrayBuffer(4));
      const worker = await startWorker(backend.wakeHandle, counter);
      for (const timeoutNs of [2 ** 31 * 1e6, 2 ** 32 * 1e6, 40 * 86_400e9, Number.MAX_SAFE_INTEGER, -1]) {
        const before = backend.counters.wakes;
        order(worker, { wakes: 1, delayMs: 20 });
        backend.wait(timeoutNs);
        expect(backend.counters.wakes, `wakes after a wait of ${timeoutNs} ns`).to.equal(before + 1);
      }
    });

    it(`regression 39: wakes of ${THREADS} threads are never lost, and none is an event`, async () => {
      const counter = new Int32Array(new SharedArrayBuffer(4));
      const all = await Promise.all(Array.from({ length: THREADS }, () => startWorker(backend.wakeHandle, counter)));
      for (const worker of all) order(worker, { wakes: WAKES_A_THREAD, delayMs: 0 });
      const total = THREADS * WAKES_A_THREAD;
      // Each count is followed by its wake, so whoever sees less than all may sleep without a bound.
      while (Atomics.load(counter, 0) < total) {
        const start = process.hrtime.bigint();
        backend.wait(DEADLINE_NS);
        expect(Number(process.hrtime.bigint() - start), 'nanoseconds of a wait').to.be.below(DEADLINE_NS);
      }
      expect(backend.counters.wakes).to.be.at.least(1).and.at.most(total);
      expect(backend.counters.events).to.equal(0);
    });

    it('regression 4: a signal in a wait is neither an event nor an error, and changes are not applied twice', async () => {
      const [reader, writer] = pipe();
      let signals = 0;
      const count = () => void signals++;
      process.on('SIGUSR2', count);
      const child = spawn('/bin/sh', ['-c', 'sleep 0.05; kill -USR2 $PPID'], { stdio: 'ignore' });
      try {
        await once(child, 'spawn');
        const token = backend.register(reader, READABLE, 'level');
        expect(backend.wait(200e6)).to.equal(0);
        const sent = backend.counters.changesSent;
        expect(backend.wait(1e6)).to.equal(0);
        expect(backend.counters.changesSent).to.equal(sent);
        expect(backend.has(token)).to.equal(true);
        await once(child, 'exit');
        while (signals === 0) await new Promise(resolve => setImmediate(resolve));
      } finally {
        process.off('SIGUSR2', count);
        close(reader);
        close(writer);
      }
    });

    it('regression 8: opening it in a process without descriptors left fails with EMFILE and leaks none', function () {
      const script = fileURLToPath(new URL('open-without-descriptors.js', import.meta.url));
      const child = spawnSync(
        '/bin/sh',
        ['-c', 'ulimit -n 64 && exec "$0" "$1" "$2"', process.execPath, script, factory.name],
        { encoding: 'utf8' },
      );
      expect(child.stderr).to.equal('');
      expect(JSON.parse(child.stdout)).to.deep.equal({ code: 'EMFILE', leaked: 0, afterwards: 'works' });
    });
  });
}
