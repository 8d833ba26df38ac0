/** What threads leave open when they end in the midst of a call, with threads of their own, or without a Runtime. */
import { expect } from 'chai';
import { readdirSync, readlinkSync } from 'node:fs';
import { connect as connectSocket } from 'node:net';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { currentReactor } from '../../../src/index.js';

const worker = new URL('owning-worker.js', import.meta.url);

type Part = 'accept' | 'sockets' | 'endpoint' | 'nested' | 'nested plain';

/** @returns the worker, and the port that it told. */
async function start(part: Part): Promise<[Worker, number]> {
  const started = new Worker(worker, { workerData: part });
  const port = await new Promise<number>((resolve, reject) => {
    started.once('message', resolve);
    started.once('error', reject);
  });
  return [started, port];
}

function openDescriptors(): string[] {
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
});
