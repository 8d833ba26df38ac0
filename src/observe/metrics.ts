/** Snapshots as metrics of Prometheus: `prom-client` is asked for when they are registered, and not before. */
import type prom from 'prom-client';
import { anything, valuesOf, type OptionTable } from '../base/options.js';
import type { HistogramCounts } from '../base/histogram.js';
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

type PromClient = Pick<typeof prom, 'Counter' | 'Gauge' | 'Histogram' | 'register'>;
type Labels = Readonly<Record<string, string>>;
type Value = readonly [labels: Labels, value: number];

interface Definition {
  readonly name: string;
  readonly help: string;
  readonly labels?: readonly string[];
  readonly read: (thread: ThreadSnapshot) => readonly Value[];
}

const one = (value: number): readonly Value[] => [[{}, value]];
const each = (label: string, values: Readonly<Record<string, number>>): readonly Value[] =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);

const counters: readonly Definition[] = [
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

const gauges: readonly Definition[] = [
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
];

interface HistogramDefinition {
  readonly name: string;
  readonly help: string;
  readonly read: (turns: ThreadSnapshot['turns']) => HistogramCounts;
}

const histograms: readonly HistogramDefinition[] = [
  { name: 'turn_seconds', help: 'Turns without their waits', read: ({ durationMs }) => durationMs },
  { name: 'lag_seconds', help: 'Time between two turns', read: ({ lagMs }) => lagMs },
  { name: 'wait_seconds', help: 'Time asleep, each', read: ({ waitMs }) => waitMs },
];

/** Upper bounds in seconds. */
const BOUNDS = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

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
  const client = await loadClient();
  const registers = [(registry ?? client.register) as PromClient['register']];
  const source = new Source(runtime);
  for (const { name, help, labels = [], read } of counters) {
    new client.Counter({
      name: prefix + name,
      help,
      labelNames: ['thread', ...labels],
      registers,
      async collect() {
        const values = await source.values(read);
        this.reset();
        for (const [found, value] of values) this.inc(found, value);
      },
    });
  }
  for (const { name, help, labels = [], read } of gauges) {
    new client.Gauge({
      name: prefix + name,
      help,
      labelNames: ['thread', ...labels],
      registers,
      async collect() {
        const values = await source.values(read);
        this.reset();
        for (const [found, value] of values) this.set(found, value);
      },
    });
  }
  for (const { name, help, read } of histograms) {
    const histogram = new client.Histogram({
      name: prefix + name,
      help,
      labelNames: ['thread'],
      buckets: BOUNDS,
      registers,
    });
    // What it would count itself is counted already.
    const get = async () => ({
      name: prefix + name,
      help,
      type: 'histogram',
      aggregator: 'sum',
      values: (await source.threads()).flatMap(thread =>
        histogramValues(prefix + name, thread.name, read(thread.turns)),
      ),
    });
    // The second is what a registry asks for when it makes text.
    Object.assign(histogram, { get, getForPromString: get });
  }
}

async function loadClient(): Promise<PromClient> {
  try {
    const module = await import('prom-client');
    return (module as { default?: PromClient }).default ?? module;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error('registerMetrics: the package prom-client is not installed; npm install prom-client', {
      cause: error,
    });
  }
}

/** One snapshot for all metrics that are collected together. */
class Source {
  private pending: Promise<readonly ThreadSnapshot[]> | undefined = undefined;

  constructor(private readonly runtime: SnapshotSource | undefined) {}

  threads(): Promise<readonly ThreadSnapshot[]> {
    this.pending ??= this.take().finally(() => (this.pending = undefined));
    return this.pending;
  }

  async values(read: Definition['read']): Promise<Value[]> {
    return (await this.threads()).flatMap(thread =>
      read(thread).map(([labels, value]) => [{ thread: thread.name, ...labels }, value] as const),
    );
  }

  private async take(): Promise<readonly ThreadSnapshot[]> {
    const { workers } = (await this.runtime?.snapshot({ connections: 0 })) ?? { workers: [] };
    const alive = workers.flatMap(({ name, thread }) => (thread === undefined ? [] : [{ ...thread, name }]));
    return [snapshotThread({ connections: 0 }), ...alive];
  }
}

/** In seconds, and cumulated as Prometheus wants them. */
function histogramValues(metric: string, thread: string, { buckets, count, sum }: HistogramCounts) {
  const upTo = (bound: number) =>
    buckets.reduce((total, [upper, each]) => (upper <= bound * 1000 ? total + each : total), 0);
  return [
    ...BOUNDS.map(le => ({ metricName: `${metric}_bucket`, labels: { thread, le }, value: upTo(le) })),
    { metricName: `${metric}_bucket`, labels: { thread, le: '+Inf' }, value: count },
    { metricName: `${metric}_sum`, labels: { thread }, value: sum / 1000 },
    { metricName: `${metric}_count`, labels: { thread }, value: count },
  ];
}
