/** Each upstream in turn, by weight, and spread evenly: weights 5, 1, 1 give a a b a c a a, and not a a a a a b c. */
import type { Balancer, Candidate } from './balancer.js';

export class RoundRobin implements Balancer {
  /** What each is owed, in units of weight: each choice pays everybody, and who is chosen pays all of it back. */
  private readonly owed = new WeakMap<Candidate, number>();

  choose<C extends Candidate>(candidates: readonly C[]): C {
    let [chosen] = candidates;
    let most = -Infinity;
    let total = 0;
    for (const candidate of candidates) {
      const owed = (this.owed.get(candidate) ?? 0) + candidate.weight;
      this.owed.set(candidate, owed);
      total += candidate.weight;
      if (owed > most) {
        most = owed;
        chosen = candidate;
      }
    }
    this.owed.set(chosen, most - total);
    return chosen;
  }
}
