/** Rates that are shared: how they are shared out, that nobody passes them, and what comes through a proxy. */
import { expect } from 'chai';
import { array, assert, constant, double, oneof, property } from 'fast-check';
import { BandwidthClass, TICK_MS } from '../../../src/servers/proxy/bandwidth/bandwidth-class.js';
import { shareOut } from '../../../src/servers/proxy/bandwidth/share-out.js';
import { cert, key } from '../../support/certificate.js';
import { listening } from '../../support/sockets.js';
import { connectSecure } from '../../../src/node.js';
import { propertyRuns } from '../../property-runs.js';
import { leavesNothing, LOOPBACK, proxying, through, until } from './upstreams.js';

const rates = double({ min: 1000, max: 1e9, noNaN: true });
const demands = array(oneof(double({ min: 0, max: 1e9, noNaN: true }), constant(Infinity)), {
  minLength: 1,
  maxLength: 20,
});

describe('a rate that is shared out', () => {
  it('is given out whole, and nobody has less than another while it asks for more', () => {
    assert(
      property(rates, demands, (rate, asked) => {
        const parts = shareOut(rate, asked);
        expect(parts.reduce((sum, part) => sum + part, 0)).to.be.closeTo(rate, rate * 1e-9);
        parts.forEach((part, index) => {
          if (part >= asked[index]) return;
          for (const other of parts) expect(other).to.be.at.most(part * (1 + 1e-9));
        });
      }),
      propertyRuns(300),
    );
  });

  it('goes to those who use it, and all of them together never pass it by more than one burst', () => {
    const appetites = array(double({ min: 0, max: 3, noNaN: true }), { minLength: 1, maxLength: 8 });
    assert(
      property(appetites, appetite => {
        const rate = 1_000_000;
        const shared = new BandwidthClass(rate, Infinity);
        const flows = appetite.map(() => ({ bytesToUpstream: 0, bytesToClient: 0, bytesPerSecond: Infinity }));
        for (const flow of flows) shared.add(flow);
        const beginMs = performance.now();
        let total = 0;
        for (let tick = 1; tick <= 60; tick++) {
          const nowMs = beginMs + tick * TICK_MS;
          flows.forEach((flow, index) => {
            // It takes what it wants, and what its own bucket lets through: its rate, and a tenth of a second at first.
            const wanted = appetite[index] * rate * (TICK_MS / 1000);
            const bytes = Math.min(wanted, flow.bytesPerSecond * (TICK_MS / 1000) * (tick === 1 ? 2 : 1));
            flow.bytesToClient += bytes;
            total += bytes;
          });
          shared.tick(nowMs);
          // Those that begin together have a whole part each for one tick: that is the burst.
          const burst = rate * (TICK_MS / 1000) * 2 * (flows.length + 1);
          expect(total).to.be.at.most((rate * (nowMs - beginMs)) / 1000 + burst);
        }
        for (const flow of flows) shared.remove(flow);
        const wanted = appetite.reduce((sum, each) => sum + each, 0) * rate * 6;
        if (wanted > rate * 6.5) expect(total).to.be.at.least(rate * 6 * 0.8);
      }),
      propertyRuns(60),
    );
  });
});

describe('the bandwidth of a proxy', () => {
  leavesNothing();

  /** Sends as much as is taken. */
  const flood = () =>
    listening({
      host: LOOPBACK,
      onConnection: connection => {
        const piece = new Uint8Array(64 * 1024);
        const send = () => {
          while (connection.send(piece));
        };
        connection.onDrain = send;
        connection.onClose = () => {};
        send();
      },
    });

  for (const [what, tls] of [
    ['joined', undefined],
    ['with TLS that ends here', { key, cert }],
  ] as const) {
    it(`is shared by the clients of a class, ${what}, and each has its part`, async () => {
      const upstream = await flood();
      const bytesPerSecond = 2_000_000;
      const proxy = await proxying({
        listen: { host: LOOPBACK, tls, bandwidthClass: 'slow' },
        pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] },
        limits: { classes: { slow: { bytesPerSecond } } },
      });
      const received = [0, 0];
      const clients = await Promise.all(
        received.map(async (_, index) => {
          const { port } = proxy.listeners[0];
          const secured = () => connectSecure({ host: LOOPBACK, port, tls: { ca: cert, servername: 'localhost' } });
          const client = tls === undefined ? await through(proxy) : await secured();
          client.onData = chunk => (received[index] += chunk.length);
          return client;
        }),
      );
      // On a busy machine one of them may begin long after the other.
      await until(() => Math.min(...received) > 0);
      const before = received[0] + received[1];
      const startMs = performance.now();
      await until(() => performance.now() - startMs > 600 && Math.min(...received) > (received[0] + received[1]) / 20);
      const seconds = (performance.now() - startMs) / 1000;
      const total = received[0] + received[1] - before;
      for (const client of clients) client.destroy();
      // A burst each at the beginning, and what lies in buffers on the way.
      expect(total / seconds).to.be.below(bytesPerSecond * 2);
    });
  }

  it('has a bound for each connection', async () => {
    const upstream = await flood();
    const proxy = await proxying({
      pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] },
      limits: { bytesPerSecond: 1_000_000 },
    });
    const client = await through(proxy);
    let received = 0;
    const startMs = performance.now();
    client.onData = chunk => (received += chunk.length);
    await until(() => performance.now() - startMs > 400 && received > 0);
    expect(received).to.be.below((performance.now() - startMs) * 1000 + 200_000);
  });
});
