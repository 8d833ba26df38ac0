/** Whether an upstream gets connections, by what became of those before and of checks. */
import { HEALTH_TRANSITIONS, type HealthEvent, type HealthState } from './health-states.js';

/** When an upstream is given a rest, and how it comes back. */
export interface HealthLimits {
  /** Failed connections in a row, after which it rests. */
  readonly failures: number;
  /** How long it rests. */
  readonly restMs: number;
  /** How long it takes to have its whole share again after it was not up. 0: at once. */
  readonly slowStartMs: number;
  /** Checks in a row that must pass before one that is down is up. */
  readonly rise: number;
  /** Checks in a row that must fail before it is down. */
  readonly fall: number;
}

/** The share that a slow start begins with. */
const LEAST_SHARE = 0.1;

export class Health {
  state: HealthState = 'up';
  private failuresInRow = 0;
  private passedInRow = 0;
  private missedInRow = 0;
  private restUntilMs = 0;
  /** When the slow start began. */
  private upSinceMs = -Infinity;

  constructor(private limits: HealthLimits) {}

  /** From now on; what it was and is stays. */
  retune(limits: HealthLimits): void {
    // Only checks bring one back that is down, and there are none any more.
    if (this.state === 'down' && limits.rise === Infinity) this.state = 'up';
    this.limits = limits;
  }

  isUsable(nowMs: number): boolean {
    if (this.state === 'resting' && nowMs >= this.restUntilMs) this.apply('rested', nowMs);
    return this.state === 'up' || this.state === 'ready';
  }

  /** The part of its weight that it has now, more than 0 and at most 1. */
  share(nowMs: number): number {
    const { slowStartMs } = this.limits;
    const sinceMs = nowMs - this.upSinceMs;
    return sinceMs >= slowStartMs ? 1 : Math.max(LEAST_SHARE, sinceMs / slowStartMs);
  }

  chosen(nowMs: number): void {
    this.apply('chosen', nowMs);
  }

  spared(nowMs: number): void {
    this.apply('spared', nowMs);
  }

  connected(nowMs: number): void {
    this.failuresInRow = 0;
    this.apply('connected', nowMs);
  }

  failed(nowMs: number): void {
    this.failuresInRow++;
    this.apply('failed', nowMs);
    if (this.failuresInRow >= this.limits.failures) this.apply('worn', nowMs);
  }

  checked(passed: boolean, nowMs: number): void {
    this.passedInRow = passed ? this.passedInRow + 1 : 0;
    this.missedInRow = passed ? 0 : this.missedInRow + 1;
    if (this.passedInRow >= this.limits.rise) this.apply('rose', nowMs);
    if (this.missedInRow >= this.limits.fall) this.apply('fell', nowMs);
  }

  private apply(event: HealthEvent, nowMs: number): void {
    const next = HEALTH_TRANSITIONS[this.state][event];
    if (next === undefined) return;
    this.state = next;
    if (next === 'resting') this.restUntilMs = nowMs + this.limits.restMs;
    if (next !== 'up') return;
    this.failuresInRow = 0;
    this.upSinceMs = nowMs;
  }
}
