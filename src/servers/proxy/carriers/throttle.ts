/** Bytes a second of a carrier that moves chunks: after one that was too much it waits until that is made up for. */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';

/** What may be caught up with at once, as time. */
const BURST_MS = 100;

export class Throttle {
  private limit = Infinity;
  private owedBytes = 0;
  private paidMs = monotonicMs();
  private timer: NodeJS.Timeout | undefined = undefined;

  /** @param onReleased what was held may go on. */
  constructor(private readonly onReleased: () => void) {}

  get bytesPerSecond(): number {
    return this.limit;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.pay();
    this.limit = bytesPerSecond;
    if (this.timer === undefined) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    this.hold();
  }

  get isHeld(): boolean {
    return this.timer !== undefined;
  }

  spend(lengthBytes: number): void {
    if (this.limit === Infinity) return;
    this.pay();
    this.owedBytes += lengthBytes;
    if (!this.isHeld) this.hold();
  }

  end(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
  }

  private hold(): void {
    if (this.owedBytes <= 0) return this.onReleased();
    const delayMs = this.limit === Infinity ? 0 : Math.min((this.owedBytes * 1000) / this.limit, 0x7fffffff);
    this.timer = setTimeout(() => this.release(), Math.max(1, delayMs));
  }

  private release(): void {
    this.timer = undefined;
    this.pay();
    this.onReleased();
  }

  private pay(): void {
    const nowMs = monotonicMs();
    const paid = this.limit === Infinity ? Infinity : ((nowMs - this.paidMs) * this.limit) / 1000;
    const most = this.limit === Infinity ? 0 : (BURST_MS * this.limit) / 1000;
    this.owedBytes = Math.max(-most, this.owedBytes - paid);
    this.paidMs = nowMs;
  }
}
