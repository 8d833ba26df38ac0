/** What holds a transfer back: the user's pause, the pace, the end that was ordered. For engines that await. */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';
import { Pace } from '../pace.js';

export class Brake {
  readonly pace = new Pace();

  private readonly stopper = new AbortController();
  private isPaused = false;
  private wakeSleeper: (() => void) | undefined = undefined;

  /** Aborted by `stop`, with its reason. */
  get signal(): AbortSignal {
    return this.stopper.signal;
  }

  pause(): void {
    this.isPaused = true;
  }

  resume(): void {
    this.isPaused = false;
    this.wake();
  }

  stop(reason: Error): void {
    this.stopper.abort(reason);
    this.wake();
  }

  /** Has who waits think again. */
  wake(): void {
    const wakeSleeper = this.wakeSleeper;
    this.wakeSleeper = undefined;
    wakeSleeper?.();
  }

  /** Waits while it is paused. @throws the reason of `stop`. */
  async released(): Promise<void> {
    this.signal.throwIfAborted();
    while (this.isPaused) {
      await new Promise<void>(resolve => (this.wakeSleeper = resolve));
      this.signal.throwIfAborted();
    }
  }

  /** Waits until something may move. @returns how many of the wanted bytes. @throws the reason of `stop`. */
  async allow(wantedBytes: number): Promise<number> {
    for (;;) {
      await this.released();
      const nowMs = monotonicMs();
      const allowed = this.pace.allow(wantedBytes, nowMs);
      if (allowed > 0) return allowed;
      await this.sleep(this.pace.delayMs(nowMs));
    }
  }

  private async sleep(delayMs: number): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    await new Promise<void>(resolve => {
      this.wakeSleeper = resolve;
      timer = setTimeout(resolve, delayMs);
    });
    clearTimeout(timer);
    this.wakeSleeper = undefined;
  }
}
