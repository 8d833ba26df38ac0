/**
 * Of two upstreams taken at random, the one with fewer connections for its weight. Proxies that don't know of each
 * other so don't all run to the one that is the least busy now.
 */
import type { Balancer, Candidate } from './balancer.js';
import { loadOf } from './least-connections.js';

export class RandomTwo implements Balancer {
  /** @param random from 0 to 1, without 1. */
  constructor(private readonly random: () => number = Math.random) {}

  choose<C extends Candidate>(candidates: readonly C[]): C {
    const { length } = candidates;
    if (length === 1) return candidates[0];
    const first = Math.floor(this.random() * length);
    // Another one, each with the same chance.
    const second = (first + 1 + Math.floor(this.random() * (length - 1))) % length;
    const [one, other] = [candidates[first], candidates[second]];
    return loadOf(other) < loadOf(one) ? other : one;
  }
}
