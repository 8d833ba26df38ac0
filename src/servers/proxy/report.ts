/** The counters of a proxy in the form that all servers have in common. */
import { snapshotThread, type HistogramCounts } from '../../observe.js';
import type { ServerReport } from '../monitor/server-report.js';
import type { ProxySnapshot } from './proxy-snapshot.js';

export function reportOf(snapshot: ProxySnapshot, latencyMs: HistogramCounts): ServerReport {
  const { accepted, open, outcomes, refused, bytes, pools, http } = snapshot;
  const { toUpstreams, toClients, spliced, tls } = bytes;
  return {
    kind: 'proxy',
    connections: { accepted, open },
    requests: http && { received: http.requests, responses: http.responses, broken: http.broken },
    refused: http === undefined ? refused : { ...refused, 'bad-request': http.refused },
    ended: outcomes,
    bytes: { sendfile: 0, splice: spliced, buffers: Math.max(0, toUpstreams + toClients - spliced - tls), tls },
    latencyMs,
    pools,
    thread: snapshotThread({ connections: 0 }),
  };
}
