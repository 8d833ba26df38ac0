/** The upstream with the fewest connections for its weight; of equals, each in turn. */
import type { Balancer, Candidate } from './balancer.js';

/** Connections for the weight, if it gets one more: so that of idle ones the heavier comes first. */
export function loadOf({ active, weight }: Candidate): number {
  return (active + 1) / weight;
}

export class LeastConnections implements Balancer {
  private turn = 0;

  choose<C extends Candidate>(candidates: readonly C[]): C {
    const { length } = candidates;
    const first = this.turn++ % length;
    let chosen = candidates[first];
    for (let step = 1; step < length; step++) {
      const candidate = candidates[(first + step) % length];
      if (loadOf(candidate) < loadOf(chosen)) chosen = candidate;
    }
    return chosen;
  }
}
