import { expect } from 'chai';
import { once } from 'node:events';
import { connect as dial } from 'node:net';
import { currentReactor } from 'pollux';
import { openEndpoint, Runtime, type Endpoint, type RuntimeOptions } from 'pollux/threads';
import { rejection } from '../../support/sockets.js';
import { until } from './until.js';
import type { Messages } from './worker-function.js';

describe('the life of a thread that is started with a function', () => {
  let endpoint: Endpoint;
  let runtime: Runtime<Messages>;

  async function start(options: Partial<RuntimeOptions> = {}): Promise<void> {
    const entry = new URL('worker-function.js', import.meta.url);
    runtime = new Runtime<Messages>({ entry, workers: 1, endpoint, ...options });
    await runtime.start();
  }

  beforeEach(() => (endpoint = openEndpoint()));

  afterEach(async () => {
    await runtime.stop(0).catch(() => {});
    endpoint.close();
    currentReactor().close();
  });

  it('is running once the function is through, and takes messages', async () => {
    await start();
    const peer = runtime.workers[0].peer;
    await peer.sender('numbers').send(40);
    await peer.sender('numbers').send(2);
    expect(await peer.request('sum', null)).to.equal(42);
    await runtime.stop();
  });

  it('paused it receives nothing, from peers or threads, and loses nothing of it', async () => {
    await start();
    const [worker] = runtime.workers;
    const peer = worker.peer;
    const client = dial(await peer.request('port', null), '127.0.0.1');
    await once(client, 'connect');
    client.write('before');
    await once(client, 'data');
    await worker.pause();
    await worker.pause();
    client.write('meanwhile');
    await peer.sender('numbers').send(7);
    let heard = false;
    const answer = Promise.race([
      once(client, 'data').then(() => (heard = true)),
      peer.request('sum', null).then(() => (heard = true)),
    ]);
    // Two rounds of the owner's word, which a paused thread hears, take longer than an echo does.
    await worker.pause();
    await worker.pause();
    expect(heard).to.equal(false);
    worker.resume();
    await answer;
    expect(await peer.request('sum', null)).to.equal(7);
    client.destroy();
    await runtime.stop();
  });

  it('is stopped, or terminated, while it is paused', async () => {
    await start();
    await runtime.workers[0].pause();
    await runtime.stop();
    expect(runtime.workers[0].isAlive).to.equal(false);
    expect((await rejection(runtime.workers[0].pause())).message).to.equal(
      "pause: ESRCH, worker 'worker 0' is not running",
    );
  });

  it('an onStop that fails is told to the owner', async () => {
    const told: string[] = [];
    await start({ payload: 'throw', onError: ({ message }, name) => told.push(`${name}: ${message}`) });
    expect((await rejection(runtime.stop())).message).to.equal('thrown while stopping');
    expect((await rejection(runtime.finished())).message).to.equal('thrown while stopping');
    expect(told).to.deep.equal(['worker 0: thrown while stopping']);
  });

  it('an exit in onStop is told with its code', async () => {
    await start({ payload: 'exit' });
    expect((await rejection(runtime.stop())).message).to.equal("worker 'worker 0' ended with exit code 3");
    await until(() => !runtime.workers[0].isAlive);
  });

  it('the deadline is no failure', async () => {
    await start();
    const [worker] = runtime.workers;
    await worker.pause();
    // Whether it gets to that before it is terminated is all the same.
    worker.peer.onFailure = () => {};
    worker.peer.schedule('nothing');
    await runtime.stop(0);
    await runtime.finished();
  });
});
