/** What a run was asked to do. Plans are plain objects: they travel to child processes. */
import type { Mode } from '../../core/readiness-driver.js';

interface SidePlan {
  /** A backend that runs here. */
  readonly backend: string;
  readonly mode: Mode;
  /** Server: where to bind. Client: the target. */
  readonly host: string;
  readonly port: number;
}

/** A sink: accepts, reads, throws away, counts. */
export interface ServerPlan extends SidePlan {
  /** undefined: until it is interrupted. */
  readonly durationSeconds: number | undefined;
}

/** A flood: opens connections at a rate, and writes on all of them as fast as the peer takes it. */
export interface ClientPlan extends SidePlan {
  readonly connections: number;
  /** New connections a second. */
  readonly rate: number;
  /** Bytes of one write. */
  readonly sizeBytes: number;
  readonly durationSeconds: number;
}

export type LoopbackPlan = Omit<ClientPlan, keyof SidePlan> & {
  readonly backends: readonly string[];
  readonly mode: Mode;
};

/** libiapp's port, rate and number of connections a thread, and size of a write. */
export const DEFAULTS = { port: 1667, rate: 128, connections: 4096, sizeBytes: 16 * 1024, durationSeconds: 5 } as const;
