/**
 * Timers of Node for what counts by the reactor's elsewhere: a connection that is Node's needs no turns of the reactor.
 */
import { clearTimeout, setTimeout } from '../base/runtime-functions.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../core/reactor/timers.js';

/** One for each tag of one owner. They keep no process alive. */
export class NodeTimers {
  private readonly running = new Map<Timer, NodeJS.Timeout>();

  arm(owner: TimerOwner, tag: number, delayMs: number): Timer {
    const run = (): void => {
      this.running.delete(tag);
      owner.onTimer(tag);
    };
    this.running.set(tag, setTimeout(run, delayMs).unref());
    return tag;
  }

  /** Counts the delay that it was armed with anew. */
  postpone(timer: Timer): void {
    this.running.get(timer)?.refresh();
  }

  disarm(timer: Timer): void {
    if (timer === NO_TIMER) return;
    clearTimeout(this.running.get(timer));
    this.running.delete(timer);
  }
}
