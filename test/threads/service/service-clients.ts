/** Clients of a service, which are gone at the end of the test (`destroyTracked`), and what its threads say to them. */
import type { Connection } from 'pollux';
import type { Service } from 'pollux/threads';
import { connected } from '../../support/sockets.js';

export function clientOf(service: Service): Promise<Connection> {
  return connected({ host: '127.0.0.1', port: service.port });
}

export function clientsOf(service: Service, count: number): Promise<Connection[]> {
  return Promise.all(Array.from({ length: count }, () => clientOf(service)));
}

/** Waits for the line of the thread that serves it. @returns its number. */
export async function greeted(client: Connection): Promise<number> {
  let text = '';
  while (!text.includes('\n')) {
    const chunk = await client.read();
    if (chunk === null) throw new Error(`ended after '${text}'`);
    text += chunk.toString();
  }
  return Number(text);
}
