/** Counts what happens to the connections of one side, and what it cost. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { Reactor } from '../../core/reactor.js';
import { LoopLag } from './loop-lag.js';
import type { ErrorCounts, SideResult } from './result.js';

const MB = 1e6;
const GB = 1e9;

interface Cost {
  readonly atMs: number;
  readonly cpuMicroseconds: number;
  readonly events: number;
  readonly systemCalls: number;
  readonly changesAsked: number;
  readonly changesSent: number;
}

export class Tally {
  bytes = 0;
  private opened = 0;
  private closed = 0;
  private failed = 0;
  private peak = 0;
  private heldAtEnd: number | undefined;
  private readonly errors: ErrorCounts = {};
  private readonly lag = new LoopLag();
  private begin: Cost | undefined;
  private end: Cost | undefined;

  constructor(private readonly reactor: Reactor) {}

  /** Connections that are open now. */
  get held(): number {
    return this.opened - this.closed;
  }

  get attemptsOver(): number {
    return this.opened + this.failed;
  }

  /** Bytes that the kernel took from all connections of this process, closed or not. */
  get bytesSent(): number {
    return this.reactor.driver.counters.bytesSent;
  }

  get everOpened(): boolean {
    return this.opened > 0;
  }

  /** The period that all rates are over begins; only the first call counts. */
  start(): void {
    if (this.begin !== undefined) return;
    this.begin = this.cost();
    this.lag.start();
  }

  open(): void {
    this.start();
    this.opened++;
    this.end = undefined;
    if (this.held > this.peak) this.peak = this.held;
  }

  close(failure: Error | undefined): void {
    this.closed++;
    if (failure !== undefined) this.countError(failure);
    // Perhaps the last one: what a server idles afterwards is not part of the run.
    if (this.held === 0) this.end = this.cost();
  }

  /** A connection that could not be opened. */
  fail(failure: Error): void {
    this.failed++;
    this.countError(failure);
  }

  countError(failure: Error): void {
    const kind = (failure as NodeJS.ErrnoException).code ?? failure.name;
    this.errors[kind] = (this.errors[kind] ?? 0) + 1;
  }

  /** Notes how many connections are open now that the pushing is over; only the first call counts. */
  noteHeld(): void {
    this.heldAtEnd ??= this.held;
  }

  progress(): SideProgress {
    return { held: this.held, bytes: this.bytes, errors: Object.values(this.errors).reduce((sum, n) => sum + n, 0) };
  }

  /** Ends the counting. */
  finish(): SideResult {
    this.noteHeld();
    this.lag.stop();
    const end = this.end ?? this.cost();
    const begin = this.begin ?? end;
    const per = (amount: number, unit: number) => (unit > 0 ? thousandths(amount / unit) : 0);
    const seconds = (end.atMs - begin.atMs) / 1000;
    const cpuSeconds = (end.cpuMicroseconds - begin.cpuMicroseconds) / 1e6;
    const events = end.events - begin.events;
    const systemCalls = end.systemCalls - begin.systemCalls;
    const { bytes, peak, opened, closed, failed } = this;
    return {
      connections: { held: this.heldAtEnd ?? 0, peak, opened, closed, failed },
      bytes,
      seconds: thousandths(seconds),
      mbPerSecond: per(bytes / MB, seconds),
      events,
      eventsPerSecond: per(events, seconds),
      systemCalls,
      systemCallsPerMb: per(systemCalls, bytes / MB),
      changes: { asked: end.changesAsked - begin.changesAsked, sent: end.changesSent - begin.changesSent },
      cpuSeconds: thousandths(cpuSeconds),
      cpuSecondsPerGb: per(cpuSeconds, bytes / GB),
      loopLagMs: this.lag.summary,
      errors: this.errors,
    };
  }

  private cost(): Cost {
    const { backend, counters } = this.reactor.driver;
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.now(),
      cpuMicroseconds: user + system,
      events: backend.counters.events,
      systemCalls: backend.counters.systemCalls + counters.systemCalls,
      changesAsked: backend.counters.changesAsked,
      changesSent: backend.counters.changesSent,
    };
  }
}

/** More digits than these would only pretend. */
function thousandths(value: number): number {
  return Math.round(value * 1000) / 1000;
}

/** What is shown while a run goes on. */
export interface SideProgress {
  readonly held: number;
  readonly bytes: number;
  readonly errors: number;
}
