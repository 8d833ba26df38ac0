/** A service that is closed while a thread of it is paused: it waits until its deadline, and loses nobody whom others can serve. */
import { expect } from 'chai';
import { currentReactor } from 'pollux';
import { Runtime, type AcceptModel } from 'pollux/threads';
import { destroyTracked, rejection } from '../../support/sockets.js';
import { clientOf, clientsOf, greeted } from './service-clients.js';

const entry = new URL('entry.js', import.meta.url);
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

describe('a service that is closed with a thread that does not answer', () => {
  let runtime: Runtime;

  beforeEach(async () => {
    runtime = new Runtime({ entry, workers: 2, names: ['paused', 'alive'] });
    await runtime.start();
  });

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(2_000).catch(() => {});
    currentReactor().close();
  });

  for (const accept of MODELS) {
    it(`is closed at its deadline (${accept})`, async () => {
      const service = await runtime.listen({ accept, host: '127.0.0.1' });
      await runtime.workers[0].pause();
      await service.close({ deadlineMs: 100 });
      expect((await rejection(clientOf(service))).code).to.equal('ECONNREFUSED');
      // What it hears later does no harm.
      runtime.workers[0].resume();
    });
  }

  for (const accept of ['acceptor', 'combined'] as const) {
    it(`has what that thread was given served by the others (${accept})`, async () => {
      const service = await runtime.listen({ accept, host: '127.0.0.1' });
      await runtime.workers[0].pause();
      const clients = await clientsOf(service, 10);
      const { late } = await service.close({ deadlineMs: 2_000 });
      expect(late).to.deep.equal(['paused']);
      expect(await Promise.all(clients.map(greeted))).to.deep.equal(Array(10).fill(1));
      runtime.workers[0].resume();
    });
  }

  it('refuses a deadline that makes no sense, and closes when asked again', async () => {
    const service = await runtime.listen({ accept: 'acceptor', host: '127.0.0.1' });
    expect(await rejection(service.close({ deadlineMs: -1 }))).to.be.instanceOf(RangeError);
    expect(await service.close()).to.deep.equal({ late: [] });
  });
});
