/** A thread that takes no messages any more, and lives on: what an acceptor gave it and it has not taken is not its. */
import { expect } from 'chai';
import { currentReactor, type Connection } from 'pollux';
import { Runtime, type AcceptModel, type Service } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';
import { until } from '../runtime/until.js';
import { destroyTracked } from '../../support/sockets.js';
import type { Cells } from './deaf-entry.js';
import { clientsOf, greeted } from './service-clients.js';

/** Longer than any test may last. */
const NEVER_MS = 1_000_000;

describe('a thread of a service that closes its endpoint with connections in its mailbox', () => {
  let runtime: Runtime;
  let service: Service;
  let before: number;
  let cells: Cells;

  /** The last thread gets its share and takes none of it. */
  async function serve(accept: AcceptModel, threads: number, connections: number): Promise<Connection[]> {
    const cell = () => new Int32Array(new SharedArrayBuffer(4 * threads));
    cells = { waiting: cell(), goOn: cell() };
    runtime = new Runtime({ entry: new URL('deaf-entry.js', import.meta.url), workers: threads, payload: cells });
    await runtime.start();
    before = openDescriptors().length;
    service = await runtime.listen({ accept, host: '127.0.0.1' });
    runtime.workers[threads - 1].peer.schedule('wait, and close the endpoint');
    await until(() => cells.waiting[threads - 1] === 1);
    const clients = await clientsOf(service, connections);
    await until(() => service.spread().every(({ accepted }) => accepted === connections / threads));
    return clients;
  }

  function goOn(): void {
    Atomics.store(cells.goOn, 0, 1);
    Atomics.notify(cells.goOn, 0);
  }

  async function checkAllEnded(clients: readonly Connection[]): Promise<void> {
    for (const client of clients) expect(await client.read().catch(() => null)).to.equal(null);
    destroyTracked();
  }

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  for (const accept of ['acceptor', 'combined'] as const) {
    it(`has them served by another when the service closes (${accept})`, async () => {
      const clients = await serve(accept, 2, 10);
      const closed = service.close();
      goOn();
      expect(await Promise.all(clients.map(greeted))).to.deep.equal(Array(10).fill(0));
      await closed;
      destroyTracked();
      await until(() => openDescriptors().length === before);
    });

    it(`has them served by another as soon as it is given one more (${accept})`, async () => {
      const clients = await serve(accept, 2, 10);
      goOn();
      await until(() => runtime.workers[1].peer.isGone);
      clients.push(...(await clientsOf(service, 2)));
      expect(await Promise.all(clients.map(greeted))).to.deep.equal(Array(12).fill(0));
      expect(service.spread().map(({ accepted }) => accepted)).to.deep.equal([12, 0]);
    });

    it(`has them closed with the service if there is no other (${accept})`, async () => {
      const clients = await serve(accept, 1, 5);
      const closed = service.close();
      goOn();
      await checkAllEnded(clients);
      await closed;
      expect(runtime.workers[0].isAlive).to.equal(true);
      await until(() => openDescriptors().length === before);
    });

    it(`has them closed when the runtime is stopped, before it ends itself (${accept})`, async () => {
      const clients = await serve(accept, 1, 5);
      const end = runtime.stop(NEVER_MS);
      goOn();
      await checkAllEnded(clients);
      expect(runtime.workers[0].isAlive).to.equal(true);
      await runtime.stop(0);
      expect(await end).to.deep.equal({ terminated: ['worker 0'] });
    });
  }
});
