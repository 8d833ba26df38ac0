/** The balancers by their names. */
import type { Balancer } from './balancer.js';
import { LeastConnections } from './least-connections.js';
import { RandomTwo } from './random-two.js';
import { RoundRobin } from './round-robin.js';
import { SourceHash } from './source-hash.js';

const BALANCERS = {
  'round-robin': () => new RoundRobin(),
  'least-connections': () => new LeastConnections(),
  'random-two': () => new RandomTwo(),
  'source-hash': () => new SourceHash(),
} satisfies Record<string, () => Balancer>;

/**
 * Which upstream gets a connection. `round-robin`: each in turn. `least-connections`: the one with the fewest for its
 * weight. `random-two`: of two at random the less busy one. `source-hash`: the same one for the same client address.
 * All heed weights.
 */
export type Balance = keyof typeof BALANCERS;

export const BALANCES = Object.keys(BALANCERS) as Balance[];

export function balancerOf(balance: Balance): Balancer {
  return BALANCERS[balance]();
}
