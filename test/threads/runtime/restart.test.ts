/** A thread that crashed is started again, and its owner hears of both. */
import { expect } from 'chai';
import { once } from 'node:events';
import { connect as dial, type Socket } from 'node:net';
import { currentReactor } from 'pollux';
import { Runtime, type RuntimeOptions } from 'pollux/threads';
import { openDescriptors } from '../../support/descriptors.js';
import { rejection } from '../../support/sockets.js';
import { collectingUncaught } from '../../support/uncaught.js';
import type { Cells } from './restart-entry.js';
import { until } from './until.js';

describe('a thread that is started again', () => {
  let runtime: Runtime;
  let told: string[];

  async function start(options: Partial<RuntimeOptions> = {}): Promise<void> {
    told = [];
    runtime = new Runtime({
      entry: new URL('entry.js', import.meta.url),
      workers: 2,
      restarts: 2,
      onError: ({ message }, name) => told.push(`${name}: ${message}`),
      onRestart: (name, restarts) => told.push(`${name} is back, ${restarts}`),
      ...options,
    });
    await runtime.start();
  }

  afterEach(async () => {
    await runtime.stop(0).catch(() => {});
    currentReactor().close();
  });

  it('is told each time, once it runs and its peer is the new one', async () => {
    const peers: unknown[] = [];
    await start({ onRestart: (_name, restarts) => (peers[restarts] = runtime.workers[1].peer) });
    const [, worker] = runtime.workers;
    peers[0] = worker.peer;
    for (const round of [1, 2]) {
      worker.peer.schedule('crash');
      await until(() => peers.length > round);
      expect(peers[round])
        .to.equal(worker.peer)
        .and.not.equal(peers[round - 1]);
      expect(await worker.peer.request('about', null)).to.include({ index: 1, name: 'worker 1' });
    }
    worker.peer.schedule('crash');
    await until(() => !worker.isAlive);
    expect((await rejection(runtime.stop())).message).to.equal('crashed as told');
    expect(peers).to.have.length(3);
    expect(told).to.deep.equal(Array(3).fill('worker 1: crashed as told'));
  });

  it('is not told of threads that are started for the first time, or while the runtime is stopped', async () => {
    await start();
    expect(told).to.deep.equal([]);
    const [worker] = runtime.workers;
    worker.peer.schedule('crash');
    await until(() => worker.restarts === 1);
    await runtime.stop();
    expect(told).to.deep.equal(['worker 0: crashed as told']);
  });

  it('may be told to callbacks that throw, which harms neither restart nor join', async () => {
    const thrown = (what: string) => () => {
      throw new Error(`thrown by ${what}`);
    };
    await collectingUncaught(async messages => {
      await start({ workers: 1, restarts: 1, onError: thrown('onError'), onRestart: thrown('onRestart') });
      const [worker] = runtime.workers;
      worker.peer.schedule('crash');
      await until(() => messages.length === 2);
      expect(messages).to.deep.equal(['thrown by onError', 'thrown by onRestart']);
      worker.peer.schedule('crash');
      expect((await rejection(runtime.finished())).message).to.equal('crashed as told');
      expect((await rejection(runtime.stop())).message).to.equal('crashed as told');
      await until(() => messages.length === 3);
    });
  });
});

describe('a thread that crashes while another hangs', () => {
  let runtime: Runtime;
  let cells: Cells;
  let returns: number;
  let before: string[];
  let clients: Socket[];

  beforeEach(async () => {
    before = openDescriptors();
    clients = [];
    returns = 0;
    const cell = () => new Int32Array(new SharedArrayBuffer(8));
    cells = { ports: cell(), accepted: cell(), waiting: cell(), goOn: cell() };
    runtime = new Runtime({
      entry: new URL('restart-entry.js', import.meta.url),
      workers: 2,
      restarts: 2,
      payload: cells,
      onRestart: () => returns++,
    });
    await runtime.start();
    runtime.workers[0].peer.schedule('wait');
    await until(() => cells.waiting[0] === 1);
  });

  afterEach(async () => {
    for (const client of clients) client.destroy();
    await runtime.stop(0);
    currentReactor().close();
    await until(() => clients.every(({ closed }) => closed));
    expect(openDescriptors(), 'descriptors left open').to.deep.equal(before);
  });

  /** Connects to thread 1, which has accepted it by then. */
  async function accepted(): Promise<Socket> {
    const count = cells.accepted[1];
    const client = dial(cells.ports[1], '127.0.0.1').on('error', () => {});
    clients.push(client);
    await until(() => cells.accepted[1] > count);
    return client;
  }

  function goOn(): void {
    Atomics.store(cells.goOn, 0, 1);
    Atomics.notify(cells.goOn, 0);
  }

  it('is back at once, on its port, and its peers are told', async () => {
    for (const round of [1, 2]) {
      const client = await accepted();
      const told = once(client.resume(), 'close');
      runtime.workers[1].peer.schedule('crash');
      await told;
      await until(() => returns === round);
    }
    await accepted();
  });

  it('leaves nothing open, whether the other one goes on or is terminated', async () => {
    const running = openDescriptors().length;
    const [hung, worker] = runtime.workers;
    worker.peer.schedule('crash');
    await until(() => returns === 1);
    goOn();
    await until(() => openDescriptors().length === running);
    cells.goOn[0] = 0;
    hung.peer.schedule('wait');
    worker.peer.schedule('crash');
    await until(() => returns === 2);
    expect((await runtime.stop(0)).terminated).to.include('worker 0');
  });

  it('regression 44: has given it a connection, which lives on there, whatever was opened since', async () => {
    const client = await accepted();
    runtime.workers[1].peer.schedule('move the last and crash', 0);
    await until(() => returns === 1);
    await accepted();
    goOn();
    const [greeting] = (await once(client, 'data')) as [Buffer];
    expect(greeting.toString()).to.equal('moved');
  });
});
