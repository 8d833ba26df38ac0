/** When a listener accepts: who has to wait does so in the kernel's backlog, and costs the proxy nothing. */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';
import { TokenBucket } from '../limits/token-bucket.js';

/** Why nobody is accepted: too many in a second, too many at once here, or too many at once of all listeners. */
export type HoldReason = 'rate' | 'listener' | 'proxy';

/** How long a burst of connections above the rate may be. */
const BURST_MS = 100;

export class AcceptGate {
  private readonly reasons = new Set<HoldReason>();
  private readonly bucket: TokenBucket | undefined;
  private timer: NodeJS.Timeout | undefined = undefined;
  private isOver = false;

  /** @param setOpen accepts from now on, or does not. */
  constructor(
    acceptsPerSecond: number,
    private readonly setOpen: (isOpen: boolean) => void,
  ) {
    if (acceptsPerSecond === Infinity) return;
    this.bucket = new TokenBucket(acceptsPerSecond, Math.max(1, (acceptsPerSecond * BURST_MS) / 1000));
  }

  get isHeld(): boolean {
    return this.reasons.size > 0;
  }

  /** A client was accepted. */
  onAccepted(): void {
    const { bucket } = this;
    if (bucket === undefined) return;
    const nowMs = monotonicMs();
    // One that the kernel had handed out before accepting stopped is paid for later.
    bucket.charge(nowMs);
    const delayMs = bucket.delayMs(nowMs);
    if (delayMs === 0 || this.isOver) return;
    this.hold('rate');
    this.timer = setTimeout(() => this.release('rate'), Math.ceil(delayMs));
  }

  hold(reason: HoldReason): void {
    if (this.isOver) return;
    if (!this.isHeld) this.setOpen(false);
    this.reasons.add(reason);
  }

  release(reason: HoldReason): void {
    if (this.reasons.delete(reason) && !this.isHeld && !this.isOver) this.setOpen(true);
  }

  /** The listener is being closed or drained: clients in the backlog are taken. */
  end(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    if (this.isHeld) this.setOpen(true);
    this.reasons.clear();
  }
}
