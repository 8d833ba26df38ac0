import { expect } from 'chai';
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { currentReactor } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type RuntimeOptions } from 'pollux/threads';
import { rejection } from '../../support/sockets.js';
import { until } from './until.js';
import type { Messages } from './worker-function.js';

describe('a runtime that is paused', () => {
  let endpoint: Endpoint;
  let runtime: Runtime<Messages>;
  let clients: Socket[];

  function make(options: Partial<RuntimeOptions> = {}): void {
    const entry = new URL('worker-function.js', import.meta.url);
    runtime = new Runtime<Messages>({ entry, workers: 2, endpoint, ...options });
  }

  /** Asks each thread for its sum. */
  function sums(): Promise<number[]> {
    return Promise.all(runtime.workers.map(({ peer }) => peer.request('sum', null)));
  }

  /** Rounds of the owner's word, which paused threads hear, take longer than an answer does. */
  async function rounds(): Promise<void> {
    for (let round = 0; round < 5; round++) await Promise.all(runtime.workers.map(worker => worker.pause()));
  }

  function dialUp(port: number): Socket {
    const client = dial(port, '127.0.0.1');
    clients.push(client);
    client.write('hello');
    return client;
  }

  beforeEach(() => {
    endpoint = openEndpoint();
    clients = [];
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await runtime.stop(0).catch(() => {});
    endpoint.close();
    currentReactor().close();
  });

  it('receives nothing in any thread until it is resumed, and loses nothing', async () => {
    make();
    await runtime.start();
    await runtime.pause();
    for (const { peer } of runtime.workers) await peer.sender('numbers').send(21);
    let answered = false;
    const answers = sums().finally(() => (answered = true));
    await rounds();
    expect(answered).to.equal(false);
    runtime.resume();
    expect(await answers).to.deep.equal([21, 21]);
    await runtime.stop();
  });

  it('is what was said last, however quickly one follows the other', async () => {
    make();
    await runtime.start();
    const first = runtime.pause();
    runtime.resume();
    await runtime.pause();
    await first;
    let answered = false;
    const answers = sums().finally(() => (answered = true));
    await rounds();
    expect(answered).to.equal(false);
    void runtime.pause();
    runtime.resume();
    await answers;
    await runtime.stop();
  });

  it('starts workers that are paused, at first and after a crash', async () => {
    make({ restarts: 1, onError: () => {} });
    void runtime.start();
    await runtime.pause();
    const [worker] = runtime.workers;
    runtime.resume();
    worker.peer.schedule('crash');
    await until(() => !worker.isRunning);
    expect(worker.peer.isGone).to.equal(true);
    await runtime.pause();
    await until(() => worker.restarts === 1 && worker.isRunning);
    let answered = false;
    const answers = sums().finally(() => (answered = true));
    await rounds();
    expect(answered).to.equal(false);
    runtime.resume();
    expect(await answers).to.deep.equal([0, 0]);
    await runtime.stop();
  });

  for (const accept of ['acceptor', 'combined'] as const) {
    it(`serves connections of '${accept}' once it is resumed, or stopped`, async () => {
      make();
      await runtime.start();
      await runtime.pause();
      const service = await runtime.listen({ host: '127.0.0.1', accept });
      const client = dialUp(service.port);
      await once(client, 'connect');
      await rounds();
      expect(client.bytesRead).to.equal(0);
      runtime.resume();
      await once(client, 'data');
      await runtime.pause();
      const late = dialUp(service.port);
      const served = once(late, 'data');
      await once(late, 'connect');
      const stopping = runtime.stop();
      await served;
      for (const each of clients) each.destroy();
      await stopping;
      expect(runtime.workers.map(({ isAlive }) => isAlive)).to.deep.equal([false, false]);
    });
  }

  it('must be running', async () => {
    make();
    expect((await rejection(runtime.pause())).message).to.equal('pause: ESRCH, the runtime is not running');
    await runtime.start();
    await runtime.stop();
    expect((await rejection(runtime.pause())).message).to.equal('pause: ESRCH, the runtime is not running');
    runtime.resume();
  });
});
