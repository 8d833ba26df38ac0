/** A proxy that is drained: by several at once, with options that make no sense, and with clients in the backlog. */
import { expect } from 'chai';
import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { SessionRecord } from '../../../src/servers.js';
import { listening, rejection } from '../../support/sockets.js';
import { collectingUncaught } from '../../support/uncaught.js';
import { ask, leavesNothing, LOOPBACK, named, proxying, through } from './upstreams.js';

/** Connects in a thread of its own, sends a message and posts what comes back. */
const CLIENT = `
const { workerData: { port, connected } } = require('node:worker_threads');
const { parentPort } = require('node:worker_threads');
const socket = require('node:net').connect(port, '${LOOPBACK}', () => socket.write('late', () => {
  Atomics.store(connected, 0, 1);
  Atomics.notify(connected, 0);
}));
let received = '';
socket.on('data', bytes => { received += bytes; socket.end(); });
socket.on('error', error => (received = error.code));
socket.on('close', () => parentPort.postMessage(received));
`;

describe('the drain of a proxy', () => {
  leavesNothing();

  it('called twice, the first deadline ends both', async () => {
    const upstream = await named('a');
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    const client = await through(proxy);
    client.send('x');
    await client.read();
    const first = proxy.drain({ idleMs: 600_000, deadlineMs: 600_000 });
    expect(await proxy.drain({ idleMs: 600_000, deadlineMs: 20 })).to.deep.equal({ closedIdle: 0, reset: 1 });
    expect(await first).to.deep.equal({ closedIdle: 0, reset: 0 });
  });

  it('stops nothing if an option makes no sense', async () => {
    const upstream = await named('a');
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    expect(await rejection(proxy.drain({ deadlineMs: -1 }))).to.be.instanceOf(RangeError);
    expect(await ask(proxy)).to.equal('a:x');
  });

  it('resets all at its deadline, though onEnd throws', () =>
    collectingUncaught(async uncaught => {
      const upstream = await named('a');
      const onEnd = ({ outcome }: SessionRecord) => {
        throw new Error(outcome);
      };
      const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] }, onEnd });
      const clients = [await through(proxy), await through(proxy)];
      for (const client of clients) {
        client.send('x');
        await client.read();
      }
      expect(await proxy.drain({ idleMs: 600_000, deadlineMs: 20 })).to.deep.equal({ closedIdle: 0, reset: 2 });
      for (const client of clients) expect((await rejection(client.read())).code).to.equal('ECONNRESET');
      expect(uncaught).to.deep.equal(['stopped', 'stopped']);
    }));

  it('gives those in the backlog their time, also while it has nobody else', async () => {
    const upstream = await listening({
      host: LOOPBACK,
      onConnection: connection => {
        connection.onData = chunk => {
          const text = chunk.toString();
          // By then the backlog is empty, and nobody else is there to be waited for.
          setTimeout(() => connection.end(`a:${text}`), 50);
        };
      },
    });
    const proxy = await proxying({ pool: { upstreams: [{ host: LOOPBACK, port: upstream.port }] } });
    const connected = new Int32Array(new SharedArrayBuffer(4));
    const { port } = proxy.listeners[0];
    const client = new Worker(CLIENT, { eval: true, workerData: { port, connected } });
    const received = once(client, 'message');
    // This thread accepts nobody meanwhile.
    while (Atomics.load(connected, 0) === 0) Atomics.wait(connected, 0, 0, 10_000);
    expect(proxy.size).to.equal(0);
    await proxy.drain({ idleMs: 60_000, deadlineMs: 60_000 });
    expect(await received).to.deep.equal(['a:late']);
  });
});
