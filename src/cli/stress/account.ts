/** The accounts of a side's threads: what each counted, and the sum that is printed. */
import type { DatagramCounts, ErrorCounts, Sample, SideResult } from './result.js';
import { thousandths } from './rounding.js';
import { DelayHistogram, type DelayCounts } from './timing/delay-histogram.js';

const MB = 1e6;
const GB = 1e9;

/** A time of a thread, and what its process had used by then. */
export interface Moment {
  /** Since 1970, so that those of several processes can be compared. */
  readonly atMs: number;
  /** User and system time of the whole process. */
  readonly cpuMicroseconds: number;
}

/** Plain, so that it travels. */
export interface ThreadAccount {
  readonly connections: SideResult['connections'];
  readonly bytes: number;
  readonly messages: number | null;
  readonly datagrams: DatagramCounts | null;
  /** How long messages took. */
  readonly delays: DelayCounts;
  /** From the first connection to the last byte; null where there was none. */
  readonly period: { readonly begin: Moment; readonly end: Moment } | null;
  readonly events: number;
  readonly systemCalls: number;
  readonly changes: SideResult['changes'];
  readonly lag: DelayCounts;
  readonly errors: ErrorCounts;
}

export interface ProcessAccount {
  /** Descriptors that were opened for the run and are still open after it. */
  readonly leftOpen: number;
  readonly threads: readonly ThreadAccount[];
  /** The most that it had in memory. */
  readonly rssBytes: number;
}

/** @param processes one or more. */
export function sumUp(processes: readonly ProcessAccount[], perSecond: readonly Sample[]): SideResult {
  const threads = processes.flatMap(process => process.threads);
  const sum = (read: (thread: ThreadAccount) => number) => threads.reduce((total, each) => total + read(each), 0);
  const seconds = lengthMs(threads) / 1000;
  const cpuSeconds = processes.reduce((total, process) => total + cpuMicroseconds(process), 0) / 1e6;
  const bytes = sum(thread => thread.bytes);
  const events = sum(thread => thread.events);
  const systemCalls = sum(thread => thread.systemCalls);
  const lag = addUp(threads.map(thread => thread.lag));
  const delays = addUp(threads.map(thread => thread.delays));
  const held = threads.map(({ connections }) => connections.held);
  return {
    processes: processes.length,
    threads: threads.length,
    connections: {
      held: sum(({ connections }) => connections.held),
      peak: sum(({ connections }) => connections.peak),
      opened: sum(({ connections }) => connections.opened),
      closed: sum(({ connections }) => connections.closed),
      failed: sum(({ connections }) => connections.failed),
    },
    heldByThread: { least: Math.min(...held), most: Math.max(...held) },
    bytes,
    messages: sumKnown(threads.map(({ messages }) => messages)),
    datagrams: sumDatagrams(threads.flatMap(({ datagrams }) => datagrams ?? [])),
    latencyMs: delays.count === 0 ? null : delays.summary,
    seconds: thousandths(seconds),
    mbPerSecond: per(bytes / MB, seconds),
    events,
    eventsPerSecond: per(events, seconds),
    systemCalls,
    systemCallsPerMb: per(systemCalls, bytes / MB),
    changes: { asked: sum(({ changes }) => changes.asked), sent: sum(({ changes }) => changes.sent) },
    cpuSeconds: thousandths(cpuSeconds),
    cpuSecondsPerGb: per(cpuSeconds, bytes / GB),
    rssBytes: processes.reduce((total, process) => total + process.rssBytes, 0),
    loopLagMs: lag.summary,
    leftOpen: processes.reduce((total, process) => total + process.leftOpen, 0),
    perSecond,
    errors: sumErrors(threads),
  };
}

function periods(threads: readonly ThreadAccount[]) {
  return threads.flatMap(({ period }) => period ?? []);
}

function lengthMs(threads: readonly ThreadAccount[]): number {
  const all = periods(threads);
  if (all.length === 0) return 0;
  return Math.max(...all.map(({ end }) => end.atMs)) - Math.min(...all.map(({ begin }) => begin.atMs));
}

/** Each thread noted what the process had used: the last of them less the first. */
function cpuMicroseconds({ threads }: ProcessAccount): number {
  const all = periods(threads);
  if (all.length === 0) return 0;
  const begin = Math.min(...all.map(period => period.begin.cpuMicroseconds));
  return Math.max(...all.map(period => period.end.cpuMicroseconds)) - begin;
}

function sumErrors(threads: readonly ThreadAccount[]): ErrorCounts {
  const errors: ErrorCounts = {};
  for (const [kind, count] of threads.flatMap(thread => Object.entries(thread.errors))) {
    errors[kind] = (errors[kind] ?? 0) + count;
  }
  return errors;
}

function addUp(parts: readonly DelayCounts[]): DelayHistogram {
  const whole = new DelayHistogram();
  for (const part of parts) whole.add(part);
  return whole;
}

/** null if any of them is not known. */
function sumKnown(numbers: readonly (number | null)[]): number | null {
  return numbers.reduce((sum, each) => (sum === null || each === null ? null : sum + each), 0);
}

function sumDatagrams(parts: readonly DatagramCounts[]): DatagramCounts | null {
  if (parts.length === 0) return null;
  const sum = (read: (part: DatagramCounts) => number) => parts.reduce((total, part) => total + read(part), 0);
  return {
    sent: sum(({ sent }) => sent),
    refused: sum(({ refused }) => refused),
    received: sum(({ received }) => received),
    truncated: sum(({ truncated }) => truncated),
    dropped: sumKnown(parts.map(({ dropped }) => dropped)),
  };
}

function per(amount: number, unit: number): number {
  return unit > 0 ? thousandths(amount / unit) : 0;
}
