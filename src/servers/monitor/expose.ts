/** Metrics and the status page, each at a place of its own. */
import { basename } from 'node:path';
import process from 'node:process';
import { anything, required, valuesOf, type OptionTable } from '../../base/options.js';
import { checkFunction } from '../../base/arguments.js';
import type { Address } from '../../index.js';
import { answerNothing, Endpoint } from './endpoint.js';
import { metricsOf } from './metrics.js';
import { MONITOR_PLACE, type MonitorPlace } from './place.js';
import { shared, type Reports } from './reports.js';
import { StatusPage } from './status-page.js';

/** Options of `exposeMetrics` and `exposeStatusPage`. */
export interface MonitorOptions extends MonitorPlace {
  /** Where the numbers come from: `serverReports(server)`, or `workerReports(runtime)` for threads. */
  readonly reports: Reports;
  /** What the server is called on its page. Default: the name of the program. */
  readonly title?: string;
}

const MONITOR_OPTIONS = {
  ...MONITOR_PLACE,
  reports: required<Reports>(checkFunction),
  title: anything<string>(),
} satisfies OptionTable<MonitorOptions>;

/** A place that tells of a server. It keeps no process alive. */
export interface Monitor extends AsyncDisposable {
  /** Where it listens. */
  readonly address: Address;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

/**
 * Answers `GET /metrics` in the format of Prometheus, by the package `prom-client`.
 *
 *     const metrics = await exposeMetrics({ port: 9464, reports: workerReports(runtime) });
 *
 * @throws Error (by the promise) prom-client is not installed. IoError: what `listen` throws. TypeError: an option that
 *   makes no sense, named.
 */
export async function exposeMetrics(options: MonitorOptions): Promise<Monitor> {
  const { reports, ...place } = valuesOf(MONITOR_OPTIONS, options);
  const metrics = await metricsOf(reports);
  const endpoint = await Endpoint.listen(place, async ({ path }, response) => {
    if (path === '/metrics') response.send(200, { 'Content-Type': metrics.type }, await metrics.text());
    else answerNothing(response);
  });
  return monitor(endpoint, () => {});
}

/**
 * Shows what a server does as plots over the last five minutes: one document without a resource of elsewhere. Nothing
 * is measured before somebody looks.
 *
 *     const status = await exposeStatusPage({ port: 8081, reports: workerReports(runtime) });
 *
 * @throws IoError (by the promise): what `listen` throws. TypeError: an option that makes no sense, named.
 */
export async function exposeStatusPage(options: MonitorOptions): Promise<Monitor> {
  const { reports, title = basename(process.argv[1] ?? 'node'), ...place } = valuesOf(MONITOR_OPTIONS, options);
  const page = new StatusPage(shared(reports), title);
  const endpoint = await Endpoint.listen(place, (request, response) => page.answer(request, response));
  return monitor(endpoint, () => page.close());
}

function monitor(endpoint: Endpoint, stop: () => void): Monitor {
  const close = async () => {
    stop();
    await endpoint.close();
  };
  return { address: endpoint.address, close, [Symbol.asyncDispose]: close };
}
