import { expect } from 'chai';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  connect,
  IoError,
  type Address,
  type Connection,
  type ConnectOptions,
  type InternetAddress,
} from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { AF_INET, AF_UNIX, SOCK_STREAM } from '../../../src/sys/ffi/constants.js';
import { close } from '../../../src/sys/file/io.js';
import {
  bind,
  connect as connectNow,
  listen as listenOn,
  localAddress,
  openSocket,
} from '../../../src/sys/socket/socket.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { withAddresses } from '../../support/names.js';
import { collectingUncaught } from '../../support/uncaught.js';
import { atEnd, connected, listening, portOf, readExactly, rejection, turns } from '../../support/sockets.js';

/** A port of the loopback on which nobody listens. */
async function freePort(host = '127.0.0.1'): Promise<number> {
  const listener = await listening({ host });
  const port = portOf(listener);
  await listener.close();
  return port;
}

/** A listener whose backlog is full and that accepts nobody: Linux lets further attempts wait without an answer. */
function deafPort(): number {
  const loopback: Address = { family: 'ipv4', address: '127.0.0.1', port: 0 };
  const listener = openSocket(AF_INET, SOCK_STREAM);
  atEnd(() => close(listener));
  bind(listener, loopback);
  listenOn(listener, 0);
  const address = localAddress(listener) as InternetAddress;
  for (let count = 0; count < 3; count++) {
    const filler = openSocket(AF_INET, SOCK_STREAM);
    atEnd(() => close(filler));
    connectNow(filler, address);
  }
  return address.port;
}

