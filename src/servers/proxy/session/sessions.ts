/** All clients of a proxy that are not through. */
import { clearTimeout, monotonicMs, setTimeout } from '../../../base/runtime-functions.js';
import type { Carrier } from '../carriers/carrier.js';
import type { Session } from './session.js';

export class Sessions implements Iterable<Session> {
  /** In the order in which they came, so that the lifetime of the first is over first. */
  private readonly running = new Set<Session>();
  private timer: NodeJS.Timeout | undefined = undefined;
  /** Each drain that waits. */
  private readonly whenEmpty: (() => void)[] = [];

  /** @param lifetimeMs how long each may last; 0 is for ever. */
  constructor(private lifetimeMs: number) {}

  /** From now on, also for those that run. */
  retune(lifetimeMs: number): void {
    if (lifetimeMs === this.lifetimeMs) return;
    this.lifetimeMs = lifetimeMs;
    clearTimeout(this.timer);
    this.timer = undefined;
    if (lifetimeMs > 0 && this.size > 0) this.arm();
  }

  get size(): number {
    return this.running.size;
  }

  [Symbol.iterator](): Iterator<Session> {
    return this.running.values();
  }

  *carriers(): Generator<Carrier> {
    for (const { carrier } of this.running) if (carrier !== undefined) yield carrier;
  }

  add(session: Session): void {
    this.running.add(session);
    if (this.lifetimeMs > 0 && this.timer === undefined) this.arm();
  }

  remove(session: Session): void {
    this.running.delete(session);
    if (this.size > 0) return;
    clearTimeout(this.timer);
    this.timer = undefined;
    for (const resolve of this.whenEmpty.splice(0)) resolve();
  }

  /** Resolves when there is none. */
  async emptied(): Promise<void> {
    if (this.size > 0) await new Promise<void>(resolve => this.whenEmpty.push(resolve));
  }

  /** One timer for all: it is due when the first is. */
  private arm(): void {
    const [first] = this.running;
    const leftMs = first.startedMs + this.lifetimeMs - monotonicMs();
    this.timer = setTimeout(() => this.onTimer(), Math.max(1, Math.min(leftMs, LONGEST_WAIT_MS)));
  }

  private onTimer(): void {
    this.timer = undefined;
    const bornBeforeMs = monotonicMs() - this.lifetimeMs;
    for (const session of this.running) {
      if (session.startedMs > bornBeforeMs) break;
      session.reset('timed-out');
    }
    if (this.size > 0) this.arm();
  }
}

/** The longest that a timer of Node can wait. */
const LONGEST_WAIT_MS = 0x7fffffff;
