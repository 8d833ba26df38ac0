/** Where reports come from: a server in this thread, or the workers of a runtime. */
import { isMainThread, threadId } from 'node:worker_threads';
import type { Runtime } from '../../threads.js';
import type { ServerReport, ThreadReport } from './server-report.js';

/** Reports of all threads of a server, as they are now. */
export type Reports = () => Promise<readonly ThreadReport[]> | readonly ThreadReport[];

/** The name of the request that workers answer. */
const REQUEST = 'report';
/** How long a worker's answer is waited for. */
const PATIENCE_MS = 500;

/**
 * Reports of a server in this thread, for `exposeMetrics` and `exposeStatusPage`.
 *
 *     const metrics = await exposeMetrics({ port: 9464, reports: serverReports(server) });
 */
export function serverReports(server: { report(): ServerReport }): Reports {
  const name = isMainThread ? 'main' : `thread ${threadId}`;
  return () => [{ name, state: 'running', report: server.report() }];
}

/**
 * Reports of the workers of a runtime, for `exposeMetrics` and `exposeStatusPage`. Each worker answers `report`; one
 * that has not answered in half a second is said to hang.
 *
 *     // In each worker: worker.endpoint.answer('report', () => server.report());
 *     const status = await exposeStatusPage({ port: 8081, reports: workerReports(runtime) });
 */
export function workerReports(runtime: Runtime): Reports {
  return () =>
    Promise.all(
      runtime.workers.map(async ({ name, isRunning, isAlive, peer }): Promise<ThreadReport> => {
        if (!isRunning) return { name, state: isAlive ? 'starting' : 'ended', report: undefined };
        try {
          const signal = AbortSignal.timeout(PATIENCE_MS);
          const report = await peer.request<ServerReport>(REQUEST, null, { signal });
          return { name, state: 'running', report };
        } catch {
          return { name, state: isAlive ? 'hung' : 'ended', report: undefined };
        }
      }),
    );
}

/** One look for all who ask at the same time. */
export function shared(reports: Reports): () => Promise<readonly ThreadReport[]> {
  let pending: Promise<readonly ThreadReport[]> | undefined;
  return () => (pending ??= Promise.resolve(reports()).finally(() => (pending = undefined)));
}
