/** A server that the command runs: in this thread, or in several that serve one port together. */
import { createStaticServer, type StaticDrainOptions, type StaticServerOptions } from '../../servers.js';
import type { Address } from '../../index.js';
import { Runtime } from '../../threads.js';
import type { ServeFlags } from './flags.js';

/** A server that runs. */
export interface Serving {
  /** Where, in words. */
  readonly place: string;
  /** Opens the log anew, and reads the certificate again. @throws what is wrong with the new one: the old one stays. */
  reload(): Promise<void>;
  drain(options: StaticDrainOptions): Promise<unknown>;
}

export async function serveHere(options: StaticServerOptions, flags: ServeFlags): Promise<Serving> {
  const server = await createStaticServer(options);
  try {
    const listener = await server.listen({ ...whereOf(flags), maxConnections: flags.maxConnections ?? Infinity });
    return {
      place: placeOf(listener.address, options),
      reload: () => {
        server.reopenLog();
        return server.reloadCertificate();
      },
      drain: how => server.drain(how),
    };
  } catch (error) {
    await server.close();
    throw error;
  }
}

export async function serveInThreads(options: StaticServerOptions, flags: ServeFlags): Promise<Serving> {
  const runtime = new Runtime({
    entry: new URL('serve-thread.js', import.meta.url),
    workers: flags.threads,
    payload: options,
    restarts: 10,
    onError: (failure, name) => process.stderr.write(`pollux: ${name} died and is started again: ${failure.message}\n`),
  });
  try {
    await runtime.start();
    const service = await runtime.listen({ ...whereOf(flags), accept: flags.accept });
    return {
      place: placeOf(service.address, options),
      reload: async () => {
        await Promise.all(runtime.workers.map(({ peer }) => peer.request('reload', null)));
      },
      drain: async ({ deadlineMs, signal }) => {
        signal?.addEventListener('abort', () => process.exit(), { once: true });
        // A client that waits in the backlog is served still.
        await service.close({ deadlineMs });
        await Promise.all(runtime.workers.map(({ peer }) => peer.request('drain', deadlineMs)));
        await runtime.stop();
      },
    };
  } catch (error) {
    await runtime.stop();
    throw error;
  }
}

function whereOf({ host, port, path }: ServeFlags) {
  return path === undefined ? { host, port } : { path };
}

function placeOf(address: Address, { tls }: StaticServerOptions): string {
  if (address.family === 'unix') return address.path ?? 'a Unix socket';
  const host = address.family === 'ipv6' ? `[${address.address}]` : address.address;
  return `${tls === undefined ? 'http' : 'https'}://${host}:${address.port}`;
}
