/** What happened between two snapshots of a process, a second: the numbers that people look at. */
import { histogramBetween, quantile } from '../../base/histogram.js';
import type { ProcessSnapshot } from '../../observe/process-snapshot.js';
import type { WorkerSnapshot } from '../../observe/runtime-snapshot.js';
import type { ThreadSnapshot } from '../../observe/thread-snapshot.js';
import type { QueueDepth } from '../../core/reactor/inbox.js';

/** Queues that are shown. */
const QUEUES = 3;

export interface ThreadRates {
  readonly name: string;
  /** 'running', 'paused', or why there are no numbers: 'hung', 'starting', 'ended'. */
  readonly state: WorkerSnapshot['state'];
  readonly restarts: number;
  /** From 0 to 1. */
  readonly busy: number;
  readonly lagMs: number;
  readonly turnMs: number;
  readonly eventsPerTurn: number;
  readonly calls: number;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly connections: number;
}

export interface ConnectionRates {
  readonly thread: string;
  readonly remote: string;
  readonly state: string;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly queuedBytes: number;
}

/** What threads tell each other, a second, and what waits for a receiver now. */
interface MessageRates {
  readonly received: number;
  readonly sent: number;
  readonly waiting: number;
  /** The longest first, at most 3. */
  readonly queues: readonly QueueDepth[];
}

export interface ProcessRates {
  readonly frame: ProcessSnapshot;
  /** CPU time of a second of time: more than 1 where several threads work. */
  readonly cpu: number;
  readonly threads: readonly ThreadRates[];
  /** Bytes a second by path; those that are not used are left out. */
  readonly paths: readonly (readonly [path: string, bytes: number])[];
  readonly connections: readonly ConnectionRates[];
  readonly receivedBytes: number;
  readonly sentBytes: number;
  readonly openConnections: number;
  readonly messages: MessageRates;
  readonly memory: { readonly leasedBytes: number; readonly heldBytes: number; readonly starved: number };
  /** Since the process began. */
  readonly troubles: { readonly spins: number; readonly shed: number; readonly restarts: number };
}

interface Pair {
  readonly name: string;
  readonly now: ThreadSnapshot;
  /** The same thread before; undefined of one that has been started since. */
  readonly before: ThreadSnapshot | undefined;
}

export function ratesBetween(later: ProcessSnapshot, earlier: ProcessSnapshot): ProcessRates {
  const pairs = pairUp(later, earlier);
  const of = (name: string) => pairs.find(pair => pair.name === name);
  const threads = [
    { name: later.thread.name, state: 'running' as const, restarts: 0 },
    ...later.workers.map(({ name, state, restarts }) => ({ name, state, restarts })),
  ].map(thread => ({ ...thread, ...threadRates(of(thread.name)) }));
  const connections = pairs.flatMap(connectionRates);
  const sum = (read: (thread: ThreadRates) => number) => threads.reduce((total, thread) => total + read(thread), 0);
  const total = (read: (thread: ThreadSnapshot) => number) => pairs.reduce((all, { now }) => all + read(now), 0);
  const rate = (read: (thread: ThreadSnapshot) => number) => pairs.reduce((all, pair) => all + rateOf(pair, read), 0);
  return {
    frame: later,
    cpu: (later.cpuMs - earlier.cpuMs) / Math.max(1, later.uptimeMs - earlier.uptimeMs),
    threads,
    paths: pathRates(rate, later),
    connections,
    receivedBytes: sum(({ receivedBytes }) => receivedBytes),
    sentBytes: sum(({ sentBytes }) => sentBytes),
    openConnections: sum(thread => thread.connections),
    messages: {
      received: rate(({ messages }) => messages?.received ?? 0),
      sent: rate(({ messages }) => messages?.sent ?? 0),
      waiting: total(({ messages }) => messages?.waiting ?? 0),
      queues: longestQueues(pairs),
    },
    memory: {
      leasedBytes: total(({ memory }) => memory.leasedBytes),
      heldBytes: total(({ memory }) => memory.heldBytes),
      starved: total(({ memory }) => memory.starved),
    },
    troubles: {
      spins: total(({ events }) => events.spinsStopped),
      shed: total(({ sockets }) => sockets.listeners.reduce((shed, listener) => shed + listener.shed, 0)),
      restarts: sum(({ restarts }) => restarts),
    },
  };
}

