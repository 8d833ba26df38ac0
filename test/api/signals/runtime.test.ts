/** Signals of a runtime whose thread stands still. */
import { expect } from 'chai';
import { connect, currentReactor, listen, openDirectory, type Connection } from '../../../src/index.js';
import { Runtime, type Service } from '../../../src/threads.js';
import { until } from '../../threads/runtime/until.js';
import { atEnd, connected, destroyTracked, track } from '../../support/sockets.js';
import { describeEnd, describeWait, stateOf } from './waits.js';

const ANYWHERE = { accept: 'acceptor', host: '127.0.0.1' } as const;

async function isListening(port: number): Promise<boolean> {
  try {
    (await connect({ port, host: '127.0.0.1' })).destroy();
    return true;
  } catch {
    return false;
  }
}

describe('signals of runtimes', () => {
  let runtime: Runtime | undefined;
  let gate: Int32Array;

  async function make(standsAtOnce = false): Promise<Runtime> {
    await runtime?.stop().catch(() => {});
    gate = new Int32Array(new SharedArrayBuffer(12));
    gate[2] = standsAtOnce ? 1 : 0;
    runtime = new Runtime({
      entry: new URL('blocked-entry.js', import.meta.url),
      workers: 1,
      payload: gate.buffer,
      onError: () => {},
    });
    return runtime;
  }

  function open(): void {
    Atomics.store(gate, 1, 1);
    Atomics.notify(gate, 1);
  }

  /** One that runs, from an earlier test if that left one: starting a thread takes long. */
  async function running(): Promise<Runtime> {
    if (runtime !== undefined && stateOf(runtime) === 'running' && runtime.workers[0].isRunning) {
      const [worker] = runtime.workers;
      // It has left where it stood.
      await worker.pause();
      worker.resume();
      return runtime;
    }
    const made = await make();
    await made.start();
    return made;
  }

  async function stand({ workers: [{ peer }] }: Runtime): Promise<void> {
    gate.fill(0);
    peer.schedule('stand');
    await until(() => Atomics.load(gate, 0) === 1);
  }

  async function startBusy(): Promise<Runtime> {
    const ready = await running();
    await stand(ready);
    return ready;
  }

  afterEach(() => {
    open();
    destroyTracked();
  });
  after(async () => {
    await runtime?.stop().catch(() => {});
    currentReactor().close();
  });

  describeWait('runtime.start', async () => {
    const made = await make(true);
    return {
      begin: options => made.start(60_000, options),
      arrive: open,
      check: async aborted => {
        if (aborted === 'while waiting') await made.stop();
        expect(made.workers[0].isAlive).to.equal(false);
      },
    };
  });

  describeWait('runtime.listen', async () => {
    const busy = await startBusy();
    let service: Service | undefined;
    return {
      begin: async options => {
        const given = typeof options === 'object' ? { ...ANYWHERE, ...options } : options;
        service = await busy.listen(given);
      },
      arrive: open,
      check: () => expect(service).to.equal(undefined),
    };
  });

  it('runtime.listen that is aborted leaves nobody listening', async () => {
    const busy = await startBusy();
    const probe = await listen({ host: '127.0.0.1' });
    const { port } = probe;
    await probe.close();
    const controller = new AbortController();
    const listening = busy.listen({ ...ANYWHERE, port, signal: controller.signal });
    const outcome = listening.catch((failure: unknown) => failure);
    // It listens before its threads serve.
    while (!(await isListening(port))) continue;
    controller.abort('enough');
    expect(await outcome).to.equal('enough');
    open();
    while (await isListening(port)) continue;
  });

  it('runtime.listen is given up before the threads run', async () => {
    const made = await make(true);
    const starting = made.start();
    const controller = new AbortController();
    const listening = made.listen({ ...ANYWHERE, signal: controller.signal }).catch((failure: unknown) => failure);
    controller.abort('enough');
    expect(await listening).to.equal('enough');
    open();
    await starting;
  });

  for (const name of ['runtime.pause', 'worker.pause'] as const) {
    describeWait(name, async () => {
      const busy = await startBusy();
      atEnd(() => busy.resume());
      return {
        begin: options => (name === 'runtime.pause' ? busy : busy.workers[0]).pause(options),
        arrive: open,
        check: () => {},
      };
    });
  }

  describeWait('runtime.finished', async () => {
    const ready = await running();
    return {
      begin: options => ready.finished(options),
      arrive: () => void ready.stop(),
      check: async () => expect(await ready.finished()).to.deep.equal({ terminated: [] }),
    };
  });

  describeEnd('runtime.stop', async () => {
    const busy = await startBusy();
    return {
      begin: options => busy.stop(60_000, options),
      arrive: open,
      hasBegun: () => stateOf(busy) === 'stopping',
      check: async () => expect(await busy.finished()).to.deep.equal({ terminated: [] }),
    };
  });

  it('runtime.stop keeps its deadline when nobody waits any more', async () => {
    const busy = await startBusy();
    const stopped = busy.stop(20, { signal: AbortSignal.abort(new Error('no time')) });
    expect(await stopped.catch((failure: Error) => failure.message)).to.equal('no time');
    expect(await busy.finished()).to.deep.equal({ terminated: ['worker 0'] });
  });

  describeEnd('service.close', async () => {
    const ready = await running();
    const service = await ready.listen(ANYWHERE);
    await stand(ready);
    return {
      begin: options => service.close(options),
      arrive: open,
      hasBegun: () => stateOf(service) === 'closed',
      check: async () => expect(await service.close()).to.deep.equal({ late: [] }),
    };
  });

  describeEnd('worker.terminate', async () => {
    const [worker] = (await startBusy()).workers;
    return {
      begin: options => worker.terminate(options),
      arrive: open,
      hasBegun: () => worker.wasTerminated,
      check: () => until(() => !worker.isAlive),
    };
  });

  describeWait('connection.moveTo', async () => {
    const [{ peer }] = (await startBusy()).workers;
    const listener = await listen({ host: '127.0.0.1' });
    const accepted = new Promise<Connection>(resolve => (listener.onConnection = resolve));
    const client = await connected({ port: listener.port, host: '127.0.0.1' });
    const server = track(await accepted);
    await listener.close();
    return {
      begin: options => server.moveTo(peer, undefined, options),
      arrive: open,
      check: async aborted => {
        if (aborted === 'before') server.end('from here');
        expect((await client.read())?.toString()).to.equal(aborted === 'before' ? 'from here' : 'from the thread');
      },
    };
  });
});

describe('signals of closing', () => {
  afterEach(() => destroyTracked());
  after(() => currentReactor().close());

  for (const way of ['close', 'drain'] as const) {
    describeEnd(`listener.${way}`, async () => {
      const listener = await listen({ host: '127.0.0.1' });
      listener.onConnection = each => each.end();
      return {
        begin: options => listener[way](options),
        arrive: () => {},
        hasBegun: way === 'close' ? () => stateOf(listener) !== 'open' : undefined,
        check: () => until(() => listener.isClosed),
      };
    });
  }

  describeEnd('directory.close', async () => {
    const directory = await openDirectory('.');
    return {
      begin: options => directory.close(options),
      arrive: () => {},
      hasBegun: () => directory.isClosed,
      check: () => directory.close(),
    };
  });
});
