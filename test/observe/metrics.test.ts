import { expect } from 'chai';
import { Registry } from 'prom-client';
import { currentReactor } from '../../src/index.js';
import { registerMetrics } from '../../src/observe.js';
import { rejection, tcpPair, destroyTracked, readExactly } from '../support/sockets.js';

describe('metrics for Prometheus', () => {
  after(() => {
    destroyTracked();
    currentReactor().close();
  });

  it('are read from a snapshot when the registry is asked', async () => {
    const registry = new Registry();
    await registerMetrics({ registry });
    const before = await registry.metrics();
    const sent = (text: string) => Number(/^pollux_sent_bytes_total\{thread="main"\} (\d+)$/m.exec(text)![1]);
    const { client, server } = await tcpPair();
    client.send('hello');
    await readExactly(server, 5);
    const text = await registry.metrics();
    expect(sent(text) - sent(before)).to.equal(5);
    expect(text).to.match(/^pollux_system_calls_total\{thread="main",kind="send"\} [1-9]/m);
    expect(text).to.match(/^pollux_path_bytes_total\{thread="main",path="sendfile"\} 0$/m);
    expect(text).to.match(/^pollux_connections\{thread="main"\} [12]$/m);
    expect(text).to.match(/^# TYPE pollux_lag_seconds histogram$/m);
    const [, all] = /^pollux_lag_seconds_bucket\{thread="main",le="\+Inf"\} (\d+)$/m.exec(text)!;
    expect(text).to.include(`pollux_lag_seconds_count{thread="main"} ${all}`);
    expect(Number(all)).to.be.above(0);
  });

  it('are those of a runtime too, and not registered twice', async () => {
    const registry = new Registry();
    const snapshots: object[] = [];
    const runtime = {
      snapshot(options: object) {
        snapshots.push(options);
        return Promise.resolve({ workers: [] });
      },
    };
    await registerMetrics({ registry, runtime, prefix: 'mine_' });
    expect(await registry.metrics()).to.match(/^mine_turns_total/m);
    expect(snapshots).to.have.length(1);
    expect(await rejection(registerMetrics({ registry, prefix: 'mine_' }))).to.be.instanceOf(Error);
  });
});
