/** One call of kevent(2): its changes first, then the wait (kqueue_kevent and kqueue_scan of FreeBSD). */
import type { VirtualClock } from './clock.js';
import type { Kevent } from './kevent.js';
import type { ModelQueue } from './queue.js';
import { bsdErrno, Refusal } from './refusal.js';

/** struct timespec. */
export interface Timespec {
  readonly sec: number;
  readonly nsec: number;
}

export interface KeventArguments {
  readonly changes: readonly Kevent[];
  /** Room for events. */
  readonly nevents: number;
  /** undefined waits for ever. */
  readonly timeout: Timespec | undefined;
  /** The event list is NULL, whatever `nevents` says. */
  readonly nullEvents?: boolean;
}

export class KeventCall {
  /** What the call returned; undefined while it waits. */
  events: readonly Kevent[] | undefined = undefined;
  /** When it gives up, on the model's clock. */
  readonly deadlineNs: number;

  /** @throws Refusal */
  constructor(
    private readonly queue: ModelQueue,
    private readonly clock: VirtualClock,
    private readonly call: KeventArguments,
  ) {
    this.deadlineNs = Infinity;
    const answers = this.makeChanges();
    if (answers.length > 0) {
      this.events = answers;
      return;
    }
    // A receipt without room ends the call as well as an empty list does.
    if (this.events !== undefined) return;
    if (call.nevents < 0) throw new Refusal('EINVAL');
    if (call.nevents === 0) {
      this.events = [];
      return;
    }
    if (call.timeout !== undefined) {
      const { sec, nsec } = call.timeout;
      if (sec < 0 || nsec < 0 || nsec >= 1e9) throw new Refusal('EINVAL');
      this.deadlineNs = clock.nowNs + sec * 1e9 + nsec;
    }
    this.tryHarvest();
  }

  get isOver(): boolean {
    return this.events !== undefined;
  }

  /** Takes what is ready, or gives up if it is time. @throws Refusal EFAULT */
  tryHarvest(): void {
    if (this.events !== undefined) return;
    const events = this.queue.harvest(this.call.nevents);
    if (events.length > 0 && this.call.nullEvents === true) throw new Refusal('EFAULT');
    if (events.length > 0 || this.clock.nowNs >= this.deadlineNs) this.events = events;
  }

  private makeChanges(): Kevent[] {
    const { profile } = this.queue;
    const { EV_ERROR, EV_RECEIPT } = profile.system.constants;
    const answers: Kevent[] = [];
    for (const given of this.call.changes) {
      const change = { ...given };
      if (change.filter === 0 && profile.skipsFilterZero) continue;
      const code = this.makeChange(change);
      if (code === undefined && (change.flags & EV_RECEIPT) === 0) continue;
      if (answers.length === this.call.nevents) {
        // What follows is not applied, and the answers so far are lost.
        if (code !== undefined) throw new Refusal(code);
        this.events = [];
        return [];
      }
      const flags = profile.errorKeepsFlags ? change.flags | EV_ERROR : EV_ERROR;
      answers.push({ ...change, flags, data: code === undefined ? 0 : bsdErrno(code) });
    }
    return answers;
  }

  private makeChange(change: Kevent): string | undefined {
    try {
      this.queue.register(change);
      return undefined;
    } catch (error) {
      if (error instanceof Refusal) return error.code;
      throw error;
    }
  }
}
