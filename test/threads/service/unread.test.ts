/** Threads that do not read what users send them are served by the runtime all the same: it has a lane of its own. */
import { expect } from 'chai';
import { currentReactor, listen } from 'pollux';
import { Runtime, type AcceptModel } from 'pollux/threads';
import { until } from '../runtime/until.js';
import { connected, destroyTracked, portOf } from '../../support/sockets.js';
import { clientOf, greeted } from './service-clients.js';

describe('a service whose thread has queues that nobody reads', () => {
  let runtime: Runtime;

  beforeEach(async () => {
    runtime = new Runtime({ entry: new URL('entry.js', import.meta.url), workers: 1 });
    await runtime.start();
  });

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  for (const accept of ['acceptor', 'combined'] satisfies AcceptModel[]) {
    it(`serves who comes, and closes (${accept})`, async () => {
      const service = await runtime.listen({ accept, host: '127.0.0.1' });
      const { peer } = runtime.workers[0];
      const jobs = peer.sender('jobs');
      // Until the thread asks for no more, and more waits here.
      await until(() => !jobs.trySend(new Uint8Array(1000)));
      const waiting = Promise.allSettled(Array.from({ length: 100 }, () => jobs.send(new Uint8Array(1000))));
      expect(await greeted(await clientOf(service))).to.equal(0);
      await service.close();
      destroyTracked();
      expect(await runtime.stop()).to.deep.equal({ terminated: [] });
      await waiting;
    });
  }

  it('serves who comes, when no more may wait for its queues or its answers', async () => {
    const service = await runtime.listen({ accept: 'acceptor', host: '127.0.0.1' });
    const { peer } = runtime.workers[0];
    const jobs = peer.sender('jobs');
    await until(() => !jobs.trySend(new Uint8Array(peer.maxBytes)));
    const failures: unknown[] = [];
    while (failures.length === 0) {
      for (let count = 0; count < 64; count++) {
        jobs.send(new Uint8Array(peer.maxBytes)).catch((failure: unknown) => failures.push(failure));
      }
      await Promise.resolve();
    }
    expect(failures[0]).to.include({ code: 'ENOBUFS' });
    expect(await greeted(await clientOf(service))).to.equal(0);
    await service.close();
    const listener = await listen({ host: '127.0.0.1', port: 0 });
    listener.onConnection = connection => void connection.moveTo(peer);
    expect(await greeted(await connected({ host: '127.0.0.1', port: portOf(listener) }))).to.equal(0);
    await listener.close();
  });

  it('is told of a connection between messages whose handlers take long', async () => {
    const service = await runtime.listen({ accept: 'acceptor', host: '127.0.0.1' });
    const { peer } = runtime.workers[0];
    const tickets = Array.from({ length: 500 }, () => peer.schedule('pass the time', 20));
    expect(await greeted(await clientOf(service))).to.equal(0);
    // Many of them had not begun by then.
    expect(tickets.filter(ticket => ticket.cancel() === 'cancelled')).to.have.length.above(100);
  });
});
