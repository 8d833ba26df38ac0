/** The upstreams of one entry of a pool: one that stands for itself, or one for each address that a name has now. */
import { isIP } from 'node:net';
import { ActiveCheck } from '../health/active-check.js';
import type { CheckPlan } from '../health/check-options.js';
import type { HealthLimits } from '../health/health.js';
import type { DnsPlan } from './dns-options.js';
import { lookUp } from './look-up.js';
import { NameWatch } from './name-watch.js';
import { Upstream } from './upstream.js';
import { nameOf, type UpstreamPlace, type UpstreamPlan } from './upstream-options.js';

/** What the entries of a pool have in common. */
export interface MemberTerms {
  readonly limits: HealthLimits;
  /** Undefined: connections of clients alone tell how an upstream is. */
  readonly check: CheckPlan | undefined;
  readonly dns: DnsPlan;
}

interface Member {
  readonly upstream: Upstream;
  check: ActiveCheck | undefined;
}

/** The pool, as one of its entries sees it. */
export interface MembersOwner {
  /** Other upstreams than before. */
  onChange(): void;
  /** The upstream of this name of the pool before this one, which goes on in it. */
  before(name: string): Upstream | undefined;
}

export class Members {
  /** By the name of the upstream. One that stays keeps its health. */
  private members = new Map<string, Member>();
  private watch: NameWatch | undefined = undefined;
  private hasBegun = false;

  constructor(
    private readonly plan: UpstreamPlan,
    private readonly terms: MemberTerms,
    private readonly owner: MembersOwner,
  ) {}

  get upstreams(): Upstream[] {
    return [...this.members.values()].map(({ upstream }) => upstream);
  }

  /** @throws IoError (by the promise) ENOTFOUND: the name has no address. */
  async open(): Promise<void> {
    const { place } = this.plan;
    const { dns } = this.terms;
    // This machine's own name has two addresses, of which a program often serves one: connecting finds out which.
    if ('path' in place || isIP(place.host) !== 0 || place.host === 'localhost') return this.update([place]);
    const { host, port } = place;
    const onAddresses = (addresses: readonly string[]) =>
      this.update(addresses.map(address => ({ host: address, port })));
    this.watch = new NameWatch(() => lookUp(host, dns.servers), dns, onAddresses);
    await this.watch.start();
  }

  /** From now on they are this pool's: they go by its options, and are checked. */
  begin(): void {
    this.hasBegun = true;
    for (const member of this.members.values()) {
      member.upstream.retune(this.plan, this.terms.limits);
      member.check = this.checkOf(member.upstream);
    }
  }

  close(): void {
    this.watch?.stop();
    for (const { check } of this.members.values()) check?.stop();
  }

  private update(places: readonly UpstreamPlace[]): void {
    const before = this.members;
    this.members = new Map();
    for (const place of places) {
      const name = nameOf(place);
      this.members.set(name, before.get(name) ?? this.memberAt(place, name));
    }
    for (const [name, { check }] of before) if (!this.members.has(name)) check?.stop();
    this.owner.onChange();
  }

  private memberAt(place: UpstreamPlace, name: string): Member {
    const { plan, terms, hasBegun, owner } = this;
    const known = hasBegun ? undefined : owner.before(name);
    const upstream = known ?? new Upstream(place, plan, terms.limits);
    return { upstream, check: hasBegun ? this.checkOf(upstream) : undefined };
  }

  private checkOf(upstream: Upstream): ActiveCheck | undefined {
    const { check } = this.terms;
    if (check === undefined) return undefined;
    return new ActiveCheck(upstream.place, check, failure => upstream.onChecked(failure));
  }
}
