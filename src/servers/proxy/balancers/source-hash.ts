/**
 * The same upstream for the same source. Each source ranks all upstreams by a hash of the two (rendezvous hashing):
 * when one goes, its sources alone move, and when it is back they return.
 */
import type { Balancer, Candidate } from './balancer.js';

export class SourceHash implements Balancer {
  private readonly hashes = new WeakMap<Candidate, number>();

  choose<C extends Candidate>(candidates: readonly C[], source: string): C {
    const hash = hashOf(source);
    let [chosen] = candidates;
    let best = -Infinity;
    for (const candidate of candidates) {
      const score = scoreOf(mixed(hash ^ this.hashFor(candidate)), candidate.weight);
      if (score > best) {
        best = score;
        chosen = candidate;
      }
    }
    return chosen;
  }

  private hashFor(candidate: Candidate): number {
    let hash = this.hashes.get(candidate);
    if (hash === undefined) this.hashes.set(candidate, (hash = mixed(hashOf(candidate.name))));
    return hash;
  }
}

/** Of an even hash the highest score is shared out by weight: the logarithm makes exponentially distributed numbers. */
function scoreOf(hash: number, weight: number): number {
  return -weight / Math.log((hash + 0.5) / 2 ** 32);
}

/** FNV-1a. */
function hashOf(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

/** The last step of MurmurHash3: each bit depends on all. */
function mixed(hash: number): number {
  let bits = hash;
  bits = Math.imul(bits ^ (bits >>> 16), 0x85ebca6b);
  bits = Math.imul(bits ^ (bits >>> 13), 0xc2b2ae35);
  return (bits ^ (bits >>> 16)) >>> 0;
}
