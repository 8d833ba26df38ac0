/** Services of a runtime: whoever accepts, each connection is served once, and none is lost when they close or a thread ends. */
import { assert, expect } from 'chai';
import { connect, currentReactor, type Connection } from 'pollux';
import { Runtime, type AcceptModel, type Service } from 'pollux/threads';
import { scanDescriptors } from '../../../src/sys/file/descriptor-scan.js';
import { destroyTracked, portOf, rejection } from '../../support/sockets.js';
import { collectingUncaught } from '../../support/uncaught.js';
import { clientOf, clientsOf, greeted } from './service-clients.js';

const THREADS = 2;
const entry = new URL('entry.js', import.meta.url);
const MODELS: readonly AcceptModel[] = ['reuseport', 'exclusive', 'acceptor', 'combined'];

describe('services of a runtime', () => {
  let runtime: Runtime;
  /** Those of a test so far. */
  let clients: Connection[];

  async function start(options: Partial<ConstructorParameters<typeof Runtime>[0]> = {}): Promise<void> {
    clients = [];
    runtime = new Runtime({ entry, workers: THREADS, ...options });
    await runtime.start();
  }

  /** Has so many come. @returns the thread of each. */
  async function threadsOf(service: Service, count: number): Promise<number[]> {
    const come = await clientsOf(service, count);
    clients.push(...come);
    return await Promise.all(come.map(greeted));
  }

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(2_000).catch(() => {});
    currentReactor().close();
  });

  for (const accept of MODELS) {
    describe(accept, () => {
      it('serves each connection once, in the thread that says so, and counts', async () => {
        await start();
        const service = await runtime.listen({ accept, host: '127.0.0.1' });
        const served = await threadsOf(service, 200);
        const spread = service.spread();
        for (const { index, accepted, open } of spread) {
          expect(accepted).to.equal(served.filter(thread => thread === index).length);
          expect(open).to.equal(accepted);
        }
        for (const connection of clients.splice(0)) await connection.close();
        while (service.spread().some(({ open }) => open > 0)) await new Promise(setImmediate);
        await service.close();
        await service.close();
      });

      it('loses none of those that wait when it closes', async () => {
        await start();
        const service = await runtime.listen({ accept, host: '127.0.0.1' });
        // What is in the backlog by now, or in a mailbox, while the threads are busy.
        for (const { peer } of runtime.workers) peer.schedule('pass the time', 100);
        const connections = await clientsOf(service, 100);
        const closed = service.close();
        await Promise.all(connections.map(greeted));
        await closed;
        expect((await rejection(clientOf(service))).code).to.equal('ECONNREFUSED');
        const [first] = connections;
        await first.write('still served');
        expect((await first.read())!.toString()).to.equal('still served');
      });

      it('goes on when a thread has crashed, with another in its place or without', async () => {
        for (const restarts of [0, 1]) {
          const failures: Error[] = [];
          await start({ restarts, onError: failure => failures.push(failure) });
          const service = await runtime.listen({ accept, host: '127.0.0.1' });
          await threadsOf(service, 20);
          runtime.workers[1].peer.schedule('crash');
          // Connections of this while go to a thread that is about to end, or to others.
          const meanwhile = Promise.allSettled(
            Array.from({ length: 20 }, async () => {
              await greeted(await clientOf(service));
            }),
          );
          while (failures.length === 0) await new Promise(setImmediate);
          await meanwhile;
          if (restarts > 0) while (!runtime.workers[1].isRunning) await new Promise(setImmediate);
          const served = await threadsOf(service, 100);
          expect(served).to.have.length(100);
          destroyTracked();
          await runtime.stop(2_000).catch(() => {});
        }
      });

      it('refuses threads that receive no connections', async () => {
        await start({ payload: 'deaf' });
        const failure = await rejection(runtime.listen({ accept, host: '127.0.0.1' }));
        expect(failure.message).to.include('must call receiveConnections');
      });

      it('leaves no descriptor behind', async () => {
        const open = () => scanDescriptors().length;
        await start();
        currentReactor();
        const before = open();
        const service = await runtime.listen({ accept, host: '127.0.0.1' });
        await threadsOf(service, 50);
        for (const connection of clients.splice(0)) await connection.close();
        while (service.spread().some(({ open }) => open > 0)) await new Promise(setImmediate);
        await service.close();
        expect(open()).to.be.at.most(before);
      });
    });
  }

  it('an acceptor spreads evenly by turns', async () => {
    await start();
    const service = await runtime.listen({ accept: 'acceptor', host: '127.0.0.1' });
    await threadsOf(service, 400);
    for (const { accepted } of service.spread()) expect(accepted).to.equal(400 / THREADS);
  });

  it('an acceptor gives to whom has the fewest, or as a function says', async () => {
    await start();
    const least = await runtime.listen({ accept: 'acceptor', distribute: 'least-connections', host: '127.0.0.1' });
    const served = await threadsOf(least, 80);
    for (const [index, connection] of [...clients].entries()) if (served[index] === 0) await connection.close();
    while (least.spread()[0].open > 0) await new Promise(setImmediate);
    expect(await threadsOf(least, 20)).to.deep.equal(Array.from({ length: 20 }, () => 0));
    const last = await runtime.listen({ accept: 'acceptor', distribute: () => THREADS - 1, host: '127.0.0.1' });
    expect(await threadsOf(last, 10)).to.deep.equal(Array.from({ length: 10 }, () => THREADS - 1));
  });

  it('an acceptor serves who came when its function throws or makes no sense, and tells of it', async () => {
    await start();
    const answers = [() => 0, () => THREADS, () => -1, () => '0', () => assert.fail('thrown')];
    let asked = 0;
    const distribute = () => answers[asked++ % answers.length]() as number;
    const service = await runtime.listen({ accept: 'acceptor', distribute, host: '127.0.0.1' });
    await collectingUncaught(async told => {
      expect(await threadsOf(service, 20)).to.have.length(20);
      // Each is thrown in a turn of its own, and the clients may be served before.
      while (told.length < 16) await new Promise(setImmediate);
      await new Promise(setImmediate);
      expect(told).to.have.length(16);
      expect(told).to.include(`distribute: it answered ${THREADS}; allowed: integers from 0 to ${THREADS - 1}`);
      expect(told).to.include('thrown');
    });
  });

  it('an acceptor holds connections for the thread that comes, and loses none of one that ends', async () => {
    const flag = new Int32Array(new SharedArrayBuffer(4));
    await start({ workers: 1, restarts: 1, onError: () => {}, payload: flag });
    const service = await runtime.listen({ accept: 'acceptor', host: '127.0.0.1' });
    runtime.workers[0].peer.schedule('crash once told');
    while (Atomics.load(flag, 0) !== 1) await new Promise(setImmediate);
    clients = await clientsOf(service, 50);
    while (service.spread()[0].accepted < 50) await new Promise(setImmediate);
    // The thread reads none of these before it crashes.
    Atomics.store(flag, 0, 2);
    Atomics.notify(flag, 0);
    expect(await Promise.all(clients.map(greeted))).to.have.length(50);
    expect(runtime.workers[0].restarts).to.equal(1);
    expect(service.spread()[0]).to.include({ accepted: 50, open: 50 });
  });

  it('several services run side by side, and end with the runtime', async () => {
    await start();
    const services = await Promise.all(MODELS.map(accept => runtime.listen({ accept, host: '127.0.0.1' })));
    for (const service of services) expect(await threadsOf(service, 10)).to.have.length(10);
    const ports = services.map(service => portOf(service as never));
    destroyTracked();
    await runtime.stop();
    for (const port of ports)
      expect((await rejection(connect({ host: '127.0.0.1', port }))).code).to.equal('ECONNREFUSED');
  });

  it('refuses options that make no sense, each by its name', async () => {
    await start({ workers: 1 });
    const refused = async (options: object) => (await rejection(runtime.listen(options as never))).message;
    expect(await refused({})).to.include('accept: undefined; allowed: reuseport, exclusive, acceptor, combined');
    expect(await refused({ accept: 'thread' })).to.include("accept: 'thread'");
    expect(await refused({ accept: 'acceptor', distribute: 'x' })).to.include("distribute: 'x'; allowed: round-robin");
    expect(await refused({ accept: 'reuseport', distribute: () => 0 })).to.include(
      "distribute: it is for accept: 'acceptor'",
    );
    expect(await refused({ accept: 'acceptor', reusePort: 'require' })).to.include('reusePort');
    expect(await refused({ accept: 'reuseport', path: '/nowhere' })).to.include("path: accept: 'reuseport' is for TCP");
    expect(await refused({ accept: 'acceptor', port: -1 })).to.include('port: -1');
    await runtime.stop();
    expect(await refused({ accept: 'acceptor' })).to.include('the runtime is not running');
  });
});
