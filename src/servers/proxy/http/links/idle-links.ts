/** Connections to upstreams that wait for the next request: the one that was used last is used first. */
import { clearTimeout, monotonicMs, setTimeout } from '../../../../base/runtime-functions.js';
import type { Upstream } from '../../upstreams/upstream.js';
import type { UpstreamLink } from './upstream-link.js';

export interface IdleLimits {
  readonly maxPerUpstream: number;
  readonly maxIdle: number;
  readonly idleMs: number;
  readonly maxRequests: number;
}

const SWEEP_MS = 1_000;
/** An upstream closes at its time, and a request may be on the way by then. */
const CAUTION_MS = 1_000;

export class IdleLinks {
  private readonly links = new Map<Upstream, UpstreamLink[]>();
  private count = 0;
  private timer: NodeJS.Timeout | undefined = undefined;
  private isOver = false;

  constructor(private readonly limits: IdleLimits) {}

  get size(): number {
    return this.count;
  }

  /** @returns undefined: there is none. */
  take(upstream: Upstream): UpstreamLink | undefined {
    const links = this.links.get(upstream);
    if (links === undefined) return undefined;
    for (let link = links.pop(); link !== undefined; link = links.pop()) {
      this.count--;
      if (!link.isClosed) return link;
    }
    return undefined;
  }

  /**
   * Keeps a link, or closes it.
   * @param keptMs how long the upstream keeps it, as it says; undefined: it does not say.
   */
  give(link: UpstreamLink, keptMs: number | undefined): void {
    const { maxPerUpstream, maxIdle, idleMs, maxRequests } = this.limits;
    const lifeMs = Math.min(idleMs === 0 ? Infinity : idleMs, (keptMs ?? Infinity) - CAUTION_MS);
    const links = this.linksOf(link.upstream);
    if (
      this.isOver ||
      link.isClosed ||
      link.requests >= maxRequests ||
      lifeMs <= 0 ||
      links.length >= maxPerUpstream ||
      this.count >= maxIdle
    ) {
      return link.destroy();
    }
    link.keptUntilMs = monotonicMs() + lifeMs;
    links.push(link);
    this.count++;
    this.timer ??= setTimeout(() => this.sweep(), SWEEP_MS).unref();
  }

  /** A link that is kept was closed by its upstream, or spoke without being asked: it is not to be trusted. */
  onIdleLinkOver(link: UpstreamLink): void {
    const links = this.links.get(link.upstream) ?? [];
    const at = links.indexOf(link);
    if (at >= 0) {
      links.splice(at, 1);
      this.count--;
    }
    link.destroy();
  }

  close(): void {
    this.isOver = true;
    clearTimeout(this.timer);
    for (const links of this.links.values()) for (const link of links.splice(0)) link.destroy();
    this.links.clear();
    this.count = 0;
  }

  private linksOf(upstream: Upstream): UpstreamLink[] {
    let links = this.links.get(upstream);
    if (links === undefined) this.links.set(upstream, (links = []));
    return links;
  }

  private sweep(): void {
    this.timer = undefined;
    const nowMs = monotonicMs();
    for (const [upstream, links] of this.links) {
      const old = links.filter(({ keptUntilMs }) => keptUntilMs <= nowMs);
      for (const link of old) this.onIdleLinkOver(link);
      if (links.length === 0) this.links.delete(upstream);
    }
    if (this.count > 0) this.timer = setTimeout(() => this.sweep(), SWEEP_MS).unref();
  }
}
