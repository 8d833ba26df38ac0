/** The counters of a static server in the form that all servers have in common. */
import { snapshotThread } from '../../observe.js';
import type { ServerReport } from '../monitor/server-report.js';
import type { Counters } from './counters.js';

export function reportOf(tally: Counters, open: number, hasTls: boolean): ServerReport {
  const { accepted, requests, bodyBytes, fileBytes, responses, refusals, broken, late, failedHandshakes } =
    tally.snapshot(open);
  const buffered = bodyBytes - fileBytes;
  const slow = Object.entries(late).map(([phase, count]) => [`late-${phase}`, count]);
  const refused = Object.entries(refusals).map(([status, count]) => [`status-${status}`, count]);
  return {
    kind: 'static',
    connections: { accepted, open },
    requests: { received: requests, responses, broken },
    refused: Object.fromEntries([...refused, ...slow, ['handshake', failedHandshakes]]) as Record<string, number>,
    ended: {},
    bytes: { sendfile: fileBytes, splice: 0, buffers: hasTls ? 0 : buffered, tls: hasTls ? buffered : 0 },
    latencyMs: tally.latencyMs(),
    pools: {},
    thread: snapshotThread({ connections: 0 }),
  };
}
