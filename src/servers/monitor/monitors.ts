/** The places at which one server tells of itself, opened and closed with it. */
import { isDeepStrictEqual } from 'node:util';
import type { Address } from '../../index.js';
import { exposeMetrics, exposeStatusPage, type Monitor } from './expose.js';
import type { MonitorPlace } from './place.js';
import { serverReports } from './reports.js';
import type { ServerReport } from './server-report.js';

/** Where to; undefined: nowhere. */
export interface MonitorPlaces {
  readonly metrics: MonitorPlace | undefined;
  readonly status: MonitorPlace | undefined;
}

/** Where a server tells of itself. */
export interface MonitorAddresses {
  readonly metrics: Address | undefined;
  readonly status: Address | undefined;
}

export class Monitors {
  private metrics: Monitor | undefined = undefined;
  private status: Monitor | undefined = undefined;

  private places: MonitorPlaces = { metrics: undefined, status: undefined };

  /** @throws what `exposeMetrics` and `exposeStatusPage` throw, by the promise: `close` ends what is open by then. */
  async open({ metrics, status }: MonitorPlaces, server: { report(): ServerReport }): Promise<void> {
    this.places = { metrics, status };
    const reports = serverReports(server);
    if (metrics !== undefined) this.metrics = await exposeMetrics({ ...metrics, reports });
    if (status !== undefined) this.status = await exposeStatusPage({ ...status, reports });
  }

  /** @throws TypeError other places than those that are open, which stay. */
  checkSame(places: MonitorPlaces): void {
    for (const name of ['metrics', 'status'] as const) {
      if (isDeepStrictEqual(places[name], this.places[name])) continue;
      throw new TypeError(`${name}: another place than before; allowed: the same, for as long as the server runs`);
    }
  }

  get addresses(): MonitorAddresses {
    return { metrics: this.metrics?.address, status: this.status?.address };
  }

  async close(): Promise<void> {
    await Promise.all([this.metrics?.close(), this.status?.close()]);
  }
}
