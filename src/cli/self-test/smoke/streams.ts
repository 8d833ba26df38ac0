/** Smoke programs of connections and listeners. */
import { join } from 'node:path';
import process from 'node:process';
import { connect, currentReactor, encodeLine, IoError, lines, listen, type ListenOptions } from '../../../index.js';
import { Inapplicable, type Check } from '../check.js';
import { expectBytes, expectEqual, expectFailure, expectTrue } from './expect.js';
import { connectedPair, LOOPBACK, readAll, readExactly, smoke, someBytes } from './ground.js';

const MIB = 1 << 20;

/** A server that sends back what it receives, and a client that compares. */
async function echo(options: ListenOptions): Promise<void> {
  const listener = await listen(options);
  listener.onConnection = connection => {
    connection.onData = chunk => {
      if (!connection.send(chunk)) connection.pause();
    };
    connection.onDrain = () => connection.resume();
    connection.onEnd = () => connection.end();
  };
  const client = await connect(listener.address);
  const bytes = someBytes(MIB);
  const [received] = await Promise.all([readAll(client), client.write(bytes).then(() => client.end())]);
  expectBytes(received, bytes, 'what came back');
  await client.close();
  await listener.close();
}

/** Machines without IPv6 are many. */
async function echoOverIpv6(): Promise<void> {
  try {
    await echo({ host: '::1', port: 0 });
  } catch (error) {
    const isMissing = error instanceof IoError && ['EADDRNOTAVAIL', 'EAFNOSUPPORT'].includes(error.code);
    if (isMissing) throw new Inapplicable(`no IPv6 on the loopback: ${error.code}`);
    throw error;
  }
}

export const streams: readonly Check[] = [
  smoke('the reactor has the backend that was asked for', () => {
    expectEqual(currentReactor().driver.backend.name, process.env.POLLUX_BACKEND, 'backend');
    return Promise.resolve();
  }),
  smoke('a megabyte comes back over TCP, level', () => echo(LOOPBACK), 'level'),
  smoke('a megabyte comes back over TCP, edge', () => echo(LOOPBACK), 'edge'),
  smoke('a megabyte comes back over TCP, oneshot', () => echo(LOOPBACK), 'oneshot'),
  smoke('a megabyte comes back over IPv6', echoOverIpv6),
  smoke('a megabyte comes back over a Unix socket', directory => echo({ path: join(directory, 'echo') })),
  smoke('the other direction goes on after a FIN', async () => {
    const { client, server } = await connectedPair();
    client.end('question');
    expectEqual(Buffer.from(await readAll(server)).toString(), 'question', 'before the FIN');
    server.end('answer');
    expectEqual(Buffer.from(await readAll(client)).toString(), 'answer', 'after the FIN');
    await Promise.all([client.close(), server.close()]);
  }),
  smoke('a writer is held back while nobody reads, and told when there is room', async () => {
    const { client, server } = await connectedPair();
    const chunk = someBytes(64 * 1024);
    let sentBytes = 0;
    let hasRoom = true;
    while (hasRoom) {
      hasRoom = client.send(chunk);
      sentBytes += chunk.length;
    }
    const drained = new Promise<void>(resolve => (client.onDrain = resolve));
    await Promise.all([drained, readExactly(server, sentBytes)]);
    expectTrue(client.queuedBytes === 0, 'nothing is queued');
    await Promise.all([client.close(), server.close()]);
    return `${sentBytes} bytes before it was held back`;
  }),
  smoke('a reset of the peer is told as ECONNRESET', async () => {
    const { client, server } = await connectedPair();
    const end = expectFailure('ECONNRESET', 'a read after the reset', client.read());
    server.reset();
    await end;
  }),
  smoke('a connection that nobody takes is ECONNREFUSED', async () => {
    const listener = await listen(LOOPBACK);
    const { address } = listener;
    await listener.close();
    await expectFailure('ECONNREFUSED', 'connect', connect(address));
  }),
  smoke('lines come one by one', async () => {
    const { client, server } = await connectedPair();
    const asked = Array.from({ length: 1_000 }, (_, number) => `line ${number}`);
    client.end(asked.map(line => encodeLine(line)).join(''));
    const received: string[] = [];
    for await (const line of lines(server)) received.push(line);
    expectEqual(received, asked, 'the lines');
    await Promise.all([client.close(), server.close()]);
  }),
  smoke('a timeout closes a connection on which nothing moves', async () => {
    const { client, server } = await connectedPair();
    const end = expectFailure('ETIMEDOUT', 'a read after the timeout', client.read());
    client.setTimeouts({ idleMs: 30 });
    await end;
    server.destroy();
  }),
];
