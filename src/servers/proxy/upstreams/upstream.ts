/** One upstream: where it is, how it is, and what it has done. */
import { monotonicMs } from '../../../base/runtime-functions.js';
import type { Candidate } from '../balancers/balancer.js';
import { Health, type HealthLimits } from '../health/health.js';
import type { HealthState } from '../health/health-states.js';
import { nameOf, type UpstreamPlace, type UpstreamPlan } from './upstream-options.js';

/** What an upstream is and has done, as plain values. */
export interface UpstreamSnapshot {
  /** Its address, or the path of its socket. */
  readonly name: string;
  readonly state: HealthState;
  readonly weight: number;
  readonly backup: boolean;
  /** Connections that it has now, those that are being made included. */
  readonly active: number;
  /** Connections made to it so far. */
  readonly connected: number;
  /** Connections to it that failed before a byte of it came. */
  readonly failed: number;
  /** Clients that went to another upstream, since they could not be connected to this one. */
  readonly retried: number;
  /** What the last one failed with; empty if none has. */
  readonly lastFailure: string;
}

export class Upstream implements Candidate {
  readonly name: string;
  readonly health: Health;
  active = 0;
  private connected = 0;
  private failed = 0;
  private retried = 0;
  private lastFailure = '';

  constructor(
    readonly place: UpstreamPlace,
    private plan: Omit<UpstreamPlan, 'place'>,
    limits: HealthLimits,
  ) {
    this.name = nameOf(place);
    this.health = new Health(limits);
  }

  /** Goes on by other options: its health and what it has counted stay. */
  retune(plan: Omit<UpstreamPlan, 'place'>, limits: HealthLimits): void {
    this.plan = plan;
    this.health.retune(limits);
  }

  /** What HTTP calls it, if the client names no host. */
  get hostName(): string {
    return 'path' in this.place ? 'localhost' : this.name;
  }

  get isBackup(): boolean {
    return this.plan.isBackup;
  }

  get weight(): number {
    return this.plan.weight * this.health.share(monotonicMs());
  }

  get hasRoom(): boolean {
    return this.active < this.plan.maxConnections;
  }

  /** It is chosen for a connection; what became of it is told by `on…`, and by `close` when it is over. */
  open(): void {
    this.active++;
    this.health.chosen(monotonicMs());
  }

  onConnected(): void {
    this.connected++;
    this.health.connected(monotonicMs());
  }

  /** A connection to it was made, which says little until it has answered. */
  onMade(): void {
    this.connected++;
  }

  onAnswered(): void {
    this.health.connected(monotonicMs());
  }

  onFailed(failure: Error): void {
    this.failed++;
    this.lastFailure = failure.message;
    this.health.failed(monotonicMs());
  }

  /** A client that failed here goes to another. */
  onRetried(): void {
    this.retried++;
  }

  /** A check is over. @param failure undefined: it has passed. */
  onChecked(failure: Error | undefined): void {
    if (failure !== undefined) this.lastFailure = failure.message;
    this.health.checked(failure === undefined, monotonicMs());
  }

  onSpared(): void {
    this.health.spared(monotonicMs());
  }

  /** A connection that it was chosen for is over. */
  close(): void {
    this.active--;
  }

  snapshot(): UpstreamSnapshot {
    const { name, health, isBackup, active, connected, failed, retried, lastFailure } = this;
    // Asked first, since a rest ends when somebody asks.
    health.isUsable(monotonicMs());
    return {
      name,
      state: health.state,
      weight: this.plan.weight,
      backup: isBackup,
      active,
      connected,
      failed,
      retried,
      lastFailure,
    };
  }
}
