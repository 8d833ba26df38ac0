import { expect } from 'chai';
import { once } from 'node:events';
import { get, type IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';
import { currentReactor, type Address } from '../../../src/index.js';
import { exposeMetrics, exposeStatusPage, type ThreadReport } from '../../../src/servers.js';
import { destroyTracked, rejection } from '../../support/sockets.js';
import { exchange, statusesIn } from '../exchange.js';
import { ask as askProxy, LOOPBACK, named, proxying, until } from '../proxy/upstreams.js';
import { ask, Served } from '../serve/served.js';

function portAt(address: Address | undefined): number {
  return (address as { port: number }).port;
}

async function fetchText(port: number, path: string): Promise<[IncomingMessage, string]> {
  const [response] = (await once(get({ host: LOOPBACK, port, path, agent: false }), 'response')) as [IncomingMessage];
  return [response, await text(response)];
}

/** Messages of a page that watches. */
class Watcher {
  readonly messages: Record<string, never>[] = [];
  status = 0;
  private readonly request;

  constructor(port: number) {
    this.request = get({ host: LOOPBACK, port, path: '/events', agent: false }, response => {
      this.status = response.statusCode!;
      let rest = '';
      response.setEncoding('utf8').on('data', (part: string) => {
        const all = (rest + part).split('\n\n');
        rest = all.pop()!;
        if (this.status !== 200) return;
        for (const each of all) this.messages.push(JSON.parse(each.slice('data: '.length)) as Record<string, never>);
      });
      response.on('error', () => {});
    });
    this.request.on('error', () => {});
  }

  async begun(): Promise<this> {
    await until(() => this.status !== 0);
    return this;
  }

  leave(): void {
    this.request.destroy();
  }
}

describe('what a server tells of itself', () => {
  const served = new Served({ 'a.txt': 'hello' });
  const watchers: Watcher[] = [];

  afterEach(() => {
    for (const watcher of watchers.splice(0)) watcher.leave();
    destroyTracked();
  });
  after(() => currentReactor().close());

  function watching(port: number): Promise<Watcher> {
    const watcher = new Watcher(port);
    watchers.push(watcher);
    return watcher.begun();
  }

  it('metrics of a static server, with those of its thread', async () => {
    const server = await served.server({ metrics: { port: 0 } });
    expect(server.monitors.metrics).to.include({ address: LOOPBACK });
    const port = portAt(server.monitors.metrics);
    await fetchText(port, '/metrics');
    await ask(server, '/a.txt');
    await ask(server, '/none');
    await exchange(server.port, 'nonsense\r\n\r\n');
    await until(() => server.report().requests!.responses[4] === 1);
    const [{ headers }, all] = await fetchText(port, '/metrics');
    expect(headers['content-type']).to.match(/^text\/plain; version=/);
    const lines = [
      'pollux_server_requests_total{thread="main"} 2',
      'pollux_server_responses_total{thread="main",class="2xx"} 1',
      'pollux_server_responses_total{thread="main",class="4xx"} 1',
      'pollux_server_refused_total{thread="main",reason="status-400"} 1',
      'pollux_server_latency_seconds_count{thread="main"} 2',
      'pollux_accept_queue{thread="main"} 0',
    ];
    expect(all.split('\n')).to.include.members(lines);
    expect(all).to.match(/^pollux_lag_seconds_count\{thread="main"\} [1-9]/m);
    expect((await fetchText(port, '/other'))[0].statusCode).to.equal(404);
  });

  it('metrics of a proxy, with its upstreams', async () => {
    const origin = await named('a');
    const pool = { upstreams: [{ host: LOOPBACK, port: origin.port }] };
    const proxy = await proxying({ pool, metrics: { port: 0 } });
    await askProxy(proxy);
    await until(() => proxy.size === 0);
    const [, all] = await fetchText(portAt(proxy.monitors.metrics), '/metrics');
    const labels = `{thread="main",pool="default",upstream="127.0.0.1:${origin.port}"}`;
    expect(all.split('\n')).to.include.members([
      `pollux_upstream_up${labels} 1`,
      `pollux_upstream_connections_total${labels} 1`,
      'pollux_server_ended_total{thread="main",outcome="stopped"} 0',
    ]);
  });

  it('has a bound for labels: upstreams beyond a hundred are one', async () => {
    const server = await served.server();
    const report = server.report();
    const upstream = { state: 'up', weight: 1, backup: false, active: 2, connected: 3, failed: 0, retried: 0 } as const;
    const many = Array.from({ length: 250 }, (_, index) => ({
      ...upstream,
      name: `10.0.0.${index}:1`,
      lastFailure: '',
    }));
    const threads: readonly ThreadReport[] = [
      { name: 'main', state: 'running', report: { ...report, pools: { default: many } } },
      { name: 'worker 1', state: 'hung', report: undefined },
    ];
    await using metrics = await exposeMetrics({ reports: () => threads });
    const [, all] = await fetchText(portAt(metrics.address), '/metrics');
    const active = all.split('\n').filter(line => line.startsWith('pollux_upstream_active{'));
    expect(active).to.have.length(101);
    expect(active.at(-1)).to.equal('pollux_upstream_active{thread="main",pool="default",upstream="other"} 300');
  });

  it('a page that needs nothing of elsewhere, and runs nothing but its own', async () => {
    const server = await served.server({ status: { port: 0 } });
    const port = portAt(server.monitors.status);
    const [{ headers }, html] = await fetchText(port, '/');
    expect(headers['content-security-policy']).to.match(
      /^default-src 'none'; script-src 'sha256-[^ ]+'; style-src 'sha/,
    );
    expect(headers['x-frame-options']).to.equal('DENY');
    expect(html).to.not.match(/https?:\/\/(?!www\.w3\.org\/2000\/svg)|\bimport\b|^export /m);
    const [{ statusCode }, json] = await fetchText(port, '/status.json');
    expect(statusCode).to.equal(200);
    expect(JSON.parse(json)).to.include({ kind: 'static', pid: process.pid });
  });

  it('points each second while somebody watches, what there was before among them', async () => {
    const server = await served.server({ status: { port: 0 } });
    const port = portAt(server.monitors.status);
    const first = await watching(port);
    await until(() => first.messages.length >= 2);
    expect(first.messages[0]).to.deep.include({ points: [] });
    const { point, about } = first.messages[1] as unknown as { point: Record<string, number>; about: object };
    expect(point).to.include({ open: 0, requests: 0 });
    expect(Object.keys(point.threads)).to.deep.equal(['main']);
    expect(about).to.include({ kind: 'static' });
    const second = await watching(port);
    await until(() => second.messages.length >= 1);
    expect((second.messages[0] as unknown as { points: object[] }).points).to.deep.include(point);
  });

  it('to so many watchers at most, and to others once one has left', async () => {
    const server = await served.server({ status: { port: 0 } });
    const port = portAt(server.monitors.status);
    const all = await Promise.all(Array.from({ length: 16 }, () => watching(port)));
    expect(all.map(({ status }) => status)).to.deep.equal(all.map(() => 200));
    expect((await watching(port)).status).to.equal(503);
    all[0].leave();
    let last = await watching(port);
    while (last.status === 503) last = await watching(port);
    expect(last.status).to.equal(200);
  });

  it('to this machine alone: another name is refused, and another method', async () => {
    await using status = await exposeStatusPage({ reports: () => [] });
    const port = portAt(status.address);
    const asked = async (line: string, host: string) =>
      statusesIn(await exchange(port, `${line} HTTP/1.1\r\nHost: ${host}\r\nConnection: close\r\n\r\n`));
    expect(await asked('GET /', 'localhost:80')).to.deep.equal([200]);
    expect(await asked('GET /', '[::1]')).to.deep.equal([200]);
    expect(await asked('GET /', 'attacker.example')).to.deep.equal([421]);
    expect(await asked('GET /', '127.0.0.1.attacker.example')).to.deep.equal([421]);
    expect(await asked('POST /', 'localhost')).to.deep.equal([405]);
    expect(await asked('HEAD /events', 'localhost')).to.deep.equal([200]);
  });

  it('nothing once it is closed, and nothing that makes no sense', async () => {
    const server = await served.server({ status: { port: 0 }, metrics: { port: 0 } });
    const port = portAt(server.monitors.status);
    const watcher = await watching(port);
    await until(() => watcher.messages.length > 0);
    await server.close();
    expect(await rejection(fetchText(port, '/'))).to.have.property('code', 'ECONNREFUSED');
    expect(await rejection(served.server({ status: { host: 'x', colour: 1 } as never }))).to.match(/status: 'colour'/);
    expect(await rejection(exposeStatusPage({} as never))).to.match(/reports/);
  });
});
