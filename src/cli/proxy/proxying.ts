/** A proxy that the command runs: in this thread, or in several that share its ports. */
import process from 'node:process';
import { createProxy, serverReports, workerReports } from '../../servers.js';
import { formatName } from '../../servers/proxy/addresses.js';
import { Runtime } from '../../threads.js';
import { InheritedListeners } from '../config/inherited.js';
import { withoutMonitors } from '../monitors.js';
import type { Running } from '../service.js';
import type { ProxyConfig } from './config.js';

export async function proxyHere(config: ProxyConfig): Promise<Running<ProxyConfig>> {
  const inherited = new InheritedListeners();
  const optionsOf = async ({ options, places }: ProxyConfig) => ({
    ...withoutMonitors(options),
    listen: await inherited.resolve(places),
  });
  const proxy = await createProxy(await optionsOf(config));
  return {
    place: proxy.listeners.map(({ address }) => formatName(address)).join(', '),
    reports: serverReports(proxy),
    reopenLog: () => proxy.reopenLog(),
    reload: async next => proxy.reload(await optionsOf(next)),
    drain: (deadlineMs, signal) => {
      signal.addEventListener('abort', () => void proxy.close(), { once: true });
      return proxy.drain({ deadlineMs });
    },
  };
}

/** Each has a proxy of its own, with listeners of its own. */
export async function proxyInThreads(config: ProxyConfig): Promise<Running<ProxyConfig>> {
  const runtime = new Runtime({
    entry: new URL('proxy-worker.js', import.meta.url),
    workers: config.threads,
    payload: optionsOf(config),
    restarts: 1_000,
    onError: (failure, name) => process.stderr.write(`pollux: ${name}: ${failure.message}\n`),
  });
  try {
    await runtime.start();
  } catch (failure) {
    await runtime.stop(0).catch(() => {});
    throw failure;
  }
  return {
    place: config.places.map(({ host, port }) => (host === undefined ? `${port}` : `${host}:${port}`)).join(', '),
    reports: workerReports(runtime),
    reopenLog: () => {
      // A worker that has just died opens the file when it starts again.
      for (const { peer } of runtime.workers) peer.request('reopen', null).catch(() => {});
    },
    reload: async next => {
      // What is wrong for one of them is wrong for all, and the first has nothing of it.
      for (const { peer } of runtime.workers) await peer.request('reload', optionsOf(next));
    },
    drain: async (deadlineMs, signal) => {
      signal.addEventListener('abort', () => process.exit(), { once: true });
      await Promise.allSettled(runtime.workers.map(({ peer }) => peer.request('drain', deadlineMs)));
      await runtime.stop();
    },
  };
}

function optionsOf({ options, places }: ProxyConfig) {
  return { ...withoutMonitors(options), listen: places };
}