describeOnEveryDriver('connect()', driver => {
  it('to a listener, and the first bytes may go at once', async () => {
    const accepted = settling<Connection>();
    const listener = await listening({ host: '127.0.0.1', onConnection: accepted.resolve });
    const client = await connected({ host: '127.0.0.1', port: portOf(listener) });
    client.send('hello');
    expect(await readExactly(await accepted.promise, 5)).to.equal('hello');
  });

  it('to the address of a listener, as it stands and with nothing beside it', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'pollux-'));
    try {
      for (const where of [{ host: '127.0.0.1' }, { path: join(folder, 'socket') }]) {
        const accepted = settling<Connection>();
        const { address } = await listening({ ...where, onConnection: accepted.resolve });
        const client = await connect(address);
        atEnd(() => client.destroy());
        client.send('hello');
        expect(await readExactly(await accepted.promise, 5)).to.equal('hello');
        const more = { ...address, timeoutMs: 1 };
        expect((await rejection(connect(more))).message).to.include("address: 'timeoutMs' is no option");
        const less = { family: 'ipv4', port: 1 } as InternetAddress;
        expect((await rejection(connect(less))).message).to.include('is not an address of family ipv4');
      }
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  it('refused: ECONNREFUSED, and the message names the address', async () => {
    const port = await freePort();
    const refused = await rejection(connected({ host: '127.0.0.1', port }));
    expect(refused).to.be.instanceOf(IoError);
    expect(refused).to.include({ code: 'ECONNREFUSED', syscall: 'connect' });
    expect(refused.message).to.include(`127.0.0.1:${port}`);
  });

  it('a path that is not there: ENOENT, and the message names it', async () => {
    const path = join(tmpdir(), 'pollux-no-such-socket');
    const refused = await rejection(connected({ path }));
    expect(refused.code).to.equal('ENOENT');
    expect(refused.message).to.include(path);
  });

  it('a path on which nobody listens any more: ECONNREFUSED', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    atEnd(() => rmSync(directory, { recursive: true }));
    const path = join(directory, 'socket');
    const fd = openSocket(AF_UNIX, SOCK_STREAM);
    bind(fd, { family: 'unix', path });
    close(fd);
    expect((await rejection(connected({ path }))).code).to.equal('ECONNREFUSED');
  });

  it('no answer within timeoutMs: ETIMEDOUT, and nothing is left behind', async function () {
    if (process.platform !== 'linux') this.skip(); // Other kernels refuse what a full backlog can't take.
    const port = deafPort();
    const refused = await rejection(connected({ host: '127.0.0.1', port, timeoutMs: 30 }));
    expect(refused).to.be.instanceOf(IoError);
    expect(refused.code).to.equal('ETIMEDOUT');
    expect(refused.message).to.include(`127.0.0.1:${port}`).and.include('30 ms');
  });

  it('aborted while it waits: rejects with the reason of the signal', async function () {
    if (process.platform !== 'linux') this.skip(); // Other kernels refuse what a full backlog can't take.
    const abort = new AbortController();
    const reason = new Error('changed my mind');
    const attempt = rejection(connected({ host: '127.0.0.1', port: deafPort(), signal: abort.signal }));
    await turns();
    abort.abort(reason);
    expect(await attempt).to.equal(reason);
  });

  it('aborted before: rejects at once and opens nothing', async () => {
    const signal = AbortSignal.abort(new Error('too early'));
    const before = driver.reactor.driver.counters.systemCalls;
    expect((await rejection(connected({ port: 9, signal }))).message).to.equal('too early');
    expect((await rejection(connected({ path: '/x', signal }))).message).to.equal('too early');
    expect(driver.reactor.driver.counters.systemCalls).to.equal(before);
  });

  it('aborting later does nothing', async () => {
    const abort = new AbortController();
    const listener = await listening();
    const client = await connected({
      host: '127.0.0.1',
      port: portOf(listener),
      signal: abort.signal,
      timeoutMs: 1000,
    });
    abort.abort();
    await turns();
    expect(client.isClosed).to.equal(false);
  });

  for (const only of ['127.0.0.1', '::1']) {
    for (const order of [
      ['127.0.0.1', '::1'],
      ['::1', '127.0.0.1'],
    ]) {
      it(`a name with the addresses ${order.join(', ')} finds the listener on ${only}`, async () => {
        const listener = await listening({ host: only });
        const port = portOf(listener);
        const client = await withAddresses(order, () => connected({ host: 'name.test', port }));
        expect(client.remoteAddress).to.include({ address: only });
      });
    }
  }

  it('an address that does not answer holds the others up for a moment only', async function () {
    if (process.platform !== 'linux') this.skip(); // Other kernels refuse what a full backlog can't take.
    const port = deafPort();
    await listening({ host: '::1', port });
    const client = await withAddresses(['127.0.0.1', '::1'], () => connected({ host: 'name.test', port }));
    expect(client.remoteAddress).to.include({ address: '::1' });
  });

  it('several failures are told as one, with all of them in it', async () => {
    const port = await freePort();
    const attempt = () => connected({ host: 'name.test', port });
    const refused = await withAddresses(['127.0.0.1', '::1', '127.0.0.2'], () => rejection(attempt()));
    expect(refused.code).to.equal('ECONNREFUSED');
    for (const address of ['127.0.0.1', '[::1]', '127.0.0.2']) expect(refused.message).to.include(`${address}:${port}`);
    const { errors } = refused.cause as AggregateError;
    expect(errors.map(({ code }: IoError) => code)).to.deep.equal(new Array(3).fill('ECONNREFUSED'));
  });

  it('several addresses that do not answer: ETIMEDOUT names them all', async function () {
    if (process.platform !== 'linux') this.skip(); // Other kernels refuse what a full backlog can't take.
    const port = deafPort();
    const attempt = () => connected({ host: 'name.test', port, timeoutMs: 300 });
    const refused = await withAddresses(['127.0.0.1', '127.0.0.1'], () => rejection(attempt()));
    expect(refused.code).to.equal('ETIMEDOUT');
    expect(refused.message).to.include(`127.0.0.1:${port}, 127.0.0.1:${port}`);
  });

  it('AbortSignal.timeout() ends an attempt, though nothing else keeps the process busy', async function () {
    if (process.platform !== 'linux') this.skip(); // Other kernels refuse what a full backlog can't take.
    const attempt = connected({ host: '127.0.0.1', port: deafPort(), signal: AbortSignal.timeout(30) });
    expect((await rejection(attempt)).name).to.equal('TimeoutError');
  });

  it('an attempt that the backend does not let go of stops neither the others nor the answer', async function () {
    if (process.platform !== 'linux') this.skip(); // Other kernels refuse what a full backlog can't take.
    const { backend } = driver.reactor.driver;
    const call = backend.forget === undefined ? 'unregister' : 'forget';
    const letGo = backend[call]!;
    const port = deafPort();
    await collectingUncaught(async thrown => {
      backend[call] = () => {
        backend[call] = letGo;
        throw new Error('as it was told');
      };
      const attempt = () => connected({ host: 'name.test', port, timeoutMs: 600 });
      const refused = await withAddresses(['127.0.0.1', '127.0.0.1', '127.0.0.1'], () => rejection(attempt()));
      expect(refused.code).to.equal('ETIMEDOUT');
      while (thrown.length === 0) await new Promise(setImmediate);
      expect(thrown).to.deep.equal(['as it was told']);
    });
  });

  it('a name without an address', async () => {
    const refused = await rejection(connected({ host: 'name.invalid', port: 1 }));
    expect(refused).to.be.instanceOf(IoError);
    expect(refused.code).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
    expect(refused.message).to.include('name.invalid');
  });

  it('many at once, of which half are refused', async () => {
    const listener = await listening();
    const port = portOf(listener);
    const closedPort = await freePort();
    const attempts = Array.from({ length: 100 }, (_, index) =>
      connected({ host: '127.0.0.1', port: index % 2 === 0 ? port : closedPort }),
    );
    const outcomes = await Promise.allSettled(attempts);
    expect(outcomes.filter(({ status }) => status === 'fulfilled')).to.have.length(50);
  });
});

describeOnEveryDriver(
  'connect() refuses',
  () => {
    const mistakes: [string, ConnectOptions, typeof RangeError, string][] = [
      ['no port', {}, TypeError, 'port: missing'],
      ['port 0', { port: 0 }, RangeError, 'port: 0; allowed: integers from 1 to 65535'],
      ['a port too high', { port: 65536 }, RangeError, 'port: 65536'],
      ['a path and a port', { port: 1, path: '/x' }, TypeError, 'path: given beside'],
      ['a path and a host', { host: 'x', path: '/x' }, TypeError, 'path: given beside'],
      ['a path too long', { path: 'x'.repeat(108) }, TypeError, 'path: 108 bytes'],
      ['a host that is none', { host: 'a/b', port: 1 }, TypeError, "host: 'a/b'"],
      ['a timeout below 0', { port: 1, timeoutMs: -5 }, RangeError, 'timeoutMs: -5'],
      ['a send buffer of 0', { host: '127.0.0.1', port: 1, sendBufferBytes: 0 }, RangeError, 'sendBufferBytes: 0'],
      ['a zone that is no number', { host: 'fe80::1%nowhere', port: 1 }, TypeError, 'zone'],
    ];
    for (const [what, options, kind, words] of mistakes) {
      it(`${what}, by the promise, with words`, async () => {
        const refused = await rejection(connected(options));
        expect(refused).to.be.instanceOf(kind);
        expect(refused.message).to.include(words);
      });
    }
  },
  ['level'],
);