function longestQueues(pairs: readonly Pair[]): QueueDepth[] {
  const all = pairs.flatMap(({ now }) => now.messages?.queues ?? []);
  return all.sort((a, b) => b.length - a.length).slice(0, QUEUES);
}

function pairUp(later: ProcessSnapshot, earlier: ProcessSnapshot): Pair[] {
  const before = new Map(threadsOf(earlier).map(({ name, now }) => [name, now]));
  return threadsOf(later).map(({ name, now }) => {
    const known = before.get(name);
    return { name, now, before: known?.threadId === now.threadId ? known : undefined };
  });
}

function threadsOf({ thread, workers }: ProcessSnapshot): { name: string; now: ThreadSnapshot }[] {
  const alive = workers.flatMap(({ name, thread: now }) => (now === undefined ? [] : [{ name, now }]));
  return [{ name: thread.name, now: thread }, ...alive];
}

/** A second. */
function rateOf({ now, before }: Pair, read: (thread: ThreadSnapshot) => number): number {
  if (before === undefined || now.atMs <= before.atMs) return 0;
  return ((read(now) - read(before)) * 1000) / (now.atMs - before.atMs);
}

function threadRates(pair: Pair | undefined) {
  const none = {
    busy: 0,
    lagMs: 0,
    turnMs: 0,
    eventsPerTurn: 0,
    calls: 0,
    receivedBytes: 0,
    sentBytes: 0,
    connections: 0,
  };
  if (pair === undefined) return none;
  const { now, before = now } = pair;
  const active = now.utilization.active - before.utilization.active;
  const idle = now.utilization.idle - before.utilization.idle;
  const events = histogramBetween(now.turns.events, before.turns.events);
  return {
    busy: active + idle > 0 ? active / (active + idle) : 0,
    lagMs: quantile(histogramBetween(now.turns.lagMs, before.turns.lagMs), 0.99),
    turnMs: quantile(histogramBetween(now.turns.durationMs, before.turns.durationMs), 0.99),
    eventsPerTurn: events.count === 0 ? 0 : events.sum / events.count,
    calls: rateOf(pair, callsOf),
    receivedBytes: rateOf(pair, ({ bytes }) => bytes.received),
    sentBytes: rateOf(pair, ({ bytes }) => bytes.sent),
    connections: now.sockets.counts.connections,
  };
}

function callsOf({ systemCalls }: ThreadSnapshot): number {
  const calls: readonly number[] = Object.values(systemCalls);
  return calls.reduce((sum, each) => sum + each, 0);
}

function pathRates(rate: (read: (thread: ThreadSnapshot) => number) => number, { thread }: ProcessSnapshot) {
  const names = Object.keys(thread.bytes.paths) as (keyof ThreadSnapshot['bytes']['paths'])[];
  return names
    .map(path => [path, rate(({ bytes }) => bytes.paths[path])] as const)
    .filter(([, bytes]) => bytes > 0)
    .sort(([, a], [, b]) => b - a);
}

function connectionRates({ name, now, before }: Pair): ConnectionRates[] {
  const known = new Map(before?.sockets.connections.map(connection => [connection.id, connection]));
  const seconds = before === undefined ? 0 : (now.atMs - before.atMs) / 1000;
  return now.sockets.connections.map(({ id, remote, local, state, receivedBytes, sentBytes, queuedBytes }) => {
    const earlier = known.get(id);
    const rate = (bytes: number, from: number | undefined) =>
      from === undefined || seconds === 0 ? 0 : Math.max(0, (bytes - from) / seconds);
    return {
      thread: name,
      remote: remote || (local ? `at ${local}` : 'unix socket'),
      state,
      receivedBytes: rate(receivedBytes, earlier?.receivedBytes),
      sentBytes: rate(sentBytes, earlier?.sentBytes),
      queuedBytes,
    };
  });
}
