/** connect() that tries again, and that looks names up by a function of the program's. */
import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { LookupFunction } from 'node:net';
import { connect, currentReactor, IoError, type ConnectOptions } from '../../../src/index.js';
import { tryAgain } from '../../../src/api/stream/retry.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { failureOf } from '../../support/failures.js';
import { connected, listening, portOf } from '../../support/sockets.js';

/** A port of the loopback on which nobody listens. */
async function freePort(): Promise<number> {
  const listener = await listening({ host: '127.0.0.1' });
  const port = portOf(listener);
  await listener.close();
  return port;
}

/** Answers as `dns.lookup` does, and counts how often it is asked. */
function answering(...answers: (Error | string | string[])[]): LookupFunction & { asked: string[] } {
  const asked: string[] = [];
  const lookup: LookupFunction = (host, _options, callback) => {
    const answer = answers[Math.min(asked.push(host), answers.length) - 1];
    setImmediate(() => {
      if (answer instanceof Error) callback(answer, '');
      else if (typeof answer === 'string') callback(null, answer, 4);
      else
        callback(
          null,
          answer.map(address => ({ address, family: address.includes(':') ? 6 : 4 })),
        );
    });
  };
  return Object.assign(lookup, { asked });
}

const refused = (code: string) => Object.assign(new Error('no'), { code });

describeOnEveryDriver(
  'connect() again',
  () => {
    it('tries until it works, and looks the name up each time', async () => {
      const listener = await listening({ host: '127.0.0.1' });
      const lookup = answering(refused('EAI_AGAIN'), [], '127.0.0.1');
      const retry = { attempts: 5, delayMs: 1, jitter: 0 };
      const client = await connected({ host: 'db.test', port: portOf(listener), lookup, retry });
      expect(client.remoteAddress).to.include({ address: '127.0.0.1' });
      expect(lookup.asked).to.deep.equal(['db.test', 'db.test', 'db.test']);
    });

    it('says why it failed if a thread that computes leaves nothing of its time', async () => {
      const port = await freePort();
      const lookup = answering('127.0.0.1');
      const failing = failureOf(
        connect({
          host: 'db.test',
          port,
          timeoutMs: 200,
          retry: { attempts: 3, delayMs: 100, jitter: 0 },
          lookup: (host, options, callback) => {
            lookup(host, options, callback);
            // The refusal comes, the rest begins, and then the thread is busy until after its time.
            setTimeout(() => Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 250), 50);
          },
        }),
      );
      expect(((await failing) as Partial<IoError>).code).to.be.oneOf(['ECONNREFUSED', 'ETIMEDOUT']);
    });

    it('reaches a listener that comes later', async () => {
      const folder = mkdtempSync(join(tmpdir(), 'pollux-'));
      const path = join(folder, 'socket');
      const client = connected({ path, retry: { attempts: 1e6, delayMs: 1, maxDelayMs: 2 }, timeoutMs: 30_000 });
      await listening({ path });
      expect((await client).remoteAddress).to.deep.equal({ family: 'unix', path });
      rmSync(folder, { recursive: true });
    });

    it('gives up after its attempts, with the last failure, and at once where a rest would be too long', async () => {
      const port = await freePort();
      const lookup = answering('127.0.0.1');
      const again = (retry: ConnectOptions['retry'], more: ConnectOptions = {}) =>
        failureOf(connect({ host: 'db.test', port, lookup, retry, ...more }));
      expect(await again({ attempts: 3, delayMs: 1 })).to.have.property('code', 'ECONNREFUSED');
      expect(lookup.asked).to.have.length(3);
      expect(await again({ delayMs: 3_600_000, maxDelayMs: 3_600_000 }, { timeoutMs: 60_000 })).to.have.property(
        'code',
        'ECONNREFUSED',
      );
      expect(lookup.asked).to.have.length(4);
    });

    it('ends with its signal: in a look-up, and in a rest', async () => {
      const port = await freePort();
      const forever = { attempts: 100, delayMs: 3_600_000, maxDelayMs: 3_600_000 };
      for (const lookup of [() => {}, answering('127.0.0.1')]) {
        const abort = new AbortController();
        const failure = failureOf(connect({ host: 'db.test', port, lookup, retry: forever, signal: abort.signal }));
        await new Promise(resolve => setTimeout(resolve, 20));
        abort.abort(new Error('changed my mind'));
        expect(await failure).to.have.property('message', 'changed my mind');
      }
    });

    it('is bounded by its time in a look-up, and does not repeat a mistake', async () => {
      const mute = { host: 'db.test', port: 1, lookup: () => {}, retry: {}, timeoutMs: 5 };
      const late = await failureOf(connect(mute));
      expect(late).to.have.property('code', 'ETIMEDOUT');
      expect(late.message).to.include('no answer of the name server within 5 ms');
      const wrong = answering('not an address');
      expect(await failureOf(connect({ ...mute, lookup: wrong, timeoutMs: 60_000 }))).to.be.instanceOf(TypeError);
      expect(wrong.asked).to.have.length(1);
      const thrower = () => {
        throw new Error('a mistake');
      };
      expect(await failureOf(connect({ ...mute, lookup: thrower }))).to.have.property('message', 'a mistake');
      for (const retry of [{ jitter: 2 }, { attempts: 0 }, { delayMs: -1 }]) {
        const failure = await failureOf(connect({ host: '127.0.0.1', port: 1, retry }));
        expect(failure).to.be.instanceOf(RangeError);
        expect(failure.message).to.include(`retry.${Object.keys(retry)[0]}`);
      }
    });

    it('takes of a look-up the family that was asked for', async () => {
      const { port } = await listening({ host: '127.0.0.1' });
      const lookup = answering(['::1', '127.0.0.1']);
      const client = await connected({ host: 'db.test', port, lookup, family: 'ipv4' });
      expect(client.remoteAddress).to.include({ address: '127.0.0.1' });
      const failure = await failureOf(
        connect({ host: 'db.test', port, lookup: answering('127.0.0.1'), family: 'ipv6' }),
      );
      expect(failure).to.have.property('code', 'ENOTFOUND');
    });
  },
  ['level'],
);

describe('tryAgain', () => {
  after(() => currentReactor().close());

  it('goes on without rests for longer than a double can double', async () => {
    const retry = { attempts: 1030, delayMs: 0, maxDelayMs: 10_000, jitter: 0 };
    let attempts = 0;
    const failing = tryAgain(currentReactor(), retry, {}, () => {
      attempts++;
      return Promise.reject(new IoError('ECONNREFUSED', 'connect', undefined));
    });
    expect(await failureOf(failing)).to.include({ code: 'ECONNREFUSED' });
    expect(attempts).to.equal(1030);
  });
});
