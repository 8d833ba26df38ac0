/** Work queues: an item goes to one worker that is free, and its sender is told exactly what came of it. */
import { expect } from 'chai';
import fc from 'fast-check';
import { BufferList, currentReactor } from 'pollux';
import { snapshotThread } from 'pollux/observe';
import { receiveWork, Runtime, type WorkQueue } from 'pollux/threads';
import { propertyRuns } from '../../property-runs.js';
import { rejection } from '../../support/sockets.js';
import { until } from '../runtime/until.js';
import type { Task, Words } from './entry.js';

const MAX_TASKS = 24;

describe('a work queue', () => {
  let runtime: Runtime;
  let words: Words;

  before(async () => {
    words = {
      begun: new Int32Array(new SharedArrayBuffer(4 * MAX_TASKS)),
      gate: new Int32Array(new SharedArrayBuffer(8)),
    };
    runtime = new Runtime({ entry: new URL('entry.js', import.meta.url), workers: 2, restarts: 1000, payload: words });
    await runtime.start();
  });

  after(async () => {
    // An item may kill a worker after it was answered.
    await runtime.stop().catch(() => {});
    currentReactor().close();
  });

  const receiversOf = (queue: Pick<WorkQueue, 'counters'>) => queue.counters.receivers.length;

  function closeGate(): void {
    words.gate.fill(0);
  }

  const openGate = () => Atomics.store(words.gate, 0, 1);

  it('gives each item to one worker, and returns what it made of it', async () => {
    const queue = runtime.workQueue<number, string>('who');
    await until(() => receiversOf(queue) === 2);
    const names = await Promise.all([0, 1, 2, 3].map(number => queue.run(number)));
    expect(names.slice(0, 2).sort()).to.deep.equal(['worker 0', 'worker 1']);
    // What a receiver has left goes to the other.
    await runtime.workers[0].peer.request('leave', null);
    expect(await Promise.all([4, 5, 6].map(number => queue.run(number)))).to.deep.equal(Array(3).fill('worker 1'));
    expect(queue.counters).to.include({ waiting: 0, inHand: 0, bytes: 0 });
  });

  it('takes bytes and lists of bytes, which are copied and emptied', async () => {
    const queue = runtime.workQueue<Uint8Array, Uint8Array>('bytes');
    const bytes = new Uint8Array([1, 2, 3]);
    const first = queue.run(bytes);
    bytes.fill(9);
    expect([...(await first)]).to.deep.equal([2, 3, 4]);
    const list = new BufferList();
    list.append(new Uint8Array([7]));
    const second = queue.run(list);
    expect(list.length).to.equal(0);
    expect([...(await second)]).to.deep.equal([8]);
  });

  it('fails as its receiver did, and tells what can be told at once', async () => {
    const queue = runtime.workQueue<unknown>('fails');
    expect(await rejection(queue.run(1)))
      .to.be.instanceOf(RangeError)
      .with.property('code', 'E_HOT');
    expect(await rejection(queue.run(() => {}))).to.be.instanceOf(TypeError);
    expect(await rejection(queue.run(new Uint8Array(1024 * 1024)))).to.be.instanceOf(RangeError);
    expect(await rejection(queue.run(1, { starts: 0 }))).to.be.instanceOf(RangeError);
    expect(queue.counters).to.include({ waiting: 0, inHand: 0, bytes: 0 });
    expect(() => runtime.workQueue('fails'))
      .to.throw()
      .with.property('code', 'EALREADY');
  });

  it('has a ceiling, tells of room, and can be taken back from until a receiver begins', async () => {
    closeGate();
    const queue = runtime.workQueue<number, number>('gated', { maxItems: 4 });
    await until(() => receiversOf(queue) === 2);
    const begun = [queue.run(0), queue.run(1)];
    await until(() => Atomics.load(words.gate, 1) === 2);
    const third = queue.run(2);
    const abort = new AbortController();
    const fourth = rejection(queue.run(3, { signal: abort.signal }));
    expect(await rejection(queue.run(4))).to.have.property('code', 'ENOBUFS');
    expect(queue.counters).to.include({ waiting: 2, inHand: 2 });
    let hasRoom = false;
    const room = queue.room().then(() => (hasRoom = true));
    const impatient = new AbortController();
    const given = rejection(queue.room({ signal: impatient.signal }));
    // The first that is told sends nothing.
    const secondRoom = queue.room();
    impatient.abort();
    expect(await given).to.have.property('name', 'AbortError');
    expect(hasRoom).to.equal(false);
    abort.abort();
    expect(await fourth).to.have.property('name', 'AbortError');
    await room;
    await secondRoom;
    expect(queue.counters).to.include({ waiting: 1, inHand: 2 });
    const aborted = AbortSignal.abort();
    expect(await rejection(queue.run(5, { signal: aborted }))).to.equal(aborted.reason);
    openGate();
    expect(await Promise.all([...begun, third])).to.deep.equal([0, 1, 2]);
    // One that was begun with is done, but nobody waits for it.
    closeGate();
    const late = new AbortController();
    const dropped = rejection(queue.run(6, { signal: late.signal }));
    await until(() => Atomics.load(words.gate, 1) === 1);
    late.abort();
    expect(await dropped).to.have.property('name', 'AbortError');
    expect(queue.counters.inHand).to.equal(1);
    const last = [queue.run(7), queue.run(8)];
    await until(() => Atomics.load(words.gate, 1) === 2);
    const waiting = rejection(queue.run(9));
    queue.close();
    expect(await waiting).to.have.property('code', 'ECANCELED');
    expect(await rejection(queue.run(10))).to.have.property('code', 'EBADF');
    expect(await rejection(queue.room())).to.have.property('code', 'EBADF');
    openGate();
    expect((await Promise.allSettled(last)).map(({ status }) => status)).to.include('fulfilled');
    await queue.drain();
    expect(queue.counters).to.include({ waiting: 0, inHand: 0, bytes: 0 });
  });

  it('is received by a loop, which finishes, fails and leaves its jobs', async () => {
    const queue = runtime.workQueue<string, string | undefined>('looped');
    expect(await queue.run('one')).to.equal('ONE');
    expect(await queue.run('nothing')).to.equal(undefined);
    expect(await rejection(queue.run('fail'))).to.have.property('message', 'as it was told');
    expect(await queue.run('two')).to.equal('TWO');
    expect(await rejection(queue.run('leave'))).to.have.property('code', 'ECANCELED');
    const never = rejection(queue.run('three'));
    queue.close();
    expect(await never).to.have.property('code', 'ECANCELED');
  });

  it('is in snapshots with the queues of messages, those with most first', async () => {
    const queue = runtime.workQueue<number>('nobody receives');
    const waiting = [1, 2].map(number => rejection(queue.run(number)));
    expect(snapshotThread().messages!.queues).to.deep.equal([{ name: 'nobody receives', length: 2 }]);
    queue.close();
    await Promise.all(waiting);
    expect(snapshotThread().messages!.queues).to.deep.equal([]);
    runtime.workers[0].peer.schedule('tell', 3);
    await until(() => runtime.endpoint.queue('told').length === 3);
    expect(snapshotThread().messages!.queues).to.deep.equal([{ name: 'told', length: 3 }]);
  });

  it('refuses what is no place to receive at', () => {
    expect(() => receiveWork({} as never, 'who')).to.throw(TypeError, 'place.endpoint');
    expect(() => receiveWork(null as never, 'who')).to.throw(TypeError, 'place');
  });

  for (const name of ['tasks', 'sync']) {
    it(`tells exactly what came of each item when receivers die (${name})`, async () => {
      const queue = runtime.workQueue<Task, number>(name);
      const harmless = name === 'sync' ? ['do' as const] : ['do' as const, 'later' as const];
      const deadly = name === 'sync' ? ['die' as const, 'answer and die' as const] : ['die' as const];
      const starts = fc.integer({ min: 1, max: 2 });
      const items = fc.record({
        calm: fc.array(fc.record({ kind: fc.constantFrom(...harmless), starts }), { minLength: 1, maxLength: 20 }),
        deaths: fc.array(fc.record({ kind: fc.constantFrom(...deadly), starts, at: fc.nat(20) }), {
          minLength: 1,
          maxLength: 2,
        }),
      });
      await fc.assert(
        fc.asyncProperty(items, async ({ calm, deaths }) => {
          const program: { kind: Task['kind']; starts: number }[] = [...calm];
          for (const { at, ...death } of deaths) program.splice(at, 0, death);
          words.begun.fill(0);
          const told = await Promise.allSettled(
            program.map((task, number) => queue.run({ number, kind: task.kind }, { starts: task.starts })),
          );
          for (const [number, outcome] of told.entries()) {
            const task = program[number];
            const begun = words.begun[number];
            const context = `item ${number}, ${task.kind}, begun with ${begun} times of ${task.starts}`;
            if (outcome.status === 'fulfilled') {
              expect(outcome.value, context).to.equal(number);
              expect(task.kind, context).to.not.equal('die');
              expect(begun, context).to.be.within(1, task.starts);
              // Its outcome is told before another item kills the thread.
              if (name === 'sync') expect(begun, context).to.equal(1);
            } else {
              expect(outcome.reason, context).to.have.property('code', 'ESRCH');
              expect(begun, context).to.equal(task.starts);
              if (name === 'sync') expect(task.kind, context).to.equal('die');
            }
          }
          expect(queue.counters).to.include({ waiting: 0, inHand: 0, bytes: 0 });
        }),
        { ...propertyRuns(3), endOnFailure: true },
      );
    });
  }
});

describe('a worker that is stopped', () => {
  it('tells what it has begun with before it ends', async () => {
    const payload: Words = {
      begun: new Int32Array(new SharedArrayBuffer(4 * MAX_TASKS)),
      gate: new Int32Array(new SharedArrayBuffer(8)),
    };
    const runtime = new Runtime({ entry: new URL('entry.js', import.meta.url), workers: 1, payload });
    await runtime.start();
    const queue = runtime.workQueue<number, number>('gated');
    const begun = queue.run(0);
    // Given to the worker before it hears that it is stopped, or called off.
    const waiting = queue.run(1).catch((failure: unknown) => (failure as { code?: unknown }).code);
    await until(() => Atomics.load(payload.gate, 1) === 1);
    const stopped = runtime.stop();
    Atomics.store(payload.gate, 0, 1);
    expect(await begun).to.equal(0);
    expect(await stopped).to.deep.equal({ terminated: [] });
    expect(await waiting).to.be.oneOf([1, 'ECANCELED']);
    currentReactor().close();
  });
});
