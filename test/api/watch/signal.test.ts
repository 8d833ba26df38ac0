import { expect } from 'chai';
import { readdirSync, readFileSync } from 'node:fs';
import process from 'node:process';
import { Worker } from 'node:worker_threads';
import { once } from 'node:events';
import { watchSignal } from '../../../src/index.js';
import { platform } from '../../../src/sys/ffi/platform.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { turns } from '../../support/sockets.js';
import { kept, Told } from './told.js';

function raise(signal: NodeJS.Signals): void {
  process.kill(process.pid, signal);
}

describeOnEveryDriver(
  'watchSignal()',
  () => {
    it('a signal that would end the process is told instead', async () => {
      const told = new Told<number>();
      kept(watchSignal('SIGUSR2', told.handler));
      const next = told.next();
      raise('SIGUSR2');
      expect(await next).to.equal(1);
      const again = told.next();
      raise('SIGUSR2');
      expect(await again).to.equal(1);
    });

    it('several watches of one signal are all told', async () => {
      const watches = [kept(watchSignal('SIGHUP')), kept(watchSignal('SIGHUP'))];
      const nexts = watches.map(watch => watch.next());
      raise('SIGHUP');
      expect(await Promise.all(nexts)).to.deep.equal([1, 1]);
    });

    it('what nobody took adds up', async () => {
      const watch = kept(watchSignal('SIGUSR2'));
      const witness = kept(watchSignal('SIGUSR2'));
      for (let count = 0; count < 3; count++) {
        const seen = witness.next();
        raise('SIGUSR2');
        await seen;
      }
      expect(await watch.next()).to.equal(3);
    });

    it('after close() it is silent, and leaves no handler behind', async () => {
      const told = new Told<number>();
      const before = process.listenerCount('SIGUSR2');
      const watch = watchSignal('SIGUSR2', told.handler);
      const witness = kept(watchSignal('SIGUSR2'));
      const seen = witness.next();
      raise('SIGUSR2');
      watch.close();
      await seen;
      await turns();
      expect(told.all).to.deep.equal([]);
      witness.close();
      expect(process.listenerCount('SIGUSR2')).to.equal(before);
    });

    for (const signal of ['SIGKILL', 'SIGSTOP', 'SIGSEGV'] as NodeJS.Signals[]) {
      it(`refuses ${signal}, and the backend goes on`, async () => {
        expect(() => watchSignal(signal)).to.throw(TypeError, `'${signal}'`);
        const watch = kept(watchSignal('SIGUSR2'));
        const next = watch.next();
        raise('SIGUSR2');
        expect(await next).to.equal(1);
      });
    }

    it('refuses what is no signal', () => {
      expect(() => watchSignal('SIGNATURE' as NodeJS.Signals)).to.throw(TypeError, "signal: 'SIGNATURE'; allowed");
      expect(() => watchSignal(15 as unknown as NodeJS.Signals)).to.throw(TypeError, "signal: '15'");
      expect(() => watchSignal('SIGUSR2', 5 as never)).to.throw(TypeError, 'onSignal: number; allowed: a function');
    });
  },
  ['level'],
);

describe('signals on Linux', () => {
  before(function () {
    if (platform !== 'linux') this.skip();
  });

  it('in a worker: ENOTSUP, with what to do instead', async () => {
    const worker = new Worker(new URL('programs/signal-in-worker.js', import.meta.url));
    // Both from the start: a worker that ends at once tells of its message and its exit in one go.
    const exit = once(worker, 'exit');
    const [answer] = (await once(worker, 'message')) as [{ code: string; message: string }];
    expect(answer).to.include({ code: 'ENOTSUP' });
    expect(answer.message).to.include('main thread');
    await exit;
  });

  it('why not signalfd: the runtime has threads that take signals which this one blocks', function () {
    if (platform !== 'linux') this.skip();
    const SIGUSR2 = 12;
    const open = readdirSync('/proc/self/task').filter(thread => {
      const status = readFileSync(`/proc/self/task/${thread}/status`, 'latin1');
      const blocked = BigInt(`0x${/^SigBlk:\s*(\w+)/m.exec(status)![1]}`);
      return Number(thread) !== process.pid && (blocked & (1n << BigInt(SIGUSR2 - 1))) === 0n;
    });
    expect(open).to.not.be.empty;
  });
});
