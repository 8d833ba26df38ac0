/** A proxy that goes on with other options: nobody is dropped, upstreams keep what they were, and what is wrong changes nothing. */
import { expect } from 'chai';
import { connect, type Connection } from '../../../src/index.js';
import type { ProxyServer } from '../../../src/servers.js';
import { connected } from '../../support/sockets.js';
import { answering, ask, deadPort, leavesNothing, LOOPBACK, named, proxying, through, until } from './upstreams.js';

async function said(client: Connection, message: string): Promise<string> {
  client.send(message);
  return (await client.read())!.toString();
}

function portOf(proxy: ProxyServer): number {
  return proxy.listeners[0].port;
}

describe('a proxy that is reloaded', () => {
  leavesNothing();

  it('keeps listeners and clients, and sends new clients to the new upstreams', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const listen = { host: LOOPBACK, port: 0 };
    const proxy = await proxying({ listen, pool: { upstreams: [{ host: LOOPBACK, port: a.port }] } });
    const [listener] = proxy.listeners;
    const client = await through(proxy);
    expect(await said(client, '1')).to.equal('a:1');
    await proxy.reload({ listen, pool: { upstreams: [{ host: LOOPBACK, port: b.port }] } });
    expect(proxy.listeners).to.deep.equal([listener]);
    expect(await answering(proxy, 2)).to.deep.equal(['b', 'b']);
    expect(await said(client, '2')).to.equal('a:2');
    expect(proxy.snapshot().pools.default.map(({ name }) => name)).to.deep.equal([`${LOOPBACK}:${b.port}`]);
    client.destroy();
  });

  it('keeps health and counts of upstreams that stay', async () => {
    const a = await named('a');
    const dead = await deadPort();
    const upstreams = [
      { host: LOOPBACK, port: dead },
      { host: LOOPBACK, port: a.port },
    ];
    const listen = { host: LOOPBACK, port: 0 };
    const health = { failures: 1, restMs: 60_000 };
    const proxy = await proxying({ listen, pool: { upstreams, health } });
    expect(await answering(proxy, 3)).to.deep.equal(['a', 'a', 'a']);
    const [, before] = proxy.snapshot().pools.default;
    await proxy.reload({ listen, pool: { upstreams: [...upstreams].reverse(), health, balance: 'least-connections' } });
    const [after, resting] = proxy.snapshot().pools.default;
    expect(after).to.deep.include({ name: before.name, connected: before.connected, state: 'up' });
    expect(resting).to.deep.include({ state: 'resting', failed: 1 });
    // Options of what stays are the new ones.
    await proxy.reload({ listen, pool: { upstreams: [{ ...upstreams[1], weight: 7 }] } });
    expect(proxy.snapshot().pools.default[0]).to.deep.include({ weight: 7, connected: before.connected });
  });

  it('opens what is new and drains what has gone, whose clients go on', async () => {
    const a = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: a.port }] };
    const proxy = await proxying({ listen: { host: LOOPBACK, port: 0 }, pool });
    const [before] = proxy.listeners;
    const { port } = before;
    const client = await through(proxy);
    expect(await said(client, '1')).to.equal('a:1');
    await proxy.reload({ listen: { host: '127.0.0.2', port: 0 }, pool });
    expect(proxy.listeners).to.have.length(1);
    await until(() => before.isClosed);
    const refusal: unknown = await connect({ host: LOOPBACK, port }).catch((error: unknown) => error);
    expect(refusal).to.deep.include({ code: 'ECONNREFUSED' });
    const other = await connected({ host: '127.0.0.2', port: portOf(proxy) });
    expect(await said(other, '2')).to.equal('a:2');
    expect(await said(client, '3')).to.equal('a:3');
    client.destroy();
    other.destroy();
  });

  it('goes on as before if the options are wrong', async () => {
    const a = await named('a');
    const listen = { host: LOOPBACK, port: 0 };
    const pool = { upstreams: [{ host: LOOPBACK, port: a.port }] };
    const proxy = await proxying({ listen, pool });
    const taken = { host: LOOPBACK, port: a.port };
    for (const [options, says] of [
      [{ listen, pool: { upstreams: [] } }, /pool\.upstreams: empty/],
      [{ listen: [listen, taken], pool }, /EADDRINUSE/],
      [{ listen: { ...listen, backlog: 7 }, pool }, /listen\[0\]\.backlog: 7; allowed: undefined, for as long as/],
      [{ listen, pool: { upstreams: [{ host: 'nobody.invalid', port: 1 }] } }, /ENOTFOUND/],
    ] as const) {
      const failure: unknown = await proxy.reload(options).catch((error: unknown) => error);
      expect(String(failure)).to.match(says);
      expect(await answering(proxy, 1)).to.deep.equal(['a']);
    }
    await proxy.close();
    const closed: unknown = await proxy.reload({ listen, pool }).catch((error: unknown) => error);
    expect(closed).to.deep.include({ code: 'EBADF' });
  });

  it('has new limits at once', async () => {
    const a = await named('a');
    const listen = { host: LOOPBACK, port: 0 };
    const pool = { upstreams: [{ host: LOOPBACK, port: a.port }] };
    const proxy = await proxying({ listen: { ...listen, maxConnections: 1 }, pool });
    const first = await through(proxy);
    expect(await said(first, '1')).to.equal('a:1');
    const second = await through(proxy);
    const answer = said(second, '2');
    await proxy.reload({ listen, pool, limits: { connectionsPerSource: 2 } });
    expect(await answer).to.equal('a:2');
    await proxy.reload({ listen: { ...listen, access: { rules: [{ deny: '127.0.0.0/8' }] } }, pool });
    expect(await ask(proxy)).to.equal('');
    expect(await said(first, '3')).to.equal('a:3');
    first.destroy();
    second.destroy();
  });

  it('loses no client under load, however often', async () => {
    const [a, b] = [await named('a'), await named('b')];
    const listen = { host: LOOPBACK, port: 0 };
    const pools = [a, b].map(({ port }) => ({ upstreams: [{ host: LOOPBACK, port }] }));
    const proxy = await proxying({ listen, pool: pools[0] });
    const long = await through(proxy);
    let isOver = false;
    let asked = 0;
    const clients = Array.from({ length: 8 }, async () => {
      while (!isOver) {
        const [answer] = await answering(proxy, 1);
        expect(answer).to.match(/^[ab]$/);
        asked++;
      }
    });
    for (let times = 1; times <= 20; times++) {
      const before = asked;
      await proxy.reload({ listen, pool: pools[times % 2] });
      expect(await said(long, String(times))).to.equal(`a:${times}`);
      await until(() => asked > before + 4);
    }
    isOver = true;
    await Promise.all(clients);
    long.destroy();
    const { completed, ...others } = proxy.snapshot().outcomes;
    expect(others).to.deep.include({ refused: 0, unreachable: 0, 'timed-out': 0, stopped: 0, 'upstream-broke': 0 });
    expect(completed + others['client-broke']).to.be.at.least(80);
  });
});
