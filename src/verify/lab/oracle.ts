/**
 * What the contract (docs/contract.md) lets a wait report and what it demands, from what poll(2) said before the wait
 * and after it. What held at both times and is armed must be reported; what held at neither must not. Where poll(2)
 * tells less or more than there is, the steps of the program and SO_ERROR are the second witness.
 *
 * Where the contract leaves room the oracle gives it: opposite changes between two waits may cancel out, an edge may
 * be reported again after any activity on its channel, a full batch may leave a direction of a registration to the
 * next, and a registration whose descriptor was closed first may say anything.
 */
import type { World } from '../conformance/world.js';
import type { Token } from '../../base/token.js';
import {
  PEER_END,
  ERROR,
  BOTH_END,
  READABLE,
  WRITABLE,
  type Backend,
  type BackendDescription,
  type Interest,
  type Readiness,
} from '../../backends/contract.js';
import { EPIPE } from '../../sys/ffi/errno.js';
import { judgeDeparture } from './departure.js';
import { Line, SPARE_ROUNDS, type Place } from './line.js';
import type { RegistrationMode } from '../../backends/contract.js';
import { isEdge, isOneshot } from '../../backends/kit/modes.js';
import type { Stage } from './stage.js';
import { Timers } from './timers.js';
import { Violation } from './violation.js';

const DIRECTIONS = READABLE | WRITABLE;
const STATES = PEER_END | BOTH_END | ERROR;

/** What is known of one living registration. */
export interface Expectation {
  readonly token: Token;
  readonly end: number;
  readonly mode: RegistrationMode;
  interest: Interest;
  /** The interest when the last wait began: where both are equal, changes have cancelled out. */
  applied: Interest;
  /** A oneshot that has not fired. */
  armed: boolean;
  /** Edge: the directions whose next report is owed. */
  owed: Interest;
  changed: boolean;
  /** By direction: the channel's activity at the last report, -1 before the first. */
  readonly reportedAt: [number, number];
  /** By direction, reading first. */
  readonly places: readonly [Place, Place];
  before: Readiness;
  /** Its descriptor was closed first. */
  orphaned: boolean;
}

/** What one wait reported: readiness by end, in the order of the ends. */
export type Observation = readonly (readonly [end: number, readiness: Readiness])[];

/** A backend under test, what its factory says of it, and the world whose descriptors it watches. */
export interface Tested {
  readonly backend: Backend;
  readonly description: BackendDescription;
  readonly world: World;
}

export class Oracle {
  private readonly backend: Backend;
  readonly living = new Map<Token, Expectation>();
  wakePending = false;
  readonly timers: Timers;
  private readonly line: Line;
  /** What the last wait reported of each. */
  private readonly reported = new Map<Expectation, Readiness>();

  constructor(
    private readonly tested: Tested,
    private readonly stage: Stage,
    private readonly maxEvents: number,
    timerGraceMs: number,
  ) {
    this.backend = tested.backend;
    this.line = new Line(maxEvents);
    this.timers = new Timers(this.backend, tested.world, this.line, timerGraceMs);
  }

  registered(token: Token, end: number, interest: Interest, mode: RegistrationMode): Expectation {
    if (this.living.has(token)) throw new Violation('dead', `token ${token} was given out while it was alive`);
    const expectation: Expectation = {
      token,
      end,
      mode,
      interest,
      applied: interest,
      armed: true,
      owed: interest,
      changed: false,
      reportedAt: [-1, -1],
      places: [this.line.newPlace(), this.line.newPlace()],
      before: 0,
      orphaned: false,
    };
    this.living.set(token, expectation);
    return expectation;
  }

  modified(expectation: Expectation, interest: Interest): void {
    expectation.interest = interest;
    expectation.armed = true;
    expectation.changed = true;
  }

  unregistered(expectation: Expectation): void {
    const { token, end } = expectation;
    this.living.delete(token);
    judgeDeparture(this.backend, token, `end ${end}`);
  }

