import { expect } from 'chai';
import { connect, currentReactor } from '../../../src/index.js';
import type { ProxyServer, ServerReport, StaticServer } from '../../../src/servers.js';
import { exchange } from '../exchange.js';
import { ask as askProxy, deadPort, LOOPBACK, named, proxying, until } from '../proxy/upstreams.js';
import { destroyTracked } from '../../support/sockets.js';
import { cert, key } from '../../support/certificate.js';
import { ask, Served } from '../serve/served.js';

const BIG = 300_000;

describe('what a server reports', () => {
  const served = new Served({ 'small.txt': 'small', 'big.bin': Buffer.alloc(BIG), 'cert.pem': cert, 'key.pem': key });

  afterEach(() => destroyTracked());
  after(() => currentReactor().close());

  async function settled(server: StaticServer, responses: number): Promise<ServerReport> {
    await until(() => server.report().requests!.responses[2] === responses);
    return server.report();
  }

  it('has bytes by the way that they took, and latency from the first report on', async () => {
    const server = await served.server();
    await ask(server, '/small.txt');
    expect((await settled(server, 1)).latencyMs.count).to.equal(0);
    await ask(server, '/small.txt');
    await ask(server, '/big.bin');
    const report = await settled(server, 3);
    expect(report.bytes).to.deep.equal({ sendfile: BIG, splice: 0, buffers: 10, tls: 0 });
    expect(report.latencyMs.count).to.equal(2);
    expect(report.connections.accepted).to.equal(3);
    expect(report.thread.turns.count).to.be.above(0);
    expect(JSON.parse(JSON.stringify(report)), 'plain data').to.have.property('kind', 'static');
  });

  it('has what was refused, by the status', async () => {
    const server = await served.server();
    await exchange(server.port, 'GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\n');
    await exchange(server.port, `GET /${'x'.repeat(9_000)} HTTP/1.1\r\nHost: a\r\n\r\n`);
    expect(server.report().refused).to.include({ 'status-400': 1, 'status-414': 1, 'late-head': 0, handshake: 0 });
  });

  async function proxyReport(proxy: ProxyServer, holds: (report: ServerReport) => boolean): Promise<ServerReport> {
    await until(() => holds(proxy.report()));
    return proxy.report();
  }

  it('has a proxy’s retries, refusals and bytes', async () => {
    const [origin, dead] = [await named('a'), await deadPort()];
    const upstreams = [
      { host: LOOPBACK, port: dead },
      { host: LOOPBACK, port: origin.port },
    ];
    const access = { rules: [{ deny: '127.0.0.2' }] };
    const proxy = await proxying({ listen: { host: LOOPBACK, access }, pool: { upstreams } });
    proxy.report();
    expect(await askProxy(proxy, 'hello')).to.equal('a:hello');
    const report = await proxyReport(proxy, ({ connections }) => connections.open === 0);
    expect(report.pools.default.map(({ failed, retried }) => [failed, retried])).to.deep.equal([
      [1, 1],
      [0, 0],
    ]);
    expect(report.bytes.splice + report.bytes.buffers).to.equal('hello'.length + 'a:hello'.length);
    expect(report.latencyMs.count).to.equal(1);
    expect(report).to.deep.include({ kind: 'proxy', requests: undefined });
    expect(report.refused).to.deep.equal({ list: 0, 'source-limit': 0, 'no-pool': 0 });
  });

  it('says why a proxy refused a client', async () => {
    const origin = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: origin.port }] };
    const listen = { host: LOOPBACK, access: { otherwise: 'deny' as const } };
    const closed = await proxying({ listen, pool });
    expect(await askProxy(closed)).to.equal('');
    await proxyReport(closed, ({ refused }) => refused.list === 1);
    const narrow = await proxying({ pool, limits: { connectionsPerSource: 1 } });
    const first = await connect({ host: LOOPBACK, port: narrow.listeners[0].port });
    first.send('x');
    await first.read();
    expect(await askProxy(narrow)).to.equal('');
    await proxyReport(narrow, ({ refused }) => refused['source-limit'] === 1);
    first.destroy();
  });
});
