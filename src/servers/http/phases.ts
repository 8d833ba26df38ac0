/**
 * How long connections stay in a phase. Each phase has one delay, so who entered first is late first: a list in that
 * order is all that is needed, whatever the number of connections. A byte costs one store.
 */
import { clearTimeout, monotonicMs, setTimeout } from '../../base/runtime-functions.js';

/** Between two requests; within a head; awaiting a body; sending a response. */
export type Phase = 'idle' | 'head' | 'body' | 'write';

/** What is in a phase. The fields are the list's, but for `since`. */
export interface Phased<Name extends string = Phase> {
  phase: Name | undefined;
  /** Since when nothing has happened that counts, by `monotonicMs`. */
  sinceMs: number;
  queuedMs: number;
  earlier: Phased<Name> | undefined;
  later: Phased<Name> | undefined;
  /** It is late. To stay in the phase, it sets `sinceMs` anew. */
  onLate(phase: Name): void;
}

class Line<Name extends string> {
  first: Phased<Name> | undefined = undefined;
  last: Phased<Name> | undefined = undefined;

  constructor(public delayMs: number) {}

  push(one: Phased<Name>): void {
    one.queuedMs = one.sinceMs;
    one.earlier = this.last;
    one.later = undefined;
    if (this.last === undefined) this.first = one;
    else this.last.later = one;
    this.last = one;
  }

  remove(one: Phased<Name>): void {
    if (one.earlier === undefined) this.first = one.later;
    else one.earlier.later = one.later;
    if (one.later === undefined) this.last = one.earlier;
    else one.later.earlier = one.earlier;
    one.earlier = one.later = undefined;
  }
}

/** How often it is looked who is late, at most and at least. */
const MIN_PERIOD_MS = 20;
const MAX_PERIOD_MS = 1_000;

/** The phases of all connections of a server in one thread. */
export class Phases<Name extends string = Phase> {
  private readonly lines: Readonly<Record<Name, Line<Name>>>;
  private periodMs = MAX_PERIOD_MS;
  private timer: NodeJS.Timeout | undefined = undefined;

  /** @param delaysMs 0 is for ever. */
  constructor(delaysMs: Readonly<Record<Name, number>>) {
    const lines = Object.keys(delaysMs).map(name => [name, new Line<Name>(Infinity)]);
    this.lines = Object.fromEntries(lines) as Record<Name, Line<Name>>;
    this.retune(delaysMs);
  }

  /** From now on, also for those that are in a phase. */
  retune(delaysMs: Readonly<Record<Name, number>>): void {
    for (const [name, line] of this.all) line.delayMs = delaysMs[name] === 0 ? Infinity : delaysMs[name];
    const least = Math.min(...this.all.map(([, { delayMs }]) => delayMs));
    this.periodMs = Math.min(Math.max(least / 4, MIN_PERIOD_MS), MAX_PERIOD_MS);
  }

  /** @param phase undefined: it is late for nothing. */
  enter(one: Phased<Name>, phase: Name | undefined): void {
    one.sinceMs = monotonicMs();
    if (one.phase === phase) return;
    if (one.phase !== undefined) this.lines[one.phase].remove(one);
    one.phase = phase;
    if (phase === undefined) return;
    this.lines[phase].push(one);
    if (this.timer === undefined) this.arm();
  }

  /** Ends the timer. Connections that are left are late no more. */
  close(): void {
    if (this.timer !== undefined) clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(): void {
    this.timer = setTimeout(() => this.sweep(), this.periodMs).unref();
  }

  private sweep(): void {
    this.timer = undefined;
    const now = monotonicMs();
    for (const [phase, line] of this.all) this.sweepLine(phase, line, now);
    if (this.timer === undefined && this.all.some(([, { first }]) => first !== undefined)) this.arm();
  }

  private get all(): [Name, Line<Name>][] {
    return Object.entries(this.lines) as [Name, Line<Name>][];
  }

  private sweepLine(phase: Name, line: Line<Name>, now: number): void {
    for (let one = line.first; one !== undefined && one.queuedMs + line.delayMs <= now; one = line.first) {
      if (one.sinceMs + line.delayMs <= now) one.onLate(phase);
      if (one.phase !== phase) continue;
      // Something happened meanwhile: it is late later. What is late and stays all the same is not asked again at once.
      if (one.sinceMs + line.delayMs <= now) one.sinceMs = now;
      line.remove(one);
      line.push(one);
    }
  }
}
