/** A server that the command runs: in this thread, or in several that serve one port together. */
import process from 'node:process';
import type { Address } from '../../index.js';
import { createStaticServer, serverReports, workerReports } from '../../servers.js';
import { keptPlaces } from '../../servers/places/kept-places.js';
import { Runtime, type Service } from '../../threads.js';
import { InheritedListeners } from '../config/inherited.js';
import { without } from '../config/without.js';
import { withoutMonitors } from '../monitors.js';
import type { Running } from '../service.js';
import type { ServeConfig, ServePlace } from './config.js';

export async function serveHere(config: ServeConfig): Promise<Running<ServeConfig>> {
  const inherited = new InheritedListeners();
  const optionsOf = async ({ options, places }: ServeConfig) => ({
    ...withoutMonitors(options),
    listen: await inherited.resolve(places),
  });
  const server = await createStaticServer(await optionsOf(config));
  return {
    place: placesOf(server.listeners, config),
    reports: serverReports(server),
    reopenLog: () => server.reopenLog(),
    reload: async next => server.reload(await optionsOf(next)),
    drain: (deadlineMs, signal) => server.drain({ deadlineMs, signal }),
  };
}

/** A port of all threads. */
interface Shared {
  readonly place: ServePlace;
  readonly service: Service;
}

export async function serveInThreads(config: ServeConfig): Promise<Running<ServeConfig>> {
  const { options, places, threads, accept } = config;
  const runtime = new Runtime({
    entry: new URL('serve-thread.js', import.meta.url),
    workers: threads,
    payload: withoutMonitors(options),
    restarts: 10,
    onError: (failure, name) => process.stderr.write(`pollux: ${name} died and is started again: ${failure.message}\n`),
  });
  const open = async (place: ServePlace): Promise<Shared> => {
    return { place, service: await runtime.listen({ ...without(place, 'maxConnections', 'reusePort'), accept }) };
  };
  let shared: readonly Shared[] = [];
  try {
    await runtime.start();
    for (const place of places) shared = [...shared, await open(place)];
    const listeners = shared.map(({ service }) => service);
    return {
      place: placesOf(listeners, config),
      reports: workerReports(runtime),
      reopenLog: () => {
        // A worker that has just died opens the file when it starts again.
        for (const { peer } of runtime.workers) peer.request('reopen', null).catch(() => {});
      },
      reload: async next => {
        const { kept, gone } = keptPlaces(next.places, shared);
        const opened: Shared[] = [];
        try {
          for (const [index, place] of next.places.entries())
            if (kept[index] === undefined) opened.push(await open(place));
          // What is wrong for one of them is wrong for all, and the first has nothing of it.
          for (const { peer } of runtime.workers) await peer.request('reload', withoutMonitors(next.options));
        } catch (failure) {
          for (const { service } of opened) await service.close();
          throw failure;
        }
        const fresh = opened.values();
        shared = kept.map(each => each ?? fresh.next().value!);
        for (const { service } of gone) void service.close({ deadlineMs: next.drainMs });
      },
      drain: async (deadlineMs, signal) => {
        signal.addEventListener('abort', () => process.exit(), { once: true });
        // A client that waits in the backlog is served still.
        await Promise.all(shared.map(({ service }) => service.close({ deadlineMs })));
        await Promise.all(runtime.workers.map(({ peer }) => peer.request('drain', deadlineMs)));
        await runtime.stop();
      },
    };
  } catch (error) {
    await runtime.stop();
    throw error;
  }
}

function placesOf(listeners: readonly { readonly address: Address }[], { options: { tls } }: ServeConfig): string {
  return listeners.map(({ address }) => placeOf(address, tls === undefined ? 'http' : 'https')).join(', ');
}

function placeOf(address: Address, scheme: string): string {
  if (address.family === 'unix') return address.path === '' ? 'a Unix socket' : address.path;
  const host = address.family === 'ipv6' ? `[${address.address}]` : address.address;
  return `${scheme}://${host}:${address.port}`;
}
