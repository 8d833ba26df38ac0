import { expect } from 'chai';
import type { TimeoutKind, IoError } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { closing, fillUp, rejection, turns, unixPair } from '../../support/sockets.js';

describeOnEveryDriver(
  'timeouts',
  () => {
    for (const option of ['idleMs', 'readMs'] as const) {
      it(`${option}: silence destroys the connection with ETIMEDOUT`, async () => {
        const { client } = unixPair();
        const closed = closing(client);
        const started = performance.now();
        client.setTimeouts({ [option]: 30 });
        const failure = (await closed.told) as IoError;
        expect(failure.code).to.equal('ETIMEDOUT');
        expect(failure.message).to.include(`${option.slice(0, -2)} timeout`);
        expect(performance.now() - started).to.be.at.least(29);
        expect(closed.times).to.equal(1);
      });
    }

    it('writeMs: a peer that takes nothing destroys the connection with ETIMEDOUT', async () => {
      const { client } = unixPair();
      const closed = closing(client);
      client.setTimeouts({ writeMs: 30 });
      fillUp(client);
      const failure = (await closed.told) as IoError;
      expect(failure.code).to.equal('ETIMEDOUT');
      expect(failure.message).to.include('write timeout');
    });

    it('writeMs set when something is queued already', async () => {
      const { client } = unixPair();
      const closed = closing(client);
      fillUp(client);
      client.setTimeouts({ writeMs: 30 });
      expect(((await closed.told) as IoError).code).to.equal('ETIMEDOUT');
    });

    it('writeMs does not run while nothing is queued', async () => {
      const { client, server } = unixPair();
      const closed = closing(client);
      client.setTimeouts({ writeMs: 5, idleMs: 60 });
      client.send('x');
      await server.read();
      expect(((await closed.told) as IoError).message).to.include('idle timeout');
    });

    for (const sender of ['client', 'server'] as const) {
      it(`bytes put idleMs off: those of the ${sender}`, async () => {
        const IDLE_MS = 150;
        const pair = unixPair();
        const closed = closing(pair.client);
        pair.client.onData = () => {};
        pair.server.onData = () => {};
        pair.client.setTimeouts({ idleMs: IDLE_MS });
        let sentAt = 0;
        let count = 0;
        const beat = setInterval(() => {
          sentAt = performance.now();
          pair[sender].send('x');
          if (++count === 10) clearInterval(beat);
        }, 30);
        await closed.told;
        clearInterval(beat);
        // However long a busy machine kept the beat waiting: it was silent for as long before the end.
        expect(performance.now() - sentAt).to.be.at.least(IDLE_MS - 1);
      });
    }

    it('sent bytes do not put readMs off', async () => {
      const { client, server } = unixPair();
      server.onData = () => {};
      client.setTimeouts({ readMs: 40 });
      const beat = setInterval(() => client.send('x'), 10);
      const closed = closing(client);
      client.onData = () => {};
      expect(((await closed.told) as IoError).message).to.include('read timeout');
      clearInterval(beat);
    });

    it('onTimeout is told in place of the end, and the connection lives on', async () => {
      const { client, server } = unixPair();
      const told = settling<TimeoutKind>();
      client.onTimeout = told.resolve;
      client.setTimeouts({ idleMs: 10 });
      expect(await told.promise).to.equal('idle');
      expect(client.isClosed).to.equal(false);
      client.send('alive');
      expect((await server.read())?.toString()).to.equal('alive');
    });

    it('after onTimeout, bytes start the clock anew', async () => {
      const { client, server } = unixPair();
      let times = 0;
      const second = settling<void>();
      const first = settling<void>();
      client.onTimeout = () => (++times === 1 ? first.resolve() : second.resolve());
      client.setTimeouts({ idleMs: 10 });
      await first.promise;
      server.onData = () => {};
      client.send('x');
      await second.promise;
      expect(times).to.equal(2);
    });

    it('set anew they replace the old ones, and {} turns them off', async () => {
      const { client } = unixPair();
      const closed = closing(client);
      client.setTimeouts({ idleMs: 10, readMs: 10 });
      client.setTimeouts({});
      const other = unixPair().client;
      const later = closing(other);
      other.setTimeouts({ idleMs: 30 });
      await later.told;
      expect(closed.times).to.equal(0);
    });

    it('refuses delays that make no sense', () => {
      const { client } = unixPair();
      for (const name of ['idleMs', 'readMs', 'writeMs'] as const) {
        for (const [delayMs, said] of [
          [-1, '-1'],
          [NaN, 'NaN'],
          [Infinity, 'Infinity'],
          ['5' as unknown as number, "'5'"],
        ] as const) {
          expect(() => client.setTimeouts({ [name]: delayMs })).to.throw(RangeError, `${name}: ${said}`);
        }
      }
    });

    it('a waiting read() is told that the time is over', async () => {
      const { client } = unixPair();
      client.setTimeouts({ readMs: 10 });
      expect((await rejection(client.read())).code).to.equal('ETIMEDOUT');
    });

    it('readMs ends with the stream: no timeout after the end, whoever read it', async () => {
      for (const readWith of ['read', 'readInto'] as const) {
        const { client, server } = unixPair();
        const closed = closing(client);
        server.end();
        // Read at once: no stall of the machine comes between.
        client.setTimeouts({ readMs: 150 });
        if (readWith === 'read') await client.read();
        else await client.readInto(new Uint8Array(1));
        const other = unixPair().client;
        const later = closing(other);
        other.setTimeouts({ idleMs: 200 });
        await later.told;
        expect(closed.times, readWith).to.equal(0);
      }
    });

    it('an orderly close has its own patience: idleMs does not cut it short', async () => {
      const { client, server } = unixPair({ lingerMs: 60 });
      client.setTimeouts({ idleMs: 10, readMs: 10 });
      const started = performance.now();
      await client.close();
      expect(performance.now() - started).to.be.at.least(59);
      expect(await server.read()).to.equal(null);
    });

    it('a destroyed connection has none', async () => {
      const { client } = unixPair();
      const closed = closing(client);
      client.setTimeouts({ idleMs: 1, readMs: 1, writeMs: 1 });
      client.destroy();
      await closed.told;
      await turns();
      expect(closed.times).to.equal(1);
    });
  },
  ['level'],
);
