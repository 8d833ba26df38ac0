/** What chooses one of several upstreams for a connection. */

/** An upstream, as far as a balancer needs it. */
export interface Candidate {
  /** The same for the same upstream, also after a restart: hashes are made of it. */
  readonly name: string;
  /** Above 0. Twice the weight is twice the share. */
  readonly weight: number;
  /** Connections that it has now. */
  readonly active: number;
}

export interface Balancer {
  /**
   * @param candidates at least one.
   * @param source what the client is known by: connections of one source stay together where that is asked for.
   */
  choose<C extends Candidate>(candidates: readonly C[], source: string): C;
}
