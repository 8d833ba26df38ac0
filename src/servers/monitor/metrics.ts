/** Metrics of a server for Prometheus: those of its threads, and its own. */
import { threadId } from 'node:worker_threads';
import { each, loadPromClient, one, registerFamily, type Metric, type MetricFamily } from '../../base/prometheus.js';
import { registerMetrics, type SnapshotSource } from '../../observe.js';
import type { UpstreamSnapshot } from '../proxy/upstreams/upstream.js';
import { shared, type Reports } from './reports.js';
import type { ServerReport } from './server-report.js';

/** Upstreams of a pool that have values of their own; the others are one: names can be many. */
const MOST_UPSTREAMS = 100;
const OTHERS = 'other';
const PREFIX = 'pollux_';

/** What a thread has, with the name that stands in the label `thread`. */
type Named = ServerReport & { readonly name: string };

const counters: readonly Metric<Named>[] = [
  {
    name: 'server_accepted_total',
    help: 'Connections that were accepted',
    read: ({ connections }) => one(connections.accepted),
  },
  {
    name: 'server_requests_total',
    help: 'Requests',
    read: ({ requests }) => (requests === undefined ? [] : one(requests.received)),
  },
  {
    name: 'server_responses_total',
    help: 'Responses by the class of their status',
    labels: ['class'],
    read: ({ requests }) =>
      (requests?.responses ?? []).flatMap((count, digit) => (digit === 0 ? [] : [[{ class: `${digit}xx` }, count]])),
  },
  {
    name: 'server_broken_total',
    help: 'Responses that broke',
    read: ({ requests }) => (requests === undefined ? [] : one(requests.broken)),
  },
  {
    name: 'server_bytes_total',
    help: 'Bytes by the way that they took',
    labels: ['path'],
    read: ({ bytes }) => each('path', bytes),
  },
  {
    name: 'server_refused_total',
    help: 'Connections and requests that were not served, by the reason',
    labels: ['reason'],
    read: ({ refused }) => each('reason', refused),
  },
  {
    name: 'server_ended_total',
    help: 'Connections by how they ended',
    labels: ['outcome'],
    read: ({ ended }) => each('outcome', ended),
  },
  upstreamMetric('connections_total', 'Connections that were made to an upstream', ({ connected }) => connected),
  upstreamMetric('failures_total', 'Connections to an upstream that failed', ({ failed }) => failed),
  upstreamMetric('retries_total', 'Clients that went to another after one failed', ({ retried }) => retried),
];

const gauges: readonly Metric<Named>[] = [
  { name: 'server_connections', help: 'Connections that are open', read: ({ connections }) => one(connections.open) },
  upstreamMetric('active', 'Connections that an upstream has', ({ active }) => active),
  upstreamMetric('up', 'Whether an upstream gets clients', ({ state }) => (state === 'up' ? 1 : 0)),
];

const family: MetricFamily<Named> = {
  counters,
  gauges,
  histograms: [
    {
      name: 'server_latency_seconds',
      help: 'From request to response; of a proxy from client to upstream',
      read: ({ latencyMs }) => latencyMs,
    },
  ],
};

function upstreamMetric(name: string, help: string, read: (upstream: UpstreamSnapshot) => number): Metric<Named> {
  return {
    name: `upstream_${name}`,
    help,
    labels: ['pool', 'upstream'],
    read: ({ pools }) =>
      Object.entries(pools).flatMap(([pool, upstreams]) => {
        const own = upstreams.slice(0, MOST_UPSTREAMS);
        const others = upstreams.slice(MOST_UPSTREAMS);
        const values = own.map(upstream => [{ pool, upstream: upstream.name }, read(upstream)] as const);
        if (others.length === 0) return values;
        const sum = others.reduce((total, upstream) => total + read(upstream), 0);
        return [...values, [{ pool, upstream: OTHERS }, sum] as const];
      }),
  };
}

/** The text of all metrics, and its type. */
export interface MetricsText {
  readonly type: string;
  text(): Promise<string>;
}

/** @throws Error (by the promise) the package `prom-client` is not installed. */
export async function metricsOf(reports: Reports): Promise<MetricsText> {
  const client = await loadPromClient('metrics');
  const registry = new client.Registry();
  const look = shared(reports);
  const runtime: SnapshotSource = {
    snapshot: async () => {
      // This thread is measured anyway.
      const others = (await look()).filter(({ report }) => report?.thread.threadId !== threadId);
      const workers = others.map(({ name, state, report }, index) => {
        return { index, name, restarts: 0, state, thread: report?.thread };
      });
      return { workers };
    },
  };
  await registerMetrics({ registry, runtime, prefix: PREFIX });
  const alive = async () =>
    (await look()).flatMap(({ name, report }) => (report === undefined ? [] : [{ ...report, name }]));
  registerFamily(family, { client, registry, prefix: PREFIX, look: alive });
  return { type: registry.contentType, text: () => registry.metrics() };
}
