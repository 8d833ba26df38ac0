import { expect } from 'chai';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import { triggerUserEvent } from '../../../src/backends/sources/trigger.js';
import { IoError, triggerUser, watchUser } from '../../../src/index.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { turns } from '../../support/sockets.js';
import { kept, Told } from './told.js';

describeOnEveryDriver(
  'watchUser()',
  () => {
    it('a trigger is told, and not inside the call', async () => {
      const told = new Told<void>();
      const watch = kept(watchUser(told.handler));
      const next = told.next();
      watch.trigger();
      expect(told.all).to.have.length(0);
      await next;
      await turns();
      expect(told.all).to.have.length(1);
    });

    it('several triggers before the event are one', async () => {
      const told = new Told<void>();
      const watch = kept(watchUser(told.handler));
      const next = told.next();
      for (let count = 0; count < 5; count++) watch.trigger();
      await next;
      await turns();
      expect(told.all).to.have.length(1);
    });

    it('two watches are two events', async () => {
      const [first, second] = [kept(watchUser()), kept(watchUser())];
      const next = first.next();
      first.trigger();
      expect(await next).to.equal(true);
      second.close();
      expect(await second.next()).to.equal(null);
    });

    it('from other threads, by its handle', async () => {
      const told = new Told<void>();
      const watch = kept(watchUser(told.handler));
      const next = told.next();
      const worker = new Worker(new URL('programs/triggering-worker.js', import.meta.url), {
        workerData: watch.handle,
      });
      const exit = once(worker, 'exit');
      await next;
      await exit;
      expect(told.all.length).to.be.within(1, 100);
    });

    it('what is no handle, and what is no callback: an error that says so', () => {
      const { handle } = kept(watchUser());
      for (const wrong of [undefined, null, 5, {}, { ...handle, fd: -1 }, { ...handle, fd: 'x' }, { fd: handle.fd }]) {
        expect(() => triggerUser(wrong as never)).to.throw(TypeError, 'allowed: the handle of a watch by watchUser');
      }
      expect(() => watchUser(5 as never)).to.throw(TypeError, 'onTriggered: number; allowed: a function');
    });

    it('what a closed watch is triggered with: an error', () => {
      const watch = kept(watchUser());
      watch.close();
      expect(() => watch.trigger()).to.throw(Error, 'closed');
      expect(() => triggerUser(watch.handle))
        .to.throw()
        .with.property('code', 'EBADF');
    });

    it('what a closed watch is triggered with where a kqueue had the event: the same error', () => {
      const watch = kept(watchUser());
      const wake = () => {
        throw new IoError('ENOENT', 'kevent');
      };
      expect(() => triggerUserEvent(watch.handle, wake))
        .to.throw()
        .with.property('code', 'EBADF');
    });
  },
  ['level'],
);
