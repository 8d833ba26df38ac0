/** Upstreams that serve the same, and the choice among those that can. */
import { monotonicMs } from '../../../base/runtime-functions.js';
import { balancerOf } from '../balancers/choice.js';
import type { Balancer } from '../balancers/balancer.js';
import type { ProxyHeader } from '../introduction/proxy-protocol/header.js';
import { encodeHeader } from '../introduction/proxy-protocol/own-header.js';
import type { PoolPlan } from './pool-options.js';
import { Members } from './members.js';
import type { Upstream, UpstreamSnapshot } from './upstream.js';

export class Pool {
  readonly connectTimeoutMs: number;
  readonly attempts: number;
  /** Whether the choice depends on the client's address. */
  readonly asksSource: boolean;
  /** Backups have turns of their own. */
  private readonly balancers: { readonly first: Balancer; readonly backup: Balancer };
  private readonly entries: readonly Members[];
  private upstreams: readonly Upstream[] = [];

  constructor(
    readonly name: string,
    private readonly plan: PoolPlan,
    /** The pool that this one takes the place of: upstreams that are in both go on. */
    private former?: Pool,
  ) {
    this.connectTimeoutMs = plan.connectTimeoutMs;
    this.attempts = plan.attempts;
    this.asksSource = plan.balance === 'source-hash';
    this.balancers = { first: balancerOf(plan.balance), backup: balancerOf(plan.balance) };
    const { check, ...passive } = plan.health;
    const { rise = Infinity, fall = Infinity } = check ?? {};
    const terms = { limits: { ...passive, rise, fall }, check, dns: plan.dns };
    this.entries = plan.upstreams.map(entry => new Members(entry, terms, this));
  }

  /**
   * Looks its upstreams up.
   * @throws IoError (by the promise) ENOTFOUND: a name has no address.
   */
  async open(): Promise<void> {
    await Promise.all(this.entries.map(entry => entry.open()));
  }

  /** From now on upstreams are this pool's, and are checked. The former is closed. */
  begin(): void {
    for (const entry of this.entries) entry.begin();
    this.former?.close();
    this.former = undefined;
  }

  close(): void {
    for (const entry of this.entries) entry.close();
  }

  get bandwidthClass(): string | undefined {
    return this.plan.bandwidthClass;
  }

  /**
   * The upstream for a connection. Backups have it only while no other can. Where all that could are resting, one of
   * those has it: they are only suspected, and to refuse the client is certain.
   *
   * @param tried those that have failed for this client.
   * @returns undefined: there is none left.
   */
  choose(source: string, tried: readonly Upstream[]): Upstream | undefined {
    const nowMs = monotonicMs();
    const left = this.upstreams.filter(upstream => upstream.hasRoom && !tried.includes(upstream));
    const usable = left.filter(({ health }) => health.isUsable(nowMs));
    const first = usable.filter(({ isBackup }) => !isBackup);
    if (first.length > 0) return this.balancers.first.choose(first, source);
    if (usable.length > 0) return this.balancers.backup.choose(usable, source);
    const resting = left.filter(({ health }) => health.state === 'resting');
    return resting.length > 0 ? this.balancers.first.choose(resting, source) : undefined;
  }

  /** Whether upstreams are told who the client is. */
  get greets(): boolean {
    return this.plan.proxyProtocol !== undefined;
  }

  /** What a connection to an upstream begins with, if they are told who the client is. */
  greeting(header: ProxyHeader | undefined): Uint8Array | undefined {
    const { proxyProtocol } = this.plan;
    return proxyProtocol && header && encodeHeader(proxyProtocol, header);
  }

  snapshot(): UpstreamSnapshot[] {
    return this.upstreams.map(upstream => upstream.snapshot());
  }

  // For its entries

  before(name: string): Upstream | undefined {
    return this.former?.upstreams.find(upstream => upstream.name === name);
  }

  onChange(): void {
    this.upstreams = this.entries.flatMap(({ upstreams }) => upstreams);
  }
}
