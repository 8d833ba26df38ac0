/** What happened between two looks at a server, a second: one point of each plot. */
import { histogramBetween, quantile, type HistogramCounts } from '../../observe.js';
import { BYTE_PATHS, type BytePath, type ServerReport, type ThreadReport } from './server-report.js';

/** Threads and upstreams that have plots of their own; the page says how many more there are. */
export const MOST_THREADS = 32;
export const MOST_UPSTREAMS = 24;

/** All threads at one time. */
export interface Look {
  /** By a clock that nobody sets. */
  readonly atMs: number;
  /** CPU time of the process so far. */
  readonly cpuMs: number;
  readonly threads: readonly ThreadReport[];
}

/** One point of each plot. Short, since a page gets hundreds of them. */
export interface Point {
  /** Milliseconds of 1970. */
  readonly at: number;
  readonly open: number;
  readonly accepted: number;
  /** Undefined of a server that knows no requests. */
  readonly requests: number | undefined;
  /** By the first digit of the status. */
  readonly responses: readonly number[];
  readonly refused: number;
  /** Connections that ended as they should not: see the outcomes of a proxy. */
  readonly failed: number;
  readonly bytes: Readonly<Record<BytePath, number>>;
  /** Milliseconds: of half, and of all but one of a hundred. */
  readonly p50: number;
  readonly p99: number;
  /** Of one processor. */
  readonly cpu: number;
  /** By thread: busy from 0 to 1, lag in milliseconds (p99), and what waits for it. */
  readonly threads: Readonly<Record<string, readonly [busy: number, lagMs: number, queue: number]>>;
  /** By upstream: the worst of its states in all threads, connections, and new ones. */
  readonly upstreams: Readonly<Record<string, readonly [state: number, active: number, connected: number]>>;
}

/** From good to bad. */
export const STATES = ['up', 'trying', 'ready', 'resting', 'down'] as const;

interface Pair {
  readonly name: string;
  readonly now: ServerReport;
  /** The same thread before; undefined of one that has been started since. */
  readonly before: ServerReport | undefined;
}

export function pointBetween(later: Look, earlier: Look, at: number): Point {
  const seconds = Math.max(0.001, (later.atMs - earlier.atMs) / 1000);
  const pairs = pairUp(later, earlier);
  const total = (read: (report: ServerReport) => number) => pairs.reduce((sum, { now }) => sum + read(now), 0);
  const rate = (read: (report: ServerReport) => number) =>
    round(
      pairs.reduce((sum, { now, before }) => sum + (before === undefined ? 0 : read(now) - read(before)), 0) / seconds,
    );
  const latency = merged(pairs.map(({ now, before }) => histogramSince(now.latencyMs, before?.latencyMs)));
  const knowsRequests = pairs.some(({ now }) => now.requests !== undefined);
  return {
    at,
    open: total(({ connections }) => connections.open),
    accepted: rate(({ connections }) => connections.accepted),
    requests: knowsRequests ? rate(({ requests }) => requests?.received ?? 0) : undefined,
    responses: [0, 1, 2, 3, 4, 5].map(digit => rate(({ requests }) => requests?.responses[digit] ?? 0)),
    refused: rate(({ refused }) => sumOf(refused)),
    failed: rate(({ ended, requests }) => sumOf(ended) - (ended.completed ?? 0) + (requests?.broken ?? 0)),
    bytes: Object.fromEntries(BYTE_PATHS.map(path => [path, rate(({ bytes }) => bytes[path])])) as Point['bytes'],
    p50: round(quantile(latency, 0.5)),
    p99: round(quantile(latency, 0.99)),
    cpu: round((later.cpuMs - earlier.cpuMs) / (seconds * 1000)),
    threads: Object.fromEntries(pairs.slice(0, MOST_THREADS).map(pair => [pair.name, threadPoint(pair)])),
    upstreams: upstreamPoints(pairs, seconds),
  };
}

function pairUp(later: Look, earlier: Look): Pair[] {
  const known = new Map(earlier.threads.map(({ name, report }) => [name, report]));
  return later.threads.flatMap(({ name, report: now }) => {
    const before = known.get(name);
    const isSame = before?.thread.threadId === now?.thread.threadId;
    return now === undefined ? [] : [{ name, now, before: isSame ? before : undefined }];
  });
}

function threadPoint({ now: { thread: now }, before }: Pair): [number, number, number] {
  const active = now.utilization.active - (before?.thread.utilization.active ?? now.utilization.active);
  const idle = now.utilization.idle - (before?.thread.utilization.idle ?? now.utilization.idle);
  const busy = active + idle > 0 ? active / (active + idle) : 0;
  const lagMs = quantile(histogramSince(now.turns.lagMs, before?.thread.turns.lagMs), 0.99);
  const { waiting = 0, queues = [] } = now.messages ?? {};
  const messages = queues.reduce((sum, { length }) => sum + length, waiting);
  const clients = now.sockets.listeners.reduce((sum, listener) => sum + (listener.waiting ?? 0), 0);
  return [round(busy), round(lagMs), messages + clients];
}

function upstreamPoints(pairs: readonly Pair[], seconds: number): Point['upstreams'] {
  const points: Record<string, [number, number, number]> = {};
  for (const { now, before } of pairs) {
    for (const [pool, upstreams] of Object.entries(now.pools)) {
      const known = new Map(before?.pools[pool]?.map(({ name, connected }) => [name, connected]));
      for (const { name, state, active, connected } of upstreams) {
        const key = `${pool}/${name}`;
        const point = (points[key] ??= [0, 0, 0]);
        point[0] = Math.max(point[0], STATES.indexOf(state));
        point[1] += active;
        point[2] += (connected - (known.get(name) ?? connected)) / seconds;
      }
    }
  }
  const shown = Object.entries(points).slice(0, MOST_UPSTREAMS);
  return Object.fromEntries(shown.map(([key, [state, active, rate]]) => [key, [state, active, round(rate)]]));
}

function histogramSince(now: HistogramCounts, before: HistogramCounts | undefined): HistogramCounts {
  return before === undefined ? { count: 0, sum: 0, max: 0, buckets: [] } : histogramBetween(now, before);
}

function merged(all: readonly HistogramCounts[]): HistogramCounts {
  const counts = new Map<number, number>();
  for (const { buckets } of all)
    for (const [bound, count] of buckets) counts.set(bound, (counts.get(bound) ?? 0) + count);
  const sum = (read: (each: HistogramCounts) => number) => all.reduce((total, each) => total + read(each), 0);
  return {
    count: sum(({ count }) => count),
    sum: sum(each => each.sum),
    max: Math.max(0, ...all.map(({ max }) => max)),
    buckets: [...counts].sort(([a], [b]) => a - b),
  };
}

function sumOf(counts: Readonly<Record<string, number>>): number {
  return Object.values(counts).reduce((sum, count) => sum + count, 0);
}

/** To four digits: more would only be sent. */
function round(value: number): number {
  return Number(value.toPrecision(4));
}
