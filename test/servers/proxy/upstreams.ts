/** Upstreams for tests of the proxy, and clients that use it. */
import { connect, currentReactor, listen, type Connection, type Listener } from '../../../src/index.js';
import { createProxy, type ProxyOptions, type ProxyServer } from '../../../src/servers.js';
import { atEnd, connected, destroyTracked, listening } from '../../support/sockets.js';
import { openDescriptors } from '../../support/descriptors.js';

export const LOOPBACK = '127.0.0.1';

/** Each line of what it gets comes back with its name before it: 'a:hello'. */
export async function named(name: string): Promise<Listener> {
  return listening({
    host: LOOPBACK,
    onConnection: connection => {
      connection.onData = chunk => {
        connection.send(`${name}:${chunk.toString()}`);
      };
    },
  });
}

/** A port of the loopback where nobody listens. */
export async function deadPort(): Promise<number> {
  const listener = await listen({ host: LOOPBACK });
  const { port } = listener;
  await listener.close();
  return port;
}

/** A port where connecting gets no answer: nobody accepts, and the backlog is full. */
export async function mutePort(): Promise<number> {
  const listener = await listening({ host: LOOPBACK, backlog: 1 });
  const { port } = listener;
  for (let waiting = 0; waiting < 2; waiting++) await connected({ host: LOOPBACK, port });
  return port;
}

/** Closed at the end of the test. */
export async function proxying(options: ProxyOptions): Promise<ProxyServer> {
  const proxy = await createProxy({ listen: { host: LOOPBACK }, ...options });
  atEnd(() => void proxy.close());
  return proxy;
}

export function through(proxy: ProxyServer): Promise<Connection> {
  return connected({ host: LOOPBACK, port: proxy.listeners[0].port });
}

/** One message there and back on a connection of its own. @returns what came; empty if the connection ended instead. */
export async function ask(proxy: ProxyServer, message = 'x'): Promise<string> {
  const client = await connect({ host: LOOPBACK, port: proxy.listeners[0].port });
  try {
    client.send(message);
    const answer = await client.read();
    return answer === null ? '' : answer.toString();
  } catch {
    return '';
  } finally {
    client.destroy();
  }
}

/** Who answers, of names such as 'a:x'. */
export async function answering(proxy: ProxyServer, times: number): Promise<string[]> {
  const names: string[] = [];
  for (let time = 0; time < times; time++) names.push((await ask(proxy)).split(':')[0]);
  return names;
}

/** Waits until something holds, however busy the machine is. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await new Promise(resolve => setTimeout(resolve, 2));
}

/** For each file of tests: nothing is left open after a test, and no reactor after the last. */
export function leavesNothing(): void {
  let before: string[];
  beforeEach(() => {
    currentReactor();
    before = openDescriptors();
  });
  afterEach(async () => {
    destroyTracked();
    await until(() => openDescriptors().length <= before.length);
  });
  after(() => currentReactor().close());
}
