/** A server that the command runs: in this thread, or in several that serve one port together. */
import { createStaticServer, type StaticDrainOptions } from '../../servers.js';
import type { Address } from '../../index.js';
import { Runtime } from '../../threads.js';
import { without } from '../config/without.js';
import type { ServeConfig } from './config.js';

/** A server that runs. */
export interface Serving {
  /** Where, in words. */
  readonly place: string;
  /** Opens the log anew, and reads the certificate again. @throws what is wrong with the new one: the old one stays. */
  reload(): Promise<void>;
  drain(options: StaticDrainOptions): Promise<unknown>;
}

export async function serveHere({ options, places }: ServeConfig): Promise<Serving> {
  const server = await createStaticServer({ ...options, listen: places });
  return {
    place: placesOf(server.listeners, options),
    reload: () => {
      server.reopenLog();
      return server.reloadCertificate();
    },
    drain: how => server.drain(how),
  };
}

export async function serveInThreads({ options, places, threads, accept }: ServeConfig): Promise<Serving> {
  const runtime = new Runtime({
    entry: new URL('serve-thread.js', import.meta.url),
    workers: threads,
    payload: options,
    restarts: 10,
    onError: (failure, name) => process.stderr.write(`pollux: ${name} died and is started again: ${failure.message}\n`),
  });
  try {
    await runtime.start();
    const services = await Promise.all(
      places.map(place => runtime.listen({ ...without(place, 'maxConnections', 'reusePort'), accept })),
    );
    return {
      place: placesOf(services, options),
      reload: async () => {
        await Promise.all(runtime.workers.map(({ peer }) => peer.request('reload', null)));
      },
      drain: async ({ deadlineMs, signal }) => {
        signal?.addEventListener('abort', () => process.exit(), { once: true });
        // A client that waits in the backlog is served still.
        await Promise.all(services.map(service => service.close({ deadlineMs })));
        await Promise.all(runtime.workers.map(({ peer }) => peer.request('drain', deadlineMs)));
        await runtime.stop();
      },
    };
  } catch (error) {
    await runtime.stop();
    throw error;
  }
}

function placesOf(listeners: readonly { readonly address: Address }[], { tls }: ServeConfig['options']): string {
  return listeners.map(({ address }) => placeOf(address, tls === undefined ? 'http' : 'https')).join(', ');
}

function placeOf(address: Address, scheme: string): string {
  if (address.family === 'unix') return address.path ?? 'a Unix socket';
  const host = address.family === 'ipv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}
