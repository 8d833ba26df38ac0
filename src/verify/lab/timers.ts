/** The one-shot timers of a program: each comes once, not before its time, and never after it was stopped. */
import type { Token } from '../../base/token.js';
import { READABLE, type Backend } from '../../backends/contract.js';
import { eventSourcesOf } from '../../backends/sources/choice.js';
import { NOTHING, type EventSources, type Source, type TimeUnit } from '../../backends/sources/contract.js';
import type { World } from '../conformance/world.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { judgeDeparture } from './departure.js';
import type { Line, Place } from './line.js';
import { Violation } from './violation.js';

/**
 * How late a kernel may be before that is the backend's fault: the CPU that keeps the timer may have been taken away.
 * The model is never late, once its clock has moved on.
 */
export const TIMER_GRACE_MS = 1_000;

const UNITS_PER_MS: Readonly<Record<TimeUnit, number>> = { s: 1e-3, ms: 1, us: 1e3, ns: 1e6 };

interface StartedTimer {
  readonly source: Source;
  readonly delayMs: number;
  /** By the clock of the world. The earliest: the clock was read before the timer was started. */
  readonly expiresNs: number;
  readonly place: Place;
  hasFired: boolean;
}

export class Timers {
  /** In the order in which they were started; those that have fired stay, and must keep silent. */
  private readonly started = new Map<Token, StartedTimer>();
  private readonly graceNs: number;
  private sources: EventSources | undefined;
  private waitStartNs = 0;

  constructor(
    private readonly backend: Backend,
    private readonly world: World,
    private readonly line: Line,
    private readonly graceMs: number,
  ) {
    this.graceNs = world.isReal ? graceMs * 1e6 : 0;
  }

  /** Timers that still have to come. */
  get pendingCount(): number {
    let count = 0;
    for (const { hasFired } of this.started.values()) if (!hasFired) count++;
    return count;
  }

  /** When the last of them must have come: a machine that was slow so far has all the time from now on. */
  get allDueNs(): number {
    const expireNs = Array.from(this.started.values(), ({ expiresNs }) => expiresNs);
    return Math.max(this.world.nowNs(), ...expireNs) + this.graceMs * 1e6;
  }

  has(token: Token): boolean {
    return this.started.has(token);
  }

  start(delayMs: number, unit: TimeUnit = 'ms'): void {
    this.sources ??= eventSourcesOf(this.backend);
    const expiresNs = this.world.nowNs() + delayMs * 1e6;
    const source = this.sources.timer({ kind: 'after', amount: Math.round(delayMs * UNITS_PER_MS[unit]), unit });
    if (this.has(source.token)) throw new Violation('dead', `token ${source.token} was given out while it was alive`);
    const place = this.line.newPlace();
    this.started.set(source.token, { source, delayMs, expiresNs, place, hasFired: false });
  }

  /** Stops the one that was started last, whether it has come or not. @returns whether there was one. */
  stopLast(): boolean {
    const last = [...this.started.values()].at(-1);
    if (last === undefined) return false;
    const { token } = last.source;
    this.started.delete(token);
    last.source.close();
    judgeDeparture(this.backend, token, 'a timer');
    return true;
  }

  /** Gives back what is left after a violation, which tells more than a backend that can't even end them. */
  abandon(): void {
    for (const { source } of this.started.values()) {
      try {
        source.close();
      } catch (error) {
        if (!(error instanceof IoError)) throw error;
      }
    }
    this.started.clear();
  }

  /** Remembers when a wait begins. */
  prepare(): void {
    this.waitStartNs = this.world.nowNs();
  }

  /** Judges the `index`-th event of the batch, which is a timer's. */
  judgeEvent(index: number): void {
    const { tokens, readiness, data } = this.backend.events;
    const timer = this.started.get(tokens[index])!;
    const who = whoIs(timer);
    if (timer.hasFired) throw new Violation('oneshot', `${who} was reported a second time`);
    const earlyNs = timer.expiresNs - this.world.nowNs();
    if (earlyNs > 0) throw new Violation('early', `${who} came ${(earlyNs / 1e6).toFixed(3)} ms before its time`);
    if (readiness[index] !== READABLE) throw new Violation('unasked', `${who} has the readiness ${readiness[index]}`);
    const expirations = timer.source.take(data[index]);
    if (expirations === NOTHING) throw new Violation('phantom', `${who} was reported and had not expired`);
    if (expirations !== 1) throw new Violation('counters', `${who} says that it expired ${expirations} times`);
    timer.hasFired = true;
    this.line.stand(timer.place);
  }

  /** Those that may have expired while the wait ran stood in line; before the line ends the wait. */
  standInLine(): void {
    const nowNs = this.world.nowNs();
    for (const { hasFired, expiresNs, place } of this.started.values()) {
      if (!hasFired && expiresNs <= nowNs) this.line.stand(place);
    }
  }

  /** Judges those that a wait did not report. */
  judgeSilence(full: boolean): void {
    for (const timer of this.started.values()) {
      if (timer.hasFired || timer.expiresNs + this.graceNs >= this.waitStartNs) continue;
      if (!full)
        throw new Violation('lost', `${whoIs(timer)} has expired, the batch had room, and it was not reported`);
      this.line.passOver(timer.place, whoIs(timer));
    }
  }

  /** What a backend broke whose timers have not all come in time. */
  missing(rule: 'lost' | 'starved'): Violation {
    const timer = Array.from(this.started.values()).find(({ hasFired }) => !hasFired)!;
    const lateMs = (this.world.nowNs() - timer.expiresNs) / 1e6;
    return new Violation(rule, `${whoIs(timer)} has not come ${lateMs.toFixed(0)} ms after its time`);
  }
}

function whoIs({ delayMs }: StartedTimer): string {
  return `a timer of ${delayMs} ms`;
}
