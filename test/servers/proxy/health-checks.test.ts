/** Active checks of real upstreams, and names whose addresses change, by a name server of the test's. */
import { expect } from 'chai';
import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import type { Listener } from '../../../src/index.js';
import { lookUp } from '../../../src/servers/proxy/upstreams/look-up.js';
import { NameWatch } from '../../../src/servers/proxy/upstreams/name-watch.js';
import { atEnd, listening, rejection } from '../../support/sockets.js';
import { ask, deadPort, leavesNothing, LOOPBACK, named, proxying, until } from './upstreams.js';

const check = { intervalMs: 5, timeoutMs: 2_000, rise: 2, fall: 2 };

/** Answers questions for addresses of IPv4, with those that the test says. */
async function nameServer(addresses: () => readonly string[], ttl: number): Promise<string> {
  const socket: Socket = createSocket('udp4');
  socket.on('message', (question, { port, address }) => {
    const end = question.indexOf(0, 12) + 5;
    const asksFour = question.readUInt16BE(end - 4) === 1;
    const found = asksFour ? addresses() : [];
    const head = Buffer.from(question.subarray(0, end));
    head.writeUInt16BE(0x8180, 2);
    head.writeUInt16BE(found.length, 6);
    head.writeUInt32BE(0, 8);
    const records = found.map(each => {
      const record = Buffer.from([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 0, 0, 4, ...each.split('.').map(Number)]);
      record.writeUInt32BE(ttl, 6);
      return record;
    });
    socket.send(Buffer.concat([head, ...records]), port, address);
  });
  socket.bind(0, LOOPBACK);
  await once(socket, 'listening');
  atEnd(() => socket.close());
  return `${LOOPBACK}:${socket.address().port}`;
}

describe('active checks', () => {
  leavesNothing();

  it('take an upstream out that can not be connected to, before a client meets it, and back in', async () => {
    const [a, port] = [await named('a'), await deadPort()];
    const upstreams = [
      { host: LOOPBACK, port: a.port },
      { host: LOOPBACK, port },
    ];
    const proxy = await proxying({ pool: { upstreams, health: { check } } });
    const states = () => proxy.snapshot().pools.default.map(({ state }) => state);
    await until(() => states()[1] === 'down');
    expect(await ask(proxy)).to.equal('a:x');
    expect(proxy.snapshot().pools.default[1]).to.deep.include({ failed: 0 });
    await listening({ host: LOOPBACK, port, onConnection: connection => connection.end('back') });
    await until(() => states()[1] === 'up');
    expect(states()).to.deep.equal(['up', 'up']);
  });

  it('go by the answer, where one is expected', async () => {
    let answer = 'PONG';
    const upstream = await listening({
      host: LOOPBACK,
      onConnection: connection => {
        connection.onData = () => connection.send(`+${answer}\r\n`);
      },
    });
    const pool = { upstreams: [{ host: LOOPBACK, port: upstream.port }] };
    const proxy = await proxying({
      pool: { ...pool, health: { check: { ...check, timeoutMs: 100, send: 'PING\r\n', expect: '+PONG' } } },
    });
    const state = () => proxy.snapshot().pools.default[0].state;
    answer = 'LOADING';
    await until(() => state() === 'down');
    answer = 'PONG';
    await until(() => state() === 'up');
  });

  it('fail where an upstream accepts and says nothing, and one that ends', async () => {
    const mute = await listening({ host: LOOPBACK, onConnection: connection => (connection.onData = () => {}) });
    const ending = await listening({ host: LOOPBACK, onConnection: connection => connection.end('no') });
    const upstreams = [mute, ending].map(({ port }) => ({ host: LOOPBACK, port }));
    const health = { check: { ...check, timeoutMs: 20, expect: 'yes' } };
    const proxy = await proxying({ pool: { upstreams, health } });
    await until(() => proxy.snapshot().pools.default.every(({ state }) => state === 'down'));
    const failures = proxy.snapshot().pools.default.map(({ lastFailure }) => lastFailure);
    expect(failures[0]).to.match(/ETIMEDOUT/);
    expect(failures[1]).to.match(/EPROTO|ETIMEDOUT/);
  });
});

describe('upstreams by name', () => {
  leavesNothing();

  const onTwoAddresses = async (): Promise<[Listener, Listener]> => {
    const one = await listening({ host: '127.0.0.2', onConnection: connection => connection.end('two') });
    const other = await listening({
      host: '127.0.0.3',
      port: one.port,
      onConnection: connection => connection.end('three'),
    });
    return [one, other];
  };

  it('are one for each address of the name, and follow it', async () => {
    const [{ port }] = await onTwoAddresses();
    let addresses = ['127.0.0.2'];
    const server = await nameServer(() => addresses, 0);
    const dns = { servers: [server], leastLifetimeMs: 5 };
    const proxy = await proxying({ pool: { upstreams: [{ host: 'db.example', port }], dns } });
    const names = () => proxy.snapshot().pools.default.map(({ name }) => name);
    expect(names()).to.deep.equal([`127.0.0.2:${port}`]);
    expect(await ask(proxy)).to.equal('two');
    addresses = ['127.0.0.3', '127.0.0.2'];
    await until(() => names().length === 2);
    expect(proxy.snapshot().pools.default[0].connected).to.equal(1);
    addresses = ['127.0.0.3'];
    await until(() => names().length === 1);
    expect(await ask(proxy)).to.equal('three');
    addresses = [];
    await new Promise(resolve => setTimeout(resolve, 30));
    expect(await ask(proxy)).to.equal('three');
  });

  it('are looked up with the lifetime of their records, and otherwise as the system knows them', async () => {
    const server = await nameServer(() => ['127.0.0.9', '127.0.0.8', '127.0.0.9'], 77);
    expect(await lookUp('db.example', [server])).to.deep.equal({
      addresses: ['127.0.0.8', '127.0.0.9'],
      lifetimeMs: 77_000,
    });
    const none = await nameServer(() => [], 0);
    const { addresses } = await lookUp('localhost', [none]);
    expect(addresses.some(address => address === LOOPBACK || address === '::1')).to.equal(true);
  });

  it('keep their addresses while a look-up fails, and are looked up within bounds', async () => {
    const told: string[][] = [];
    let calls = 0;
    const watch = new NameWatch(
      () =>
        ++calls === 2
          ? Promise.reject(new Error('no answer'))
          : Promise.resolve({ addresses: [`${calls}`], lifetimeMs: 0 }),
      { servers: [], leastLifetimeMs: 1, mostLifetimeMs: 5, unknownLifetimeMs: 1, retryMs: 1 },
      addresses => told.push([...addresses]),
    );
    await watch.start();
    await until(() => told.length >= 3);
    watch.stop();
    expect(told.slice(0, 3)).to.deep.equal([['1'], ['3'], ['4']]);
  });

  it('that nobody knows are refused at once', async () => {
    const server = await nameServer(() => [], 0);
    const pool = { upstreams: [{ host: 'nowhere.invalid', port: 1 }], dns: { servers: [server] } };
    expect((await rejection(proxying({ pool }))).code).to.equal('ENOTFOUND');
  });
});
