import { expect } from 'chai';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync, symlinkSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import { IoError, type Connection, type InternetAddress, type ListenOptions } from '../../../src/index.js';
import { settling } from '../../../src/api/settling.js';
import { describeOnEveryDriver } from '../../support/every-driver.js';
import { connected, listening, portOf, readExactly, rejection, turns } from '../../support/sockets.js';

/** Connects, and has one byte go each way. */
async function exchange(listenOptions: ListenOptions, address: { host?: string; path?: string }): Promise<Connection> {
  const accepted = settling<Connection>();
  const listener = await listening({ ...listenOptions, onConnection: accepted.resolve });
  const port = address.path === undefined ? portOf(listener) : undefined;
  const client = await connected({ ...address, port });
  const server = await accepted.promise;
  client.send('a');
  expect(await readExactly(server, 1)).to.equal('a');
  server.send('b');
  expect(await readExactly(client, 1)).to.equal('b');
  return client;
}

describeOnEveryDriver(
  'listen()',
  () => {
    let directory: string;
    beforeEach(() => (directory = mkdtempSync(join(tmpdir(), 'pollux-'))));
    afterEach(() => rmSync(directory, { recursive: true }));

    it('on an IPv4 address', async () => {
      const client = await exchange({ host: '127.0.0.1' }, { host: '127.0.0.1' });
      expect(client.remoteAddress).to.include({ family: 'ipv4', address: '127.0.0.1' });
      expect(client.localAddress).to.include({ family: 'ipv4', address: '127.0.0.1' });
    });

    it('on an IPv6 address', async () => {
      const client = await exchange({ host: '::1' }, { host: '::1' });
      expect(client.remoteAddress).to.include({ family: 'ipv6', address: '::1' });
    });

    it('without a host: on both families, an IPv4 peer by its mapped address', async () => {
      const peers: unknown[] = [];
      const both = settling<void>();
      const listener = await listening({
        onConnection: connection => {
          if (peers.push((connection.remoteAddress as InternetAddress).address) === 2) both.resolve();
        },
      });
      expect(listener.address).to.include({ port: listener.port });
      const first = await connected({ host: '127.0.0.1', port: portOf(listener) });
      const second = await connected({ host: '::1', port: portOf(listener) });
      await both.promise;
      expect(first.remoteAddress).to.include({ family: 'ipv4' });
      expect(second.remoteAddress).to.include({ family: 'ipv6' });
      expect(peers).to.have.members(['::ffff:127.0.0.1', '::1']);
    });

    it('with ipv6Only it refuses IPv4', async () => {
      const listener = await listening({ host: '::', ipv6Only: true });
      const refused = await rejection(connected({ host: '127.0.0.1', port: portOf(listener) }));
      expect(refused.code).to.equal('ECONNREFUSED');
    });

    it('on a path, and unlinks it when it closes', async () => {
      const path = join(directory, 'socket');
      const accepted = settling<Connection>();
      const listener = await listening({ path, onConnection: accepted.resolve });
      expect(listener.address).to.deep.equal({ family: 'unix', path });
      expect(() => listener.port).to.throw(TypeError, `port: the listener is at ${path}`);
      const client = await connected({ path });
      expect(client.remoteAddress).to.deep.equal({ family: 'unix', path });
      await accepted.promise;
      await listener.close();
      expect(existsSync(path)).to.equal(false);
      // Somebody else may have removed it before.
      const second = await listening({ path });
      rmSync(path);
      await second.close();
    });

    it('a path that can not be removed is told to onError, and the listener is closed all the same', async () => {
      const folder = join(directory, 'folder');
      mkdirSync(folder);
      const path = join(folder, 'socket');
      const listener = await listening({ path });
      const told = settling<IoError>();
      listener.onError = told.resolve;
      rmSync(folder, { recursive: true });
      // A link to itself: nobody can look whether the file is still ours.
      symlinkSync(folder, folder);
      await listener.close();
      expect((await told.promise).message).to.include(path);
      expect(listener.isClosed).to.equal(true);
    });

    it('on an abstract name', async function () {
      if (process.platform !== 'linux') this.skip(); // Only Linux has an abstract space.
      const path = `\0pollux-test-${process.pid}`;
      await exchange({ path }, { path });
    });

    it('on a path beyond ASCII', async () => {
      const path = join(directory, 'grüße-漢');
      await exchange({ path }, { path });
    });

    it('a port in use: EADDRINUSE, and the message names the address', async () => {
      const listener = await listening();
      const port = portOf(listener);
      const refused = await rejection(listening({ host: '127.0.0.1', port }));
      expect(refused).to.be.instanceOf(IoError);
      expect(refused.code).to.equal('EADDRINUSE');
      expect(refused.message).to.include(`127.0.0.1:${port}`);
    });

    it('a path in use: EADDRINUSE, and the file is left alone', async () => {
      const path = join(directory, 'taken');
      writeFileSync(path, '');
      const refused = await rejection(listening({ path }));
      expect(refused.code).to.equal('EADDRINUSE');
      expect(refused.message).to.include(path);
      expect(existsSync(path)).to.equal(true);
    });

    it('a path in a directory that is not there: ENOENT, and the message names it', async () => {
      const path = join(directory, 'missing', 'socket');
      const refused = await rejection(listening({ path }));
      expect(refused.code).to.equal('ENOENT');
      expect(refused.message).to.include(path);
    });

    it('an address of another machine: EADDRNOTAVAIL', async () => {
      const refused = await rejection(listening({ host: '192.0.2.1' }));
      expect(refused.code).to.equal('EADDRNOTAVAIL');
      expect(refused.message).to.include('192.0.2.1');
    });

    it('a name without an address', async () => {
      const refused = await rejection(listening({ host: 'name.invalid' }));
      expect(refused.code).to.be.oneOf(['ENOTFOUND', 'EAI_AGAIN']);
      expect(refused.message).to.include('name.invalid');
    });

    const mistakes: [string, ListenOptions, typeof RangeError, string][] = [
      ['a port too high', { port: 65536 }, RangeError, 'port: 65536; allowed'],
      ['a port below 0', { port: -1 }, RangeError, 'port: -1'],
      ['a port that is no integer', { port: 1.5 }, RangeError, 'port: 1.5'],
      ['a port that is no number', { port: '80' as unknown as number }, RangeError, "port: '80'"],
      ['a backlog of 0', { backlog: 0 }, RangeError, 'backlog: 0'],
      ['an unknown reusePort', { reusePort: 'yes' as 'off' }, TypeError, "reusePort: 'yes'; allowed: off"],
      ['an unknown deferAccept', { deferAccept: 'yes' as 'off' }, TypeError, "deferAccept: 'yes'; allowed: off, data"],
      ['a path and a port', { path: '/x', port: 1 }, TypeError, 'path: given beside'],
      ['an empty path', { path: '' }, TypeError, "path: ''; allowed: 1 to"],
      ['a path too long', { path: `/${'x'.repeat(200)}` }, TypeError, 'path: 201 bytes'],
      ['a path with a NUL', { path: '/a\0b' }, TypeError, 'NUL'],
      ['an empty host', { host: '' }, TypeError, "host: ''"],
      ['a host with a blank', { host: 'a b' }, TypeError, "host: 'a b'"],
      ['a host that is no string', { host: 5 as unknown as string }, TypeError, 'host'],
      ['a high-water mark of 0', { highWaterBytes: 0 }, RangeError, 'highWaterBytes: 0'],
      [
        'a low-water mark above the high one',
        { highWaterBytes: 10, lowWaterBytes: 11 },
        RangeError,
        'lowWaterBytes: 11',
      ],
      ['a ceiling below the mark', { highWaterBytes: 10, maxQueuedBytes: 9 }, RangeError, 'maxQueuedBytes: 9'],
      ['a linger below 0', { lingerMs: -1 }, RangeError, 'lingerMs: -1'],
      ['a closeTimeout that is no number', { closeTimeoutMs: NaN }, RangeError, 'closeTimeoutMs: NaN'],
    ];
    for (const [what, options, kind, words] of mistakes) {
      it(`refuses ${what}, by the promise, with words`, async () => {
        const refused = await rejection(listening(options));
        expect(refused).to.be.instanceOf(kind);
        expect(refused.message).to.include(words);
      });
    }

    it('reusePort: two listeners share a port, and every connection is accepted by one of them', async function () {
      if (!['linux', 'freebsd'].includes(process.platform)) this.skip(); // Elsewhere the kernel does not spread.
      let accepted = 0;
      const all = settling<void>();
      const onConnection = () => {
        if (++accepted === 20) all.resolve();
      };
      const first = await listening({ host: '127.0.0.1', reusePort: 'require', onConnection });
      const second = await listening({ host: '127.0.0.1', port: portOf(first), reusePort: 'prefer', onConnection });
      expect([first.reusePort, second.reusePort]).to.deep.equal([true, true]);
      for (let count = 0; count < 20; count++) await connected({ host: '127.0.0.1', port: portOf(first) });
      await all.promise;
      expect(first.counters.accepted + second.counters.accepted).to.equal(20);
    });

    it('deferAccept: a connection comes with its first bytes, and listener.deferAccept says what the kernel does', async () => {
      let accepted = 0;
      const first = settling<Connection>();
      const onConnection = (connection: Connection) => {
        accepted++;
        first.resolve(connection);
      };
      const listener = await listening({ host: '127.0.0.1', deferAccept: 'http', onConnection });
      const client = await connected({ host: '127.0.0.1', port: portOf(listener) });
      await turns();
      if (process.platform === 'linux') expect(listener.deferAccept).to.equal('data');
      if (listener.deferAccept !== 'off') expect(accepted).to.equal(0);
      client.send('GET / HTTP/1.1\r\n\r\n');
      expect(await readExactly(await first.promise, 18)).to.equal('GET / HTTP/1.1\r\n\r\n');
      expect((await listening({ deferAccept: 'off' })).deferAccept).to.equal('off');
      expect((await listening({ path: join(directory, 'unix'), deferAccept: 'data' })).deferAccept).to.equal('off');
    });

    it('without a handler nothing is accepted, and what waits is not lost', async () => {
      const listener = await listening();
      await connected({ host: '127.0.0.1', port: portOf(listener) });
      await turns();
      expect(listener.counters.accepted).to.equal(0);
      const accepted = settling<Connection>();
      listener.onConnection = accepted.resolve;
      (await accepted.promise).destroy();
      expect(listener.counters.accepted).to.equal(1);
    });

    it('taking the handler away stops accepting', async () => {
      const first = settling<Connection>();
      const listener = await listening({ host: '127.0.0.1', onConnection: first.resolve });
      await connected({ host: '127.0.0.1', port: portOf(listener) });
      await first.promise;
      listener.onConnection = undefined;
      await connected({ host: '127.0.0.1', port: portOf(listener) });
      await turns();
      expect(listener.counters.accepted).to.equal(1);
    });
  },
  ['level'],
);
