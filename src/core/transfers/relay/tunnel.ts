/**
 * Two connections joined: a relay each way, and what one end's fate means for the other.
 *
 *     FIN of one end        write side of the other is ended; the other direction goes on
 *     both directions over  both ends have had FIN either way, so they close
 *     one end breaks        what was taken from it is delivered, then the other is reset; so if it is closed
 *     a timeout             both are reset
 *     cancelled             both stay open, and are the user's again
 */
import { IoError } from '../../../sys/ffi/io-error.js';
import type { ReadEnd } from '../../operations/read-turn.js';
import { SendProgress } from '../../operations/send-progress.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../reactor/timers.js';
import type { WriteEnd, WriteSide } from '../../operations/write-turns.js';
import { Allowance } from '../allowance.js';
import { Pace } from '../pace.js';
import { RelayAccount } from './relay-account.js';
import type { RelayCalls } from './relay-conduits.js';
import { Relay, type RelayOwner } from './relay.js';

/** A connection, as far as a tunnel needs it. */
export interface TunnelEnd extends ReadEnd, WriteEnd {
  readonly reactor: WriteSide['reactor'];
  /** FIN after everything that is queued. */
  end(): void;
}

/** One direction of a join. */
export type TunnelDirection = 'aToB' | 'bToA';

/** What a join did, by direction. */
export class TunnelAccount {
  readonly aToB = new RelayAccount();
  readonly bToA = new RelayAccount();
  /** The end that ended the join by breaking or being closed. */
  brokenEnd: 'a' | 'b' | undefined = undefined;
}

/** What one direction may move. */
export interface DirectionLimits {
  /** Bytes after which it is over; its end is not told to the sink then. Infinity is no limit. */
  readonly maxBytes: number;
  /** Infinity is no limit. */
  readonly bytesPerSecond: number;
}

export interface TunnelOptions {
  /** 0 is never. */
  readonly idleTimeoutMs: number;
  /** 0 is never. */
  readonly halfCloseTimeoutMs: number;
  readonly aToB: DirectionLimits;
  readonly bToA: DirectionLimits;
  readonly onBytes: ((direction: TunnelDirection, lengthBytes: number) => void) | undefined;
}

const IDLE = 0;
const HALF_CLOSED = 1;

