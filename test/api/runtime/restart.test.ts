/** A thread that crashed is started again, and its owner hears of both. */
import { expect } from 'chai';
import { currentReactor, Runtime, type RuntimeOptions } from '../../../src/index.js';
import { rejection } from '../sockets.js';
import { collectingUncaught } from '../uncaught.js';
import { until } from './until.js';

describe('a thread that is started again', () => {
  let runtime: Runtime;
  let told: string[];

  async function start(options: Partial<RuntimeOptions> = {}): Promise<void> {
    told = [];
    runtime = new Runtime({
      entry: new URL('entry.js', import.meta.url),
      threads: 2,
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
    await start({ onRestart: (_name, restarts) => (peers[restarts] = runtime.threads[1].peer) });
    const [, member] = runtime.threads;
    peers[0] = member.peer;
    for (const round of [1, 2]) {
      member.peer!.schedule('crash');
      await until(() => peers.length > round);
      expect(peers[round])
        .to.equal(member.peer)
        .and.not.equal(peers[round - 1]);
      expect(await member.peer!.request('about', null)).to.include({ index: 1, name: 'thread 1' });
    }
    member.peer!.schedule('crash');
    await until(() => !member.isAlive);
    expect((await rejection(runtime.stop())).message).to.equal('crashed as told');
    expect(peers).to.have.length(3);
    expect(told).to.deep.equal(Array(3).fill('thread 1: crashed as told'));
  });

  it('is not told of threads that are started for the first time, or while the runtime is stopped', async () => {
    await start();
    expect(told).to.deep.equal([]);
    const [member] = runtime.threads;
    member.peer!.schedule('crash');
    await until(() => member.restarts === 1);
    await runtime.stop();
    expect(told).to.deep.equal(['thread 0: crashed as told']);
  });

  it('may be told to callbacks that throw, which harms neither restart nor join', async () => {
    const thrown = (what: string) => () => {
      throw new Error(`thrown by ${what}`);
    };
    await collectingUncaught(async messages => {
      await start({ threads: 1, restarts: 1, onError: thrown('onError'), onRestart: thrown('onRestart') });
      const [member] = runtime.threads;
      member.peer!.schedule('crash');
      await until(() => messages.length === 2);
      expect(messages).to.deep.equal(['thrown by onError', 'thrown by onRestart']);
      member.peer!.schedule('crash');
      expect((await rejection(runtime.join())).message).to.equal('crashed as told');
      expect((await rejection(runtime.stop())).message).to.equal('crashed as told');
      await until(() => messages.length === 3);
    });
  });
});
