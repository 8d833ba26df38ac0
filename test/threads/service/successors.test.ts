/** Threads of a service that end or begin while it closes, or while nobody else is there: who waits is served by who lives. */
import { expect } from 'chai';
import { currentReactor } from 'pollux';
import { Runtime, type AcceptModel, type RuntimeOptions, type Service } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';
import { until } from '../runtime/until.js';
import { destroyTracked, turns } from '../../support/sockets.js';
import { WAITS_AFTER, WAITS_BEFORE, type Cells } from './dying-entry.js';
import { clientsOf, greeted } from './service-clients.js';

/** So many that each thread has some of them: that three threads leave one out has a chance of one in ten million. */
const CLIENTS = 40;
/** Longer than any test may last. */
const NEVER_MS = 1_000_000;

describe('what waits for a thread that ends', () => {
  let runtime: Runtime;
  let service: Service;
  let cells: Cells;
  let failures: string[];
  /** Descriptors open before the service. */
  let before: number;

  async function serve(accept: AcceptModel, options: Partial<RuntimeOptions>): Promise<void> {
    const cell = () => new Int32Array(new SharedArrayBuffer(16));
    cells = { waiting: cell(), beginning: cell(), goOn: cell() };
    failures = [];
    runtime = new Runtime({
      entry: new URL('dying-entry.js', import.meta.url),
      payload: cells,
      onError({ message }) {
        failures.push(message);
        // Before it is started again.
        cells.waiting.fill(0);
        cells.goOn[0] = 0;
      },
      ...options,
    });
    await runtime.start();
    before = openDescriptors().length;
    service = await runtime.listen({ accept, host: '127.0.0.1' });
  }

  async function untilWaiting(index: number): Promise<void> {
    await until(() => cells.waiting[index] === 1);
  }

  function goOn(): void {
    Atomics.store(cells.goOn, 0, 1);
    Atomics.notify(cells.goOn, 0);
  }

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  for (const restarts of [0, 1]) {
    it(`is taken by the others while the service closes, with ${restarts} restarts allowed`, async () => {
      await serve('reuseport', { workers: 3, restarts });
      runtime.workers[1].peer.schedule('wait and crash');
      await untilWaiting(1);
      const clients = await clientsOf(service, CLIENTS);
      const closed = service.close();
      goOn();
      expect(await Promise.all(clients.map(greeted))).not.to.include(1);
      await closed;
      expect(failures).to.deep.equal(['crashed as told']);
    });
  }

  it('is taken by the others while the runtime is stopped', async () => {
    await serve('reuseport', { workers: 3 });
    runtime.workers[1].peer.schedule('wait and crash');
    await untilWaiting(1);
    const clients = await clientsOf(service, CLIENTS);
    const stopped = runtime.stop(NEVER_MS).catch(({ message }: Error) => message);
    await turns();
    goOn();
    expect(await Promise.all(clients.map(greeted))).not.to.include(1);
    destroyTracked();
    expect(await stopped).to.equal('crashed as told');
  });

  it('is lost while the service closes if there are no others, and nothing is left open', async () => {
    await serve('reuseport', { workers: 1, restarts: 1 });
    runtime.workers[0].peer.schedule('wait and crash');
    await untilWaiting(0);
    const clients = await clientsOf(service, 3);
    const closed = service.close();
    goOn();
    for (const client of clients) expect(await client.read().catch(() => null)).to.equal(null);
    await closed;
    destroyTracked();
    await until(() => runtime.workers[0].isRunning && openDescriptors().length === before);
  });

  it('is taken by one that was just being started again when it ended', async () => {
    await serve('reuseport', { workers: 2, restarts: 1 });
    const [first, second] = runtime.workers;
    cells.beginning[1] = WAITS_BEFORE;
    cells.goOn[0] = 1;
    second.peer.schedule('wait and crash');
    await until(() => second.restarts === 1);
    await first.terminate();
    const clients = await clientsOf(service, CLIENTS);
    goOn();
    expect(await Promise.all(clients.map(greeted))).to.deep.equal(Array(CLIENTS).fill(1));
  });

  for (const accept of ['reuseport', 'combined'] as const) {
    it(`is nobody's, if that comes back as the service closes (${accept})`, async () => {
      let closed: Promise<unknown> | undefined;
      await serve(accept, { workers: 1, restarts: 1, onRestart: () => void (closed = service.close()) });
      const [worker] = runtime.workers;
      cells.beginning[0] = WAITS_AFTER;
      worker.peer.schedule('wait and crash');
      await untilWaiting(0);
      goOn();
      await until(() => closed !== undefined);
      await untilWaiting(0);
      await turns();
      goOn();
      await closed;
      expect(failures).to.deep.equal(['crashed as told']);
      expect(await runtime.stop()).to.deep.equal({ terminated: [] });
    });
  }
});