export class Tunnel implements RelayOwner, TimerOwner {
  readonly keepsSink = false;
  readonly account = new TunnelAccount();
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};

  // From `start` on.
  private aToB!: Relay;
  private bToA!: Relay;
  private onBytes: TunnelOptions['onBytes'] = undefined;
  private readonly timers: [Timer, Timer] = [NO_TIMER, NO_TIMER];
  private readonly delaysMs: [number, number] = [0, 0];
  private readonly progress = { aToB: new SendProgress(), bToA: new SendProgress() };
  private failure: Error | undefined = undefined;
  /** It has begun and is not over. */
  private isRunning = false;
  private isPaused = false;

  constructor(
    private readonly a: TunnelEnd,
    private readonly b: TunnelEnd,
    private readonly calls: RelayCalls,
  ) {}

  start({ idleTimeoutMs, halfCloseTimeoutMs, aToB, bToA, onBytes }: TunnelOptions): void {
    this.delaysMs[IDLE] = idleTimeoutMs;
    this.delaysMs[HALF_CLOSED] = halfCloseTimeoutMs;
    this.onBytes = onBytes;
    this.aToB = this.relay('aToB', aToB);
    this.bToA = this.relay('bToA', bToA);
    this.aToB.start();
    try {
      this.bToA.start();
    } catch (error) {
      this.aToB.cancel();
      throw error;
    }
    this.isRunning = true;
    this.armTimers();
  }

  pause(): void {
    this.isPaused = true;
    this.disarm();
    if (!this.aToB.isOver) this.aToB.pause();
    if (!this.bToA.isOver) this.bToA.pause();
  }

  resume(): void {
    this.isPaused = false;
    if (!this.aToB.isOver) this.aToB.resume();
    if (!this.bToA.isOver) this.bToA.resume();
    this.armTimers();
  }

  paceChanged(): void {
    this.aToB.paceChanged();
    this.bToA.paceChanged();
  }

  cancel(reason: Error): void {
    this.isRunning = false;
    this.aToB.cancel();
    this.bToA.cancel();
    this.settle(reason);
  }

  refresh(): void {
    if (!this.isRunning) return;
    this.aToB.refresh();
    this.bToA.refresh();
  }

  onRelayBegin(): void {
    this.armTimers();
  }

  onRelayBytes(relay: Relay, lengthBytes: number): void {
    const { reactor } = this.a;
    if (this.timers[IDLE] !== NO_TIMER) reactor.postpone(this.timers[IDLE], this.delaysMs[IDLE]);
    if (this.timers[HALF_CLOSED] !== NO_TIMER) reactor.postpone(this.timers[HALF_CLOSED], this.delaysMs[HALF_CLOSED]);
    this.onBytes?.(relay === this.aToB ? 'aToB' : 'bToA', lengthBytes);
  }

  onRelayEnd(relay: Relay): void {
    if (!this.isRunning) return;
    const other = relay === this.aToB ? this.bToA : this.aToB;
    const { failure, source } = relay;
    if (failure !== undefined) this.spread(failure, relay, other);
    const hasEnded = relay.hasSourceEnded && this.failure === undefined;
    if (hasEnded) (relay === this.aToB ? this.b : this.a).end();
    if (other.isOver) this.finish();
    else this.armTimers();
    // The user's `onEnd` may run here, so it comes last.
    if (hasEnded) source.onTurnEnd(undefined);
  }

  /** What comes from the other end may never end. */
  onSinkClosing(relay: Relay, failure: Error): void {
    relay.broken(failure);
  }

  onTimer(tag: number): void {
    this.timers[tag] = NO_TIMER;
    // What the kernel moves by itself is known only to those who ask.
    const moved = [this.aToB.refresh(), this.bToA.refresh(), this.hasTaken(this.aToB), this.hasTaken(this.bToA)];
    if (moved.includes(true)) {
      this.armTimers();
      return;
    }
    const [what, explanation] =
      tag === IDLE
        ? ['idle', `no byte either way for ${this.delaysMs[IDLE]} ms`]
        : ['half-closed', `one direction is over, and no byte the other way for ${this.delaysMs[HALF_CLOSED]} ms`];
    const failure = (this.failure = new IoError('ETIMEDOUT', 'join', what, explanation));
    this.aToB.broken(failure);
    this.bToA.broken(failure);
    this.finish();
  }

  /** Whether the sink of a relay has taken bytes that were with the kernel. */
  private hasTaken(relay: Relay): boolean {
    const progress = relay === this.aToB ? this.progress.aToB : this.progress.bToA;
    return progress.look(relay.sink, relay.account.bytesOut);
  }

  /** One end broke: no byte goes there any more, and what came from there is still delivered. */
  private spread(failure: Error, relay: Relay, other: Relay): void {
    const isSource = relay.brokenEnd === 'source';
    if (this.failure === undefined) {
      this.failure = failure;
      this.account.brokenEnd = isSource === (relay === this.aToB) ? 'a' : 'b';
    }
    if (other.isOver) return;
    if (isSource) other.broken(failure);
    else other.sourceClosed(failure);
  }

  private relay(direction: TunnelDirection, { maxBytes, bytesPerSecond }: DirectionLimits): Relay {
    const { a, b, calls, account } = this;
    const ends =
      direction === 'aToB'
        ? { source: a.reads, sink: b.writes, names: { source: 'a', sink: 'b' } }
        : { source: b.reads, sink: a.writes, names: { source: 'b', sink: 'a' } };
    const allowance = new Allowance(maxBytes, [new Pace(bytesPerSecond), this.pace]);
    return new Relay(this, { ...ends, allowance, account: account[direction], calls });
  }

  private finish(): void {
    if (!this.isRunning) return;
    const { failure, a, b } = this;
    if (failure !== undefined) {
      a.writes.breakTurn(failure);
      b.writes.breakTurn(failure);
    }
    this.settle(failure);
  }

  private settle(failure: Error | undefined): void {
    this.isRunning = false;
    this.disarm();
    this.onSettled(failure);
  }

  /** While it is paused, and while what was sent before still goes out, it is not the peers who are silent. */
  private armTimers(): void {
    const { aToB, bToA } = this;
    if (!this.isRunning || this.isPaused || aToB.isInLine || bToA.isInLine) return;
    this.arm(IDLE);
    if (aToB.isOver || bToA.isOver) this.arm(HALF_CLOSED);
  }

  private arm(tag: number): void {
    if (this.delaysMs[tag] === 0 || this.timers[tag] !== NO_TIMER) return;
    this.timers[tag] = this.a.reactor.arm(this, tag, this.delaysMs[tag]);
  }

  private disarm(): void {
    for (const tag of [IDLE, HALF_CLOSED]) {
      this.a.reactor.disarm(this.timers[tag]);
      this.timers[tag] = NO_TIMER;
    }
  }
}
