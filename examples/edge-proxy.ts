/**
 * Stands at the edge: TLS goes to its pool by the name that the client asks for, and is not ended.
 *
 *   node dist/examples/edge-proxy.js PORT WEB_PORT DATABASE_PORT
 */
import process from 'node:process';
import { createProxy } from 'pollux/servers';

if (process.argv.length < 5) {
  console.error('usage: node dist/examples/edge-proxy.js PORT WEB_PORT DATABASE_PORT');
  process.exit(2);
}

const [port, webPort, databasePort] = process.argv.slice(2).map(Number);

const proxy = await createProxy({
  listen: {
    host: '127.0.0.1',
    port,
    // Balancers before this one say who the client is. All others are taken for clients themselves.
    trustedProxies: ['10.0.0.0/8', 'unix'],
    access: { rules: [{ deny: '192.0.2.0/24' }, { allow: ['127.0.0.0/8', '::1'] }], otherwise: 'deny' },
    routes: [
      { serverNames: ['db.example.org', '*.db.example.org'], pool: 'database' },
      { protocols: ['h2', 'http/1.1'], pool: 'web' },
    ],
    acceptsPerSecond: 1_000,
  },
  pools: {
    web: { upstreams: [{ host: '127.0.0.1', port: webPort }], proxyProtocol: 'v2', bandwidthClass: 'bulk' },
    database: { upstreams: [{ host: 'localhost', port: databasePort }], balance: 'source-hash' },
  },
  limits: { classes: { bulk: { bytesPerSecond: 50_000_000 } } },
  timeouts: { headMs: 5_000 },
});
console.log(`listening on 127.0.0.1:${proxy.listeners[0].port}`);
process.once('SIGINT', () => void proxy.close());
