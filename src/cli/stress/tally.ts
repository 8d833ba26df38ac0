/** Counts what happens to the connections of one thread, and what it cost. */
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import type { Reactor } from '../../core/reactor/reactor.js';
import type { Moment, ThreadAccount } from './account.js';
import type { DatagramCounts, ErrorCounts } from './result.js';
import { DelayHistogram } from './timing/delay-histogram.js';
import { LoopLag } from './timing/loop-lag.js';
import { machineMs } from './timing/machine-clock.js';

interface Cost extends Moment {
  readonly events: number;
  readonly systemCalls: number;
  readonly changesAsked: number;
  readonly changesSent: number;
}

export class Tally {
  bytes = 0;
  /** Messages that were sent, or have come; null where nobody cuts them. */
  messages: number | null = null;
  /** Of a socket for datagrams. */
  datagrams: DatagramCounts | null = null;
  /** How long messages took. */
  readonly delays = new DelayHistogram();
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

  /** Bytes that the kernel took from all connections of this thread, closed or not. */
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

  progress(): ThreadProgress {
    return {
      atMs: machineMs(),
      held: this.held,
      bytes: this.bytes,
      messages: this.messages,
      dropped: this.datagrams?.dropped ?? null,
      errors: Object.values(this.errors).reduce((sum, n) => sum + n, 0),
    };
  }

  /** Ends the counting. */
  finish(): ThreadAccount {
    this.noteHeld();
    this.lag.stop();
    const end = this.end ?? this.cost();
    const begin = this.begin ?? end;
    const { bytes, messages, datagrams, peak, opened, closed, failed } = this;
    return {
      connections: { held: this.heldAtEnd ?? 0, peak, opened, closed, failed },
      bytes,
      messages,
      datagrams,
      delays: this.delays,
      period: this.begin === undefined ? null : { begin: momentOf(begin), end: momentOf(end) },
      events: end.events - begin.events,
      systemCalls: end.systemCalls - begin.systemCalls,
      changes: { asked: end.changesAsked - begin.changesAsked, sent: end.changesSent - begin.changesSent },
      lag: this.lag.delays,
      errors: this.errors,
    };
  }

  private cost(): Cost {
    const { backend, counters } = this.reactor.driver;
    const { user, system } = process.cpuUsage();
    return {
      atMs: performance.timeOrigin + performance.now(),
      cpuMicroseconds: user + system,
      events: backend.counters.events,
      systemCalls: backend.counters.systemCalls + counters.systemCalls,
      changesAsked: backend.counters.changesAsked,
      changesSent: backend.counters.changesSent,
    };
  }
}

function momentOf({ atMs, cpuMicroseconds }: Cost): Moment {
  return { atMs, cpuMicroseconds };
}

/** What is known of a thread while a run goes on. */
export interface ThreadProgress {
  /** When, by the clock of the machine. */
  readonly atMs: number;
  readonly held: number;
  readonly bytes: number;
  readonly messages: number | null;
  /** Datagrams that the kernel dropped; null where it does not say so. */
  readonly dropped: number | null;
  readonly errors: number;
}

export interface ProcessProgress {
  readonly atMs: number;
  readonly cpuMicroseconds: number;
  readonly threads: readonly ThreadProgress[];
}

/** Of a process that has not said anything yet. */
export const NO_PROGRESS: ProcessProgress = { atMs: 0, cpuMicroseconds: 0, threads: [] };
