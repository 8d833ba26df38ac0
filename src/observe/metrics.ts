/** Snapshots as metrics of Prometheus: `prom-client` is asked for when they are registered, and not before. */
import { anything, valuesOf, type OptionTable } from '../base/options.js';
import {
  each,
  loadPromClient,
  one,
  registerFamily,
  type HistogramMetric,
  type Metric,
  type PromClient,
} from '../base/prometheus.js';
import type { SnapshotSource } from './runtime-snapshot.js';
import { snapshotThread, type ThreadSnapshot } from './thread-snapshot.js';

/** Options of `registerMetrics`. */
export interface MetricsOptions {
  /** A registry of `prom-client`. Default: its global one, `register`. */
  readonly registry?: object;
  /** Whose workers are measured beside this thread. */
  readonly runtime?: SnapshotSource;
  /** What the names begin with. Default 'pollux_'. */
  readonly prefix?: string;
}

const METRICS_OPTIONS = {
  registry: anything<object>(),
  runtime: anything<SnapshotSource>(),
  prefix: anything<string>(),
} satisfies OptionTable<MetricsOptions>;

const counters: readonly Metric<ThreadSnapshot>[] = [
  { name: 'turns_total', help: 'Turns of the reactor', read: ({ turns }) => one(turns.count) },
  {
    name: 'system_calls_total',
    help: 'System calls',
    labels: ['kind'],
    read: ({ systemCalls }) => each('kind', { ...systemCalls }),
  },
  { name: 'received_bytes_total', help: 'Bytes received', read: ({ bytes }) => one(bytes.received) },
  { name: 'sent_bytes_total', help: 'Bytes sent', read: ({ bytes }) => one(bytes.sent) },
  {
    name: 'path_bytes_total',
    help: 'Bytes that went out, by path',
    labels: ['path'],
    read: ({ bytes }) => each('path', bytes.paths),
  },
  { name: 'events_total', help: 'Events of the backend', read: ({ events }) => one(events.total) },
  { name: 'stale_events_total', help: 'Events of closed descriptors', read: ({ events }) => one(events.stale) },
  {
    name: 'fruitless_events_total',
    help: 'Events that brought no progress',
    read: ({ events }) => one(events.fruitless),
  },
  {
    name: 'spins_stopped_total',
    help: 'Descriptors given up for spinning',
    read: ({ events }) => one(events.spinsStopped),
  },
  {
    name: 'messages_received_total',
    help: 'Messages of other threads',
    read: ({ messages }) => one(messages?.received ?? 0),
  },
  { name: 'messages_sent_total', help: 'Messages to other threads', read: ({ messages }) => one(messages?.sent ?? 0) },
  { name: 'active_seconds_total', help: 'Time not asleep', read: ({ utilization }) => one(utilization.active / 1000) },
];

const gauges: readonly Metric<ThreadSnapshot>[] = [
  { name: 'connections', help: 'Open connections', read: ({ sockets }) => one(sockets.counts.connections) },
  { name: 'handles', help: 'What is open in the reactor', read: ({ handles }) => one(handles) },
  { name: 'leased_bytes', help: 'Memory of buffers on loan', read: ({ memory }) => one(memory.leasedBytes) },
  { name: 'held_bytes', help: 'Memory of buffers taken from the system', read: ({ memory }) => one(memory.heldBytes) },
  { name: 'starved', help: 'Sockets that wait for memory', read: ({ memory }) => one(memory.starved) },
  {
    name: 'messages_waiting',
    help: 'Messages that wait for room',
    read: ({ messages }) => one(messages?.waiting ?? 0),
  },
  {
    name: 'queued_messages',
    help: 'Messages and items in queues that nobody has taken',
    read: ({ messages }) => one((messages?.queues ?? []).reduce((sum, { length }) => sum + length, 0)),
  },
  {
    name: 'accept_queue',
    help: 'Connections that wait to be accepted',
    read: ({ sockets }) => one(sockets.listeners.reduce((sum, { waiting = 0 }) => sum + waiting, 0)),
  },
];

const histograms: readonly HistogramMetric<ThreadSnapshot>[] = [
  { name: 'turn_seconds', help: 'Turns without their waits', read: ({ turns }) => turns.durationMs },
  { name: 'lag_seconds', help: 'Time between two turns', read: ({ turns }) => turns.lagMs },
  { name: 'wait_seconds', help: 'Time asleep, each', read: ({ turns }) => turns.waitMs },
];

/**
 * Registers gauges, counters and histograms, which are read when the registry is asked for them: one snapshot each
 * time.
 *
 *     await registerMetrics({ runtime });
 *     response.end(await promClient.register.metrics());
 *
 * @throws Error (by the promise) the package `prom-client` is not installed; or the names are registered already.
 * @throws TypeError an option that makes no sense, named.
 */
export async function registerMetrics(options: MetricsOptions = {}): Promise<void> {
  const { registry, runtime, prefix = 'pollux_' } = valuesOf(METRICS_OPTIONS, options);
  const client = await loadPromClient('registerMetrics');
  registerFamily(
    { counters, gauges, histograms },
    { client, registry: (registry ?? client.register) as PromClient['register'], prefix, look: () => look(runtime) },
  );
}

async function look(runtime: SnapshotSource | undefined): Promise<readonly ThreadSnapshot[]> {
  const { workers } = (await runtime?.snapshot({ connections: 0 })) ?? { workers: [] };
  const alive = workers.flatMap(({ name, thread }) => (thread === undefined ? [] : [{ ...thread, name }]));
  return [snapshotThread({ connections: 0 }), ...alive];
}
