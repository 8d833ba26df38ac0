/** What a run was asked to do. Plans are plain objects: they travel to child processes and their threads. */
import type { ReactorMode } from '../../core/driver/mode.js';

const MOST_OPENING_SECONDS = 60;

interface SidePlan {
  /** Server: where to bind. Client: the target. */
  readonly host: string;
  readonly port: number;
}

/** A sink: accepts, reads, throws away, counts. Of one thread, as the next. */
export interface ServerPlan extends SidePlan {
  /** Whether all threads listen on one port, for the kernel to spread connections over them; else each has its own. */
  readonly isShared: boolean;
  /** How long connections that are still open at the end may take to be closed by their clients. */
  readonly patienceMs: number;
}

/** A flood: opens connections at a rate, and writes on all of them as fast as the peer takes it. */
export interface ClientPlan extends SidePlan {
  readonly connections: number;
  /** New connections a second. */
  readonly rate: number;
  /** Bytes of one write. */
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  readonly durationFrom: DurationFrom;
}

/**
 * What the duration counts from: the start, however few are open at the end; or the time at which all are open,
 * whatever that takes, within reason.
 */
export type DurationFrom = 'start' | 'all open';

/** What all forms of the command are told. */
export interface RunPlan {
  /** A backend that runs here. */
  readonly backend: string;
  readonly mode: ReactorMode;
  /** Of a side, in all its processes. */
  readonly threads: number;
}

/** Of all threads together. */
export interface FloodPlan {
  readonly connections: number;
  readonly rate: number;
  readonly sizeBytes: number;
  readonly durationSeconds: number;
  readonly durationFrom: DurationFrom;
}

export interface LoopbackPlan extends Omit<RunPlan, 'backend'>, FloodPlan {
  readonly backends: readonly string[];
}

export interface SinkPlan extends RunPlan, SidePlan {
  /** Left out: until it is interrupted. */
  readonly durationSeconds?: number;
}

/** How long the opening may take: on a machine that is busy, many times what the rate makes of it. */
export function openingSeconds({ connections, rate }: Pick<FloodPlan, 'connections' | 'rate'>): number {
  return MOST_OPENING_SECONDS + (connections / rate) * 4;
}

/** From the start to the end of the pushing; undefined where that depends on how fast they open. */
export function pushingSeconds({ durationFrom, durationSeconds }: FloodPlan): number | undefined {
  return durationFrom === 'start' ? durationSeconds : undefined;
}

/** How many connections must be open at the end. @param connections of each thread. */
export function expectedHeld({ durationFrom }: FloodPlan, connections: readonly number[]): number {
  return durationFrom === 'start' ? 0 : connections.reduce((sum, each) => sum + each, 0);
}

export interface LoneFloodPlan extends RunPlan, SidePlan, FloodPlan {}

/** libiapp's port, threads, rate and number of connections a thread, and size of a write. */
export const DEFAULTS = {
  port: 1667,
  threads: 8,
  ratePerThread: 128,
  connectionsPerThread: 4096,
  connections: 4096,
  sizeBytes: 16 * 1024,
  durationSeconds: 5,
} as const;
