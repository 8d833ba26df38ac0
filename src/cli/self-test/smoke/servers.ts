/** Smoke programs of `pollux/servers`. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect, listen } from '../../../index.js';
import { createProxy, createStaticServer } from '../../../servers.js';
import type { Check } from '../check.js';
import { expectBytes, expectEqual } from './expect.js';
import { LOOPBACK, readAll, smoke, someBytes } from './ground.js';
import { fetchBytes } from './node.js';

const LENGTH_BYTES = 1 << 20;

export const servers: readonly Check[] = [
  smoke('the file server sends files, ranges of them, and 404', async directory => {
    const bytes = someBytes(LENGTH_BYTES);
    writeFileSync(join(directory, 'file.bin'), bytes);
    const server = await createStaticServer({ directory, listen: LOOPBACK });
    const { port } = server;
    const whole = await fetchBytes(port, '/file.bin');
    expectEqual(whole.status, 200, 'the status');
    expectBytes(whole.body, bytes, 'the file');
    const part = await fetchBytes(port, '/file.bin', { Range: 'bytes=1000-299999' });
    expectEqual(part.status, 206, 'the status of a range');
    expectBytes(part.body, bytes.subarray(1000, 300_000), 'the range');
    expectEqual((await fetchBytes(port, '/missing')).status, 404, 'the status of what is not there');
    await server.drain({ deadlineMs: 1_000 });
  }),
  smoke('the proxy carries connections to the upstream that lives', async () => {
    const dead = await listen(LOOPBACK);
    const { port: deadPort } = dead;
    await dead.close();
    const upstream = await listen(LOOPBACK);
    upstream.onConnection = connection => {
      connection.onData = chunk => void connection.send(chunk);
      connection.onEnd = () => connection.end();
    };
    const host = '127.0.0.1';
    const upstreams = [
      { host, port: deadPort },
      { host, port: upstream.port },
    ];
    const proxy = await createProxy({ listen: { host, port: 0 }, pool: { upstreams, attempts: 2 } });
    const client = await connect({ host, port: proxy.listeners[0].port });
    const bytes = someBytes(LENGTH_BYTES);
    const [received] = await Promise.all([readAll(client), client.write(bytes).then(() => client.end())]);
    expectBytes(received, bytes, 'what came back');
    await client.close();
    await proxy.drain({ deadlineMs: 1_000 });
    await upstream.close();
  }),
];
