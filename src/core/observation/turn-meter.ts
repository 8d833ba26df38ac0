/**
 * What the turns of a reactor cost, measured from the moment that somebody asks. A turn is cut into phases; the clock
 * is read at their borders, and never for an event.
 */
import { Histogram } from '../../base/histogram.js';
import { monotonicMs } from '../../base/runtime-functions.js';
import { turnSlow } from './channels.js';

/** The parts of a turn, and what runs between two turns: Node's own timers, promises and callbacks. */
export type Phase = 'node' | 'messages' | 'events' | 'timers' | 'deferred';

/** Payload of `pollux:turn:slow`. */
export interface SlowTurn {
  /** Where most of the time went. `node`: between two turns, in promises, timers and callbacks of Node. */
  readonly phase: Phase;
  /** Milliseconds of the turn; for `node` those since the turn before. */
  readonly durationMs: number;
  /** Milliseconds of `phase` alone. */
  readonly phaseMs: number;
  /** Events of the round of the turn that took longest; for `node` of the last one before. */
  readonly events: number;
  /** Those whose callbacks ran for these events: up to 8 objects (connections, listeners, watches). */
  readonly owners: readonly object[];
}

/** Owners that are remembered of one round. */
const OWNERS = 8;
const PHASES: readonly Phase[] = ['node', 'messages', 'events', 'timers', 'deferred'];
const MICROSECONDS = 1000;

/** The events that are about to be dispatched, and their owners. */
export interface EventOwners {
  /**
   * Writes the owners of the next events into `into`, undefined behind the last.
   * @returns how many events there are.
   */
  nextOwners(into: (object | undefined)[]): number;
}

export class TurnMeter {
  /** Milliseconds from the end of the first wait of a turn to its end. */
  readonly durationMs = new Histogram(MICROSECONDS);
  /** Milliseconds asleep, of each wait that was allowed to block. */
  readonly waitMs = new Histogram(MICROSECONDS);
  /** Milliseconds between two turns, in which events waited for what Node had to do. */
  readonly lagMs = new Histogram(MICROSECONDS);
  /** Events of a turn. */
  readonly events = new Histogram();
  /** Turns that took so long are told on `pollux:turn:slow`. */
  slowMs = 100;

  private readonly spentMs = new Float64Array(PHASES.length);
  private readonly owners = new Array<object | undefined>(OWNERS).fill(undefined);
  /** Of the longest round of this turn. */
  private readonly slowOwners = new Array<object | undefined>(OWNERS).fill(undefined);
  private phase: Phase = 'node';
  private enteredMs = NaN;
  private wokeMs = NaN;
  private endedMs = NaN;
  private eventsBefore = 0;
  private roundEvents = 0;
  private slowEvents = 0;
  private slowRoundMs = 0;

  /** A turn begins. @param events harvested so far. */
  begin(events: number): void {
    const nowMs = monotonicMs();
    this.eventsBefore = events;
    // No turn was scheduled meanwhile: there was nothing that could wait.
    if (Number.isNaN(this.endedMs)) return;
    const lagMs = nowMs - this.endedMs;
    this.lagMs.record(lagMs);
    if (lagMs < this.slowMs) return;
    this.tell({ phase: 'node', durationMs: lagMs, phaseMs: lagMs, events: this.roundEvents }, this.owners);
  }

  /** The wait that a turn begins with is over. @param sleptMs how long it blocked; -1 where it was not allowed to. */
  woke(nowMs: number, sleptMs: number): void {
    if (sleptMs >= 0) this.waitMs.record(sleptMs);
    this.wokeMs = this.enteredMs = nowMs;
    this.spentMs.fill(0);
    this.slowRoundMs = 0;
    this.slowEvents = 0;
    this.phase = 'messages';
  }

  /** Another phase of the turn begins. */
  enter(phase: Phase): void {
    const nowMs = monotonicMs();
    const spentMs = nowMs - this.enteredMs;
    this.spentMs[PHASES.indexOf(this.phase)] += spentMs;
    if (this.phase === 'events' && spentMs > this.slowRoundMs) this.rememberRound(spentMs);
    this.phase = phase;
    this.enteredMs = nowMs;
  }

  /** Events are about to be dispatched. */
  dispatching(harvest: EventOwners): void {
    this.enter('events');
    this.roundEvents = harvest.nextOwners(this.owners);
  }

  /** @param isFollowed whether another turn was scheduled at once. @param events harvested so far. */
  end(isFollowed: boolean, events: number): void {
    this.enter('node');
    const nowMs = this.enteredMs;
    this.endedMs = isFollowed ? nowMs : NaN;
    const turnMs = nowMs - this.wokeMs;
    this.durationMs.record(turnMs);
    this.events.record(events - this.eventsBefore);
    if (turnMs < this.slowMs) return;
    let longest = 1;
    for (let index = 2; index < PHASES.length; index++) {
      if (this.spentMs[index] > this.spentMs[longest]) longest = index;
    }
    const phase = PHASES[longest];
    const turn = { phase, durationMs: turnMs, phaseMs: this.spentMs[longest], events: this.slowEvents };
    if (phase === 'events') this.tell(turn, this.slowOwners);
    else this.tell({ ...turn, events: 0 }, []);
  }

  private rememberRound(spentMs: number): void {
    this.slowRoundMs = spentMs;
    this.slowEvents = this.roundEvents;
    for (let index = 0; index < OWNERS; index++) this.slowOwners[index] = this.owners[index];
  }

  private tell(turn: Omit<SlowTurn, 'owners'>, owners: readonly (object | undefined)[]): void {
    if (!turnSlow.hasSubscribers) return;
    turnSlow.publish({ ...turn, owners: owners.filter(owner => owner !== undefined) } satisfies SlowTurn);
  }
}