  /** Waits, and judges what came. @throws Violation */
  wait(timeoutMs: number): Observation {
    const { counters, events } = this.backend;
    for (const each of this.living.values()) this.prepare(each);
    this.timers.prepare();
    const earlier = { ...counters };
    const start = this.tested.world.nowNs();
    const count = this.backend.wait(timeoutMs * 1e6);
    const elapsedMs = (this.tested.world.nowNs() - start) / 1e6;

    const wakes = counters.wakes - earlier.wakes;
    const stale = counters.staleEvents - earlier.staleEvents;
    if (count !== events.count || counters.events - earlier.events !== count || counters.waits - earlier.waits !== 1) {
      throw new Violation(
        'counters',
        `wait answered ${count}, events.count is ${events.count}, counters say otherwise`,
      );
    }
    if (count > this.maxEvents) throw new Violation('counters', `${count} events, maxEvents is ${this.maxEvents}`);
    const full = this.roomTaken() + wakes + stale >= this.maxEvents;
    this.judgeWake(wakes, full);
    if (count === 0 && wakes === 0 && stale === 0 && elapsedMs < timeoutMs) {
      throw new Violation('early', `a wait of ${timeoutMs} ms ended after ${elapsedMs.toFixed(3)} ms with nothing`);
    }
    const observation = this.judgeEvents(full);
    this.judgeSilence(full, Math.min(wakes, 1));
    return observation;
  }

  /** Rounds that serve everything that is ready now. */
  rounds(): number {
    return Math.ceil((this.living.size + this.timers.pendingCount) / this.maxEvents) + SPARE_ROUNDS;
  }

  /** Where the kernel keeps directions apart, each of them takes the room of an event. */
  private roomTaken(): number {
    const { events } = this.backend;
    if (this.tested.description.changes !== 'batched') return events.count;
    let taken = 0;
    for (let index = 0; index < events.count; index++) taken += Math.max(1, directionsIn(events.readiness[index]));
    return taken;
  }

  private prepare(each: Expectation): void {
    if (each.orphaned) return;
    each.before = this.stage.holds(each.end);
    each.owed = (each.owed & each.interest) | (each.interest & ~each.applied);
    each.applied = each.interest;
  }

  private judgeWake(wakes: number, full: boolean): void {
    if (wakes > (this.wakePending ? 1 : 0))
      throw new Violation('wake', `a wait was ended by a wake that nobody asked for`);
    if (this.wakePending && wakes === 0 && !full) throw new Violation('wake', 'a wake before the wait did not end it');
    if (wakes > 0) this.wakePending = false;
  }

  private judgeEvents(full: boolean): Observation {
    const { events } = this.backend;
    this.reported.clear();
    const seen: (readonly [number, Readiness])[] = [];
    const tokens = new Set<Token>();
    for (let index = 0; index < events.count; index++) {
      const token = events.tokens[index];
      const readiness = events.readiness[index];
      if (tokens.has(token)) throw new Violation('duplicate', `token ${token} has two entries`);
      tokens.add(token);
      if (this.timers.has(token)) {
        this.timers.judgeEvent(index);
        continue;
      }
      const expectation = this.living.get(token);
      if (expectation === undefined) throw new Violation('dead', `an event for token ${token}, which is not alive`);
      if (!expectation.orphaned) this.judgeEvent(expectation, readiness, events.errors[index], full);
      this.reported.set(expectation, readiness);
      seen.push([expectation.end, readiness]);
    }
    return seen.sort(([a], [b]) => a - b);
  }

  private judgeEvent(each: Expectation, readiness: Readiness, errno: number, full: boolean): void {
    const after = this.stage.holds(each.end);
    const unsteady = this.unsteady(each);
    const where = `end ${each.end} (${each.mode}, interest ${bits(each.interest)}) was reported ${bits(readiness)}`;
    const oneshot = isOneshot(each.mode);
    if (each.interest === 0) throw new Violation('unasked', `${where}, without interest`);
    if (oneshot && !each.armed) throw new Violation('oneshot', `${where} a second time without modify`);
    if ((readiness & ~STATES & ~each.interest) !== 0) throw new Violation('unasked', where);
    const phantom = readiness & ~(each.before | after | unsteady | this.unseen(each.end, readiness, errno));
    if (phantom !== 0 || readiness === 0) throw new Violation('phantom', `${where}, but there is no ${bits(phantom)}`);
    const steady = each.before & after & ~unsteady;
    const missing = (this.due(each, steady) | ((each.interest & READABLE) !== 0 ? steady & PEER_END : 0)) & ~readiness;
    const incomplete = missing !== 0 && (!isEdge(each.mode) || (missing & DIRECTIONS) !== 0);
    if (incomplete && !full) throw new Violation('lost', `${where}, and not ${bits(missing)}`);
    if ((readiness & each.owed) === 0) this.judgeCause(each, readiness, where);
    each.armed = false;
    each.owed &= ~readiness;
    each.changed = false;
    // A kernel that does not watch a pipe without reader has said so, once.
    if (errno === EPIPE && this.stage.kind(each.end) === 'pipe') each.interest &= ~WRITABLE;
    for (const [place, direction] of [READABLE, WRITABLE].entries()) {
      // An error is told in every direction, whichever it came from: their own reports are still to come.
      if ((readiness & direction) !== 0 && (readiness & ERROR) === 0)
        each.reportedAt[place] = this.stage.activityOf(each.end);
    }
  }

