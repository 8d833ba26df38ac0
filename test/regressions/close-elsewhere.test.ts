/**
 * A descriptor that another thread closes while its owner waits for it. Nobody should; what happens is defined all the
 * same. (kqueue: the recorded scenario `blocked-close-fd`, which the model answers in test/verify/model.)
 */
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { expect } from 'chai';
import { ERROR, READABLE } from '../../src/backends/contract.js';
import { backendFactory } from '../../src/backends/registry.js';
import { realWorld } from '../../src/verify/conformance/real-world.js';
import { EBADF } from '../../src/sys/ffi/errno.js';
import { builtInBackends } from '../backends/built-in-backends.js';
import type { CloseOrder } from './closing-thread.js';

const DEADLINE_NS = 10e9;
const MOST_WAITS = 10;

/** What each backend says of a descriptor that was closed under it: readiness and errno, event by event. */
const TOLD: Readonly<Record<string, readonly (readonly [number, number])[]>> = {
  // The kernel's entry went with the open file.
  epoll: [],
  // The poll holds the open file, which has no number any more.
  io_uring: [],
  // The array still names the number, which the next poll(2) refuses; told once, and then it has no interest.
  poll: [[READABLE | ERROR, EBADF]],
};

for (const name of builtInBackends()) {
  describe(`a close in another thread, with ${name}`, () => {
    it('regression 13: ends no wait, is told as the backend tells it and once, and frees the number', async () => {
      const [victim, victimPeer] = realWorld.pipe();
      const [reader, bell] = realWorld.pipe();
      const backend = backendFactory(name).open();
      const workerData: CloseOrder = { victim, bell };
      const worker = new Worker(new URL('closing-thread.js', import.meta.url), { workerData });
      const go = new Int32Array(new SharedArrayBuffer(4));
      const opened = new Set([victimPeer, reader, bell]);
      try {
        const closed = backend.register(victim, READABLE, 'level');
        const open = backend.register(reader, READABLE, 'level');
        await once(worker, 'message');
        worker.postMessage(go);
        Atomics.store(go, 0, 1);
        Atomics.notify(go, 0);

        const told: [number, number][] = [];
        const { events } = backend;
        const look = (timeoutNs: number): boolean => {
          let rung = false;
          expect(backend.wait(timeoutNs), 'events of a wait that only the bell may end').to.be.greaterThan(0);
          for (let index = 0; index < events.count; index++) {
            if (events.tokens[index] === open) rung = true;
            else told.push([events.readiness[index], events.errors[index]]);
          }
          return rung;
        };
        for (let waits = 0; waits < MOST_WAITS && !look(DEADLINE_NS); waits++);
        // The bell goes on ringing, by level; the closed one has been told by the second of these at the latest.
        for (let waits = 0; waits < 3; waits++) look(0);
        expect(told).to.deep.equal(TOLD[name]);

        expect(backend.has(closed)).to.equal(true);
        backend.unregister(closed);
        // The number is the lowest that is free, so one of these may have it already.
        const [newReader, newWriter] = realWorld.pipe();
        opened.add(newReader).add(newWriter);
        if (newWriter === victim) throw new Error('the write end has the number that the read end was to get');
        realWorld.dup2(newReader, victim);
        opened.add(victim);
        const again = backend.register(victim, READABLE, 'level');
        realWorld.drain(reader);
        realWorld.write(newWriter);
        expect(backend.wait(DEADLINE_NS)).to.equal(1);
        expect([events.tokens[0], events.readiness[0]]).to.deep.equal([again, READABLE]);
        backend.unregister(again);
      } finally {
        await worker.terminate();
        backend.close();
        for (const fd of opened) realWorld.close(fd);
      }
    });
  });
}
