/** A runtime that has a service is stopped: each thread drains by itself, whatever has become of the others. */
import { expect } from 'chai';
import { connect, currentReactor, type Connection } from 'pollux';
import { Runtime, type AcceptModel, type Service } from 'pollux/threads';
import { destroyTracked, rejection } from '../../support/sockets.js';
import { until } from '../runtime/until.js';
import { clientsOf } from './service-clients.js';
import type { Notes } from './stop-entry.js';

const THREADS = 3;
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];
/** Longer than any test may last. */
const NEVER_MS = 1_000_000;

describe('stopping a runtime with a service', () => {
  let runtime: Runtime;
  let notes: Notes;
  let clients: Connection[];

  async function serve(accept: AcceptModel, connections: number): Promise<Service> {
    const cells = () => new Int32Array(new SharedArrayBuffer(4 * THREADS));
    notes = { hanging: cells(), stopped: cells() };
    const entry = new URL('stop-entry.js', import.meta.url);
    runtime = new Runtime({ entry, workers: THREADS, payload: notes });
    await runtime.start();
    const service = await runtime.listen({ accept, host: '127.0.0.1' });
    for (const { peer } of runtime.workers) peer.schedule('pass the time', 50);
    clients = await clientsOf(service, connections);
    return service;
  }

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  for (const accept of MODELS) {
    it(`loses none of those that wait (${accept})`, async () => {
      await serve(accept, 60);
      const end = runtime.stop(NEVER_MS);
      for (const client of clients) expect((await client.read())!.toString()).to.equal('hello');
      destroyTracked();
      expect(await end).to.deep.equal({ terminated: [] });
      expect([...notes.stopped]).to.deep.equal([1, 1, 1]);
    });

    it(`holds up nobody with a thread that hangs, and tells who was left at the deadline (${accept})`, async () => {
      await serve(accept, 0);
      const [first, hung, last] = runtime.workers;
      hung.peer.schedule('hang');
      await until(() => notes.hanging[hung.index] === 1);
      const end = runtime.stop(NEVER_MS);
      await until(() => !first.isAlive && !last.isAlive);
      expect([...notes.stopped]).to.deep.equal([1, 0, 1]);
      const ends = await Promise.all([runtime.stop(0), end, runtime.finished()]);
      for (const { terminated } of ends) expect(terminated).to.deep.equal(['worker 1']);
    });

    it(`lets a thread that is paused go on, and end as the others (${accept})`, async () => {
      await serve(accept, 0);
      await runtime.workers[0].pause();
      expect(await runtime.stop(NEVER_MS)).to.deep.equal({ terminated: [] });
      expect([...notes.stopped]).to.deep.equal([1, 1, 1]);
    });
  }

  it('is not needed once all threads have ended: the service has ended with them', async () => {
    const { port } = await serve('acceptor', 0);
    for (const worker of runtime.workers) await worker.terminate();
    expect(await runtime.finished()).to.deep.equal({ terminated: [] });
    expect((await rejection(connect({ host: '127.0.0.1', port }))).code).to.equal('ECONNREFUSED');
  });
});
