/** Spreads connections over several upstreams: node dist/examples/balancer.js PORT UPSTREAM_PORT... */
import process from 'node:process';
import { createProxy } from 'pollux/servers';

if (process.argv.length < 4) {
  console.error('usage: node dist/examples/balancer.js PORT UPSTREAM_PORT...');
  process.exit(2);
}

const [port, ...upstreamPorts] = process.argv.slice(2).map(Number);

const proxy = await createProxy({
  listen: { host: '127.0.0.1', port },
  pool: {
    upstreams: upstreamPorts.map(upstreamPort => ({ host: '127.0.0.1', port: upstreamPort })),
    balance: 'least-connections',
    attempts: 3,
    health: { failures: 2, restMs: 5_000, slowStartMs: 30_000, check: { intervalMs: 2_000 } },
  },
  timeouts: { idleMs: 60_000, halfCloseMs: 10_000 },
  limits: { connections: 10_000, connectionsPerSource: 100 },
  onEnd: ({ outcome, source, upstream, bytesToClient }) => {
    console.log(`${source} ${upstream} ${outcome} ${bytesToClient}`);
  },
});
console.log(`listening on 127.0.0.1:${proxy.listeners[0].port}`);

process.once('SIGINT', () => {
  void proxy.drain({ deadlineMs: 10_000 }).then(({ closedIdle, reset }) => {
    console.log(`stopped; ${closedIdle} idle ones closed, ${reset} reset`, proxy.snapshot().outcomes.completed);
  });
});
