/** What threads leave open when they end in the midst of a call, with threads of their own, or without a Runtime. */
import { expect } from 'chai';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { currentReactor, watchUser, type UserHandle } from 'pollux';
import { Runtime, type AcceptModel } from 'pollux/threads';
import { listDescriptors } from '../../support/descriptors.js';
import { closeHolder, openHolder } from '../../../src/sys/file/owned-descriptors.js';

const worker = new URL('owning-worker.js', import.meta.url);

type Part = 'accept' | 'sockets' | 'endpoint' | 'nested' | 'nested plain';

/** @returns the worker, and the port that it told. */
async function start(part: Part | UserHandle): Promise<[Worker, number]> {
  const started = new Worker(worker, { workerData: part });
  const port = await new Promise<number>((resolve, reject) => {
    started.once('message', resolve);
    started.once('error', reject);
  });
  return [started, port];
}

function openDescriptors(): string[] {
  if (process.platform !== 'linux') return listDescriptors();
  return readdirSync('/proc/self/fd').flatMap(fd => {
    try {
      return [`${fd} ${readlinkSync(`/proc/self/fd/${fd}`)}`];
    } catch {
      // That of the reading itself.
      return [];
    }
  });
}

/** Whether somebody listens. */
function isTaken(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connectSocket({ port, host: '127.0.0.1' });
    socket.once('connect', () => {
      socket.destroy();
      resolve(true);
    });
    socket.once('error', () => resolve(false));
  });
}

describe('what a thread leaves open', () => {
  before(async function () {
    if (process.platform !== 'linux') this.skip();
    // What this thread and its Node open once and keep.
    currentReactor();
    const [first, port] = await start('sockets');
    await isTaken(port);
    await first.terminate();
  });

  after(() => currentReactor().close());

  async function untilOpen(count: number): Promise<void> {
    while (openDescriptors().length > count) await new Promise(resolve => setTimeout(resolve, 5));
  }

  it('is closed when it ends within the call that opened it', async () => {
    const before = openDescriptors().length;
    const [accepting, port] = await start('accept');
    const ended = accepting.terminate();
    // It is told to stop while the kernel waits for this client; the call returns a descriptor all the same.
    const client = connectSocket({ port, host: '127.0.0.1' }).on('error', () => {});
    await Promise.all([ended, new Promise(resolve => client.resume().once('close', resolve))]);
    await untilOpen(before);
  });

  for (const part of ['sockets', 'endpoint', 'nested', 'nested plain'] as const) {
    it(`is closed when it is terminated, and its ports are free (${part})`, async () => {
      const before = openDescriptors().length;
      const [plain, port] = await start(part);
      expect(await isTaken(port)).to.equal(true);
      await plain.terminate();
      expect(await isTaken(port)).to.equal(false);
      await untilOpen(before);
    });
  }

  it('holds nobody up that closes what it was writing to', async () => {
    const watch = watchUser();
    const [using, fd] = await start(watch.handle);
    expect(fd).to.equal(watch.handle.fd);
    await using.terminate();
    const { wait } = Atomics;
    let waits = 0;
    Atomics.wait = () => {
      waits++;
      return 'timed-out';
    };
    try {
      watch.close();
    } finally {
      Atomics.wait = wait;
    }
    expect(waits).to.equal(0);
  });
});

describe('what is kept for the threads of a service', () => {
  afterEach(() => currentReactor().close());

  /** The lowest number that is free. */
  function nextHolder(): number {
    const id = openHolder();
    closeHolder(id);
    return id;
  }

  for (const accept of ['acceptor', 'combined'] satisfies AcceptModel[]) {
    for (const end of ['stopped', 'closed', 'terminated'] as const) {
      it(`is given back when it is ${end} (${accept})`, async () => {
        const before = nextHolder();
        const runtime = new Runtime({ entry: new URL('../service/entry.js', import.meta.url), workers: 2 });
        await runtime.start();
        const service = await runtime.listen({ accept, host: '127.0.0.1' });
        if (end === 'closed') await service.close();
        if (end === 'terminated') await Promise.all(runtime.workers.map(thread => thread.terminate()));
        await runtime.stop();
        expect(nextHolder()).to.equal(before);
      });
    }
  }
});