  /** An error that poll(2) does not tell: the steps may have done it to the peer, or the socket itself tells it. */
  private unseen(end: number, readiness: Readiness, errno: number): Readiness {
    if (this.tested.world.seesErrors || (readiness & ERROR) === 0) return 0;
    return this.stage.mayHaveEnded(end) || this.stage.hasError(end, errno) ? ERROR : 0;
  }

  /** What may have come and gone within the wait. */
  private unsteady({ end }: Expectation): Readiness {
    if (this.stage.isUnsteady(end)) return WRITABLE | ERROR;
    const isLate = this.tested.world.tellsWritersLate && this.stage.kind(end) === 'unix';
    return isLate && this.stage.mayHaveEnded(end) ? WRITABLE : 0;
  }

  /**
   * An edge needs a cause. Acknowledgements of TCP are causes that nobody here sees, and so are the writes of a load.
   */
  private judgeCause(each: Expectation, readiness: Readiness, where: string): void {
    if (each.mode !== 'edge' || each.changed || this.stage.hasHiddenCauses(each.end)) return;
    const activity = this.stage.activityOf(each.end);
    const causes = [READABLE, WRITABLE].filter(
      (direction, place) => (readiness & direction) !== 0 && each.reportedAt[place] !== activity,
    );
    if (causes.length === 0) {
      throw new Violation('no cause', `${where} again, and nothing has happened on its channel`);
    }
  }

  /** @param wakes a wake stands in line like an event, and takes the room of one. */
  private judgeSilence(full: boolean, wakes: number): void {
    const silent = new Map<Expectation, Interest>();
    for (const each of this.living.values()) {
      if (each.orphaned) continue;
      const reported = this.reported.get(each) ?? 0;
      const steady = each.before & this.stage.holds(each.end) & ~this.unsteady(each);
      // kqueue keeps a place in its queue for each direction, so it is those that stand in line; among them edges
      // that need not be told again and may be.
      const inLine = isOneshot(each.mode) ? this.due(each, steady) : each.interest & steady;
      for (const [index, direction] of [READABLE, WRITABLE].entries()) {
        if (((inLine | reported) & direction) !== 0) this.line.stand(each.places[index]);
      }
      silent.set(each, this.due(each, steady) & ~reported);
    }
    this.timers.standInLine();
    this.line.endWait(wakes);
    for (const [each, directions] of silent) {
      for (const [index, direction] of [READABLE, WRITABLE].entries()) {
        if ((directions & direction) === 0) this.line.served(each.places[index]);
        else this.judgePassedOver(each, each.places[index], full);
      }
    }
    this.timers.judgeSilence(full);
  }

  private judgePassedOver(each: Expectation, place: Place, full: boolean): void {
    const where = `end ${each.end} (${each.mode}, interest ${bits(each.interest)})`;
    if (!full) {
      throw new Violation('lost', `${where} is ${bits(each.before)}, the batch had room, and it was not reported`);
    }
    this.line.passOver(place, where);
  }

  /** Directions that must be reported, of those that hold. */
  private due(each: Expectation, holding: Readiness): Interest {
    if (isOneshot(each.mode)) return each.armed ? each.interest & holding : 0;
    return each.interest & holding & (each.mode === 'edge' ? each.owed : DIRECTIONS);
  }
}

function directionsIn(readiness: Readiness): number {
  return ((readiness & READABLE) !== 0 ? 1 : 0) + ((readiness & WRITABLE) !== 0 ? 1 : 0);
}

const NAMES = ['READABLE', 'WRITABLE', 'PRIORITY', 'PEER_END', 'BOTH_END', 'ERROR'];

/** 'READABLE | PEER_END', or 'nothing'. */
export function bits(readiness: Readiness): string {
  const names = NAMES.filter((_name, bit) => (readiness & (1 << bit)) !== 0);
  return names.length > 0 ? names.join(' | ') : 'nothing';
}
