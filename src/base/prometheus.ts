/** Metrics of Prometheus, by `prom-client`: they are read when a registry is asked for them. */
import type prom from 'prom-client';
import type { HistogramCounts } from './histogram.js';

export type PromClient = Pick<typeof prom, 'Counter' | 'Gauge' | 'Histogram' | 'Registry' | 'register'>;
export type Labels = Readonly<Record<string, string>>;
export type MetricValue = readonly [labels: Labels, value: number];

/** One metric: what it is called, and what it reads of each thread. */
export interface Metric<Thread> {
  readonly name: string;
  readonly help: string;
  /** Those that its values have beside `thread`. */
  readonly labels?: readonly string[];
  readonly read: (thread: Thread) => readonly MetricValue[];
}

/** As `Metric`, of a histogram of milliseconds. */
export interface HistogramMetric<Thread> {
  readonly name: string;
  readonly help: string;
  readonly read: (thread: Thread) => HistogramCounts;
}

/** What is registered together, and is read by one look each time. */
export interface MetricFamily<Thread> {
  readonly counters: readonly Metric<Thread>[];
  readonly gauges: readonly Metric<Thread>[];
  readonly histograms: readonly HistogramMetric<Thread>[];
}

/** Where metrics go, and what they are read of. */
export interface MetricRegistration<Thread extends { readonly name: string }> {
  readonly client: PromClient;
  readonly registry: PromClient['register'];
  readonly prefix: string;
  /** Threads as they are now. The name of each is the label `thread`. */
  readonly look: () => Promise<readonly Thread[]>;
}

/** What counters and gauges of `prom-client` have in common. */
interface CountedMetric {
  reset(): void;
  inc(labels: Labels, value: number): void;
}

/** The only value of a metric without labels. */
export const one = (value: number): readonly MetricValue[] => [[{}, value]];

/** A value for each name. */
export const each = (label: string, values: Readonly<Record<string, number>>): readonly MetricValue[] =>
  Object.entries(values).map(([name, value]) => [{ [label]: name }, value]);

/** Upper bounds in seconds. */
const BOUNDS = [0.0001, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1, 5];

/** @param wanted what needs it, for the error. @throws Error (by the promise) it is not installed. */
export async function loadPromClient(wanted: string): Promise<PromClient> {
  try {
    const module = await import('prom-client');
    return (module as { default?: PromClient }).default ?? module;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ERR_MODULE_NOT_FOUND') throw error;
    throw new Error(`${wanted}: the package prom-client is not installed; npm install prom-client`, { cause: error });
  }
}

/** @throws Error one of the names is registered already. */
export function registerFamily<Thread extends { readonly name: string }>(
  { counters, gauges, histograms }: MetricFamily<Thread>,
  { client, registry, prefix, look }: MetricRegistration<Thread>,
): void {
  const registers = [registry];
  const view = new SharedView(look);
  const configurationOf = ({ name, help, labels = [], read }: Metric<Thread>) => ({
    name: prefix + name,
    help,
    labelNames: ['thread', ...labels],
    registers,
    async collect(this: CountedMetric) {
      const values = await view.values(read);
      this.reset();
      for (const [found, value] of values) this.inc(found, value);
    },
  });
  for (const metric of counters) new client.Counter(configurationOf(metric));
  for (const metric of gauges) new client.Gauge(configurationOf(metric));
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
      values: (await view.threads()).flatMap(thread => histogramValues(prefix + name, thread.name, read(thread))),
    });
    // The second is what a registry asks for when it makes text.
    Object.assign(histogram, { get, getForPromString: get });
  }
}

/** One look for all metrics that are collected together. */
class SharedView<Thread extends { readonly name: string }> {
  private pending: Promise<readonly Thread[]> | undefined = undefined;

  constructor(private readonly look: () => Promise<readonly Thread[]>) {}

  threads(): Promise<readonly Thread[]> {
    this.pending ??= this.look().finally(() => (this.pending = undefined));
    return this.pending;
  }

  async values(read: Metric<Thread>['read']): Promise<MetricValue[]> {
    return (await this.threads()).flatMap(thread =>
      read(thread).map(([labels, value]) => [{ thread: thread.name, ...labels }, value] as const),
    );
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
