/** A backend from outside, known by the door `pollux/backends` alone, under a whole program of threads. It wakes by a pipe of its own. */
import { expect } from 'chai';
import { currentReactor, startReactor } from 'pollux';
import { Runtime, type RuntimeOptions } from 'pollux/threads';
import { scanDescriptors } from '../../../src/sys/file/descriptor-scan.js';
import '../../../examples/backend/select-backend.js';
import { destroyTracked, rejection } from '../../support/sockets.js';
import { clientOf, clientsOf, greeted } from '../service/service-clients.js';
import type { Messages } from './foreign-entry.js';

const here = (name: string) => new URL(name, import.meta.url);

describe('threads on a backend from outside', () => {
  let runtime: Runtime<Messages>;

  async function start(options: Partial<RuntimeOptions> = {}): Promise<void> {
    startReactor({ backend: 'select' });
    runtime = new Runtime({
      entry: here('foreign-entry.js'),
      workerUrl: here('foreign-worker.js'),
      reactor: { backend: 'select' },
      workers: 2,
      ...options,
    });
    await runtime.start();
  }

  afterEach(async () => {
    destroyTracked();
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  it('wakes a thread that sleeps, whichever side sends', async () => {
    await start();
    const own = currentReactor().driver.backend;
    const [{ peer }, other] = runtime.workers;
    const first = await peer.request('backend', undefined);
    const second = await other.peer.request('backend', undefined);
    expect([own.name, first.name, second.name]).to.deep.equal(['select', 'select', 'select']);
    expect(new Set([own.wakeHandle.fd, first.fd, second.fd])).to.have.length(3);

    // A sender wakes only a thread that sleeps or is about to.
    const wakesBefore = own.counters.wakes;
    let { wakes } = first;
    while (wakes < first.wakes + 3 || own.counters.wakes < wakesBefore + 3) {
      await new Promise(setImmediate);
      ({ wakes } = await peer.request('backend', undefined));
    }

    const heard: string[] = [];
    const queue = runtime.endpoint.queue<string>('echo');
    const both = new Promise<void>(resolve => {
      queue.onMessage = ({ value }) => {
        if (heard.push(value) === 2) resolve();
      };
    });
    for (const worker of runtime.workers) await worker.peer.sender('words').send('good morning');
    await both;
    expect(heard.sort()).to.deep.equal(['0: good morning', '1: good morning']);
  });

  for (const accept of ['acceptor', 'reuseport', 'combined'] as const) {
    it(`serves connections by '${accept}', which end with the runtime and leave no descriptor`, async () => {
      startReactor({ backend: 'select' }).close();
      const before = scanDescriptors().length;
      await start();
      const service = await runtime.listen({ accept, host: '127.0.0.1' });
      const clients = await clientsOf(service, 20);
      const served = await Promise.all(clients.map(greeted));
      expect(served).to.have.length(20);
      if (accept === 'acceptor') expect(new Set(served)).to.deep.equal(new Set([0, 1]));
      await clients[0].write('hello');
      expect((await clients[0].read())!.toString()).to.equal('hello');
      destroyTracked();
      expect(await runtime.stop()).to.deep.equal({ terminated: [] });
      expect((await rejection(clientOf(service))).code).to.equal('ECONNREFUSED');
      currentReactor().close();
      expect(scanDescriptors()).to.have.length(before);
    });
  }

  it('refuses what the backend lacks, and a worker that does not know it', async () => {
    await start();
    expect((await rejection(runtime.listen({ accept: 'exclusive', host: '127.0.0.1' }))).message).to.include('ENOTSUP');
    await runtime.stop();
    currentReactor().close();
    expect((await rejection(start({ workerUrl: undefined }))).message).to.include("backend: there is no 'select'");
  });
});
