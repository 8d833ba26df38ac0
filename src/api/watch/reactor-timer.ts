/**
 * A timer of the reactor's own in place of a kernel timer, where a sandbox refuses those: the same, but to the
 * millisecond.
 */
import type { TimerSpec, TimeUnit } from '../../backends/sources/contract.js';
import { monotonicMs } from '../../base/runtime-functions.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';

const UNIT_MS: Readonly<Record<TimeUnit, number>> = { s: 1000, ms: 1, us: 1e-3, ns: 1e-6 };

/** How often it looks at the wall clock, which may be set meanwhile. */
const WALL_CLOCK_LOOK_MS = 1000;
/** A longer time is waited for bit by bit. */
const LONGEST_WAIT_MS = 2 ** 30;

export class ReactorTimer implements TimerOwner {
  private timer: Timer = NO_TIMER;
  /** By the clock that counts. */
  private dueMs: number;
  private readonly periodMs: number;
  private readonly byWallClock: boolean;

  /** @param onExpired told as the kernel would tell: how many expirations there were. */
  constructor(
    private readonly reactor: Reactor,
    { kind, amount, unit }: TimerSpec,
    private readonly onExpired: (expirations: number) => void,
  ) {
    const timeMs = amount * UNIT_MS[unit];
    this.byWallClock = kind === 'at';
    this.periodMs = kind === 'every' ? timeMs : 0;
    this.dueMs = this.byWallClock ? timeMs : this.nowMs + timeMs;
    this.arm();
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    const { periodMs } = this;
    const lateMs = this.nowMs - this.dueMs;
    const isDue = lateMs >= 0;
    const expirations = periodMs === 0 ? 1 : Math.floor(lateMs / periodMs) + 1;
    if (isDue) this.dueMs += expirations * periodMs;
    // Before it is told: its callback may throw, or close it.
    if (!isDue || periodMs > 0) this.arm();
    if (isDue) this.onExpired(expirations);
  }

  close(): void {
    this.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  private get nowMs(): number {
    return this.byWallClock ? Date.now() : monotonicMs();
  }

  private arm(): void {
    const leftMs = Math.max(0, Math.ceil(this.dueMs - this.nowMs));
    this.timer = this.reactor.arm(this, 0, Math.min(leftMs, this.byWallClock ? WALL_CLOCK_LOOK_MS : LONGEST_WAIT_MS));
  }
}
