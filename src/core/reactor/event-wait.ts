/** The waits of a reactor: how long they may last, the clock that is read after them, and what they cost. */
import { monotonicMs } from '../../base/runtime-functions.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Driver } from '../driver/driver.js';
import type { TurnMeter } from '../observation/turn-meter.js';
import type { Inbox } from './inbox.js';
import type { Timers } from './timers.js';
import type { TurnSchedule } from './turn-schedule.js';
import { utilizationOf, type Utilization } from './utilization.js';

/** A reactor, as its waits see it. */
export interface WaitingReactor {
  readonly driver: Driver;
  readonly counters: { sleeps: number };
  /** Whether there is something to do at once. */
  readonly hasWork: boolean;
  /** The backend can't wait. */
  breakDown(failure: IoError): void;
}

export class EventWait {
  /** Monotonic, in milliseconds; read once a turn. */
  nowMs: number;
  /** Milliseconds in waits that were allowed to block. */
  private sleptMs = 0;

  constructor(
    private readonly reactor: WaitingReactor,
    private readonly timers: Timers,
    private readonly schedule: TurnSchedule,
    private readonly startedMs: number,
  ) {
    this.nowMs = startedMs;
  }

  /** Waits as long as there is nothing to do, and reads the clock. @returns how many events there are to dispatch. */
  wait(inbox: Inbox | undefined, meter: TurnMeter | undefined): number {
    const timeoutMs = this.timeoutMs();
    // A post from here on wakes this thread; what came before is seen by the inbox itself.
    if (timeoutMs === 0 || inbox?.beginSleep() === false) {
      const events = this.look();
      this.nowMs = monotonicMs();
      meter?.woke(this.nowMs, -1);
      return events;
    }
    this.reactor.counters.sleeps++;
    const asleepMs = monotonicMs();
    const events = this.poll(timeoutMs < 0 ? -1 : timeoutMs * 1e6);
    this.nowMs = monotonicMs();
    this.sleptMs += this.nowMs - asleepMs;
    meter?.woke(this.nowMs, this.nowMs - asleepMs);
    inbox?.endSleep();
    return events;
  }

  /** Looks for events without waiting. @returns how many there are to dispatch. */
  look(): number {
    return this.poll(0);
  }

  /** What was postponed in the turn goes to the kernel. */
  endTurn(): void {
    try {
      this.reactor.driver.carrier?.endTurn();
    } catch (error) {
      this.failed(error);
    }
  }

  /** Since the reactor began. */
  utilization(): Utilization {
    return utilizationOf(this.sleptMs, this.startedMs);
  }

  /** A backend that can't wait would fail the same way at once, and for ever. */
  private poll(timeoutNs: number): number {
    try {
      return this.reactor.driver.wait(timeoutNs);
    } catch (error) {
      this.failed(error);
      return 0;
    }
  }

  private failed(error: unknown): void {
    if (!(error instanceof IoError)) throw error;
    this.reactor.breakDown(explained(error, this.reactor.driver.backend.name));
  }

  /** 0 with work at hand, otherwise until the nearest timer, ours or the host's. */
  private timeoutMs(): number {
    const { reactor, schedule, timers } = this;
    if (reactor.hasWork) return 0;
    const host = schedule.sleepMs();
    if (host === 0 || timers.size === 0) return host;
    const ours = timers.timeoutMs(monotonicMs());
    return host < 0 ? ours : ours < 0 ? host : Math.min(host, ours);
  }
}

function explained(cause: IoError, backend: string): IoError {
  const explanation =
    `${cause.message}: the reactor of this thread can't wait any more and is closed, with all that lived in it; the ` +
    `next call of Pollux starts another. A descriptor that the reactor owns may have been closed by other code`;
  const failure = new IoError(cause.errno, cause.syscall, backend, explanation);
  failure.cause = cause;
  return failure;
}
