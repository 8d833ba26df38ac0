/**
 * The time that one message may take from its first byte to its last. A chunk costs a look at the clock; only silence
 * costs a timer.
 */
import { clearTimeout, monotonicMs, setTimeout } from '../../base/runtime-functions.js';

export class FrameClock {
  private deadlineMs = Infinity;
  private timer: NodeJS.Timeout | undefined = undefined;

  /** @param timeoutMs 0 is never. @param onLate called once for each message that is late. */
  constructor(
    readonly timeoutMs: number,
    private readonly onLate: () => void,
  ) {}

  /** The first byte of a message has arrived. Nothing if the time runs already. */
  start(): void {
    if (this.timeoutMs === 0 || this.deadlineMs !== Infinity) return;
    this.deadlineMs = monotonicMs() + this.timeoutMs;
    this.timer ??= this.arm(this.timeoutMs);
  }

  /** Its last byte has arrived. The timer stays, and finds out by itself. */
  stop(): void {
    this.deadlineMs = Infinity;
  }

  /** No more messages are read. */
  clear(): void {
    this.stop();
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private arm(delayMs: number): NodeJS.Timeout {
    return setTimeout(() => this.onTimer(), delayMs).unref();
  }

  private onTimer(): void {
    this.timer = undefined;
    if (this.deadlineMs === Infinity) return;
    const leftMs = this.deadlineMs - monotonicMs();
    if (leftMs > 0) {
      this.timer = this.arm(Math.ceil(leftMs));
      return;
    }
    this.stop();
    this.onLate();
  }
}
