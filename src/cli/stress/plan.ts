/** What a run was asked to do. Plans are plain objects: they travel to child processes and their threads. */
import type { ReactorMode } from '../../core/driver/mode.js';
import type { MessageSizes } from './traffic/message-sizes.js';

const MOST_OPENING_SECONDS = 60;

export const TRANSPORTS = ['tcp', 'udp', 'unix'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** Where a thread of a server is: an address with a port, or the path of a Unix socket. */
export type Place = { readonly host: string; readonly port: number } | { readonly path: string };

/** Of a side that runs alone. */
interface LonePlace {
  /** Server: where to bind. Client: the target. */
  readonly host: string;
  readonly port: number;
}

/** A sink: accepts, reads, throws away, counts. Of one thread, as the next. */
export interface ServerPlan {
  readonly transport: Transport;
  /** Where to listen; a Unix socket gets a name of its own in the directory. */
  readonly at: { readonly host: string; readonly port: number } | { readonly directory: string };
  /** Whether all threads listen on one port, for the kernel to spread connections over them; else each has its own. */
  readonly isShared: boolean;
  /** How long connections that are still open at the end may take to be closed by their clients. */
  readonly patienceMs: number;
  /** The longest message, if each begins with a stamp; null if they have none. */
  readonly stampedBytes: number | null;
}

/** A flood: opens connections at a rate, and writes on all of them as fast as the peer takes it. */
export interface ClientPlan {
  readonly transport: Transport;
  readonly target: Place;
  readonly connections: number;
  /** New connections a second. */
  readonly rate: number;
  /** Of one write, or one datagram. */
  readonly sizes: MessageSizes;
  /** Whether each message begins with a stamp, for a server on this machine. */
  readonly isStamped: boolean;
  /** What the sizes come from; another one in each thread. */
  readonly seed: number;
  /** Datagrams to send, after which the pushing ends; null: the time alone ends it. */
  readonly datagrams: number | null;
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
  readonly transport: Transport;
  readonly connections: number;
  readonly rate: number;
  readonly sizes: MessageSizes;
  readonly datagrams: number | null;
  readonly durationSeconds: number;
  readonly durationFrom: DurationFrom;
}

export interface LoopbackPlan extends Omit<RunPlan, 'backend'>, FloodPlan {
  /** After which a run that has not ended is ended. */
  readonly limitSeconds: number;
  readonly backends: readonly string[];
}

export interface SinkPlan extends RunPlan, LonePlace {
  readonly transport: Transport;
  /** Left out: until it is interrupted. */
  readonly durationSeconds?: number;
  /** Of silence, after which a server without a duration ends. */
  readonly limitSeconds: number;
}

/** How long the opening may take: on a machine that is busy, many times what the rate makes of it. */
export function openingSeconds({ connections, rate }: Pick<FloodPlan, 'connections' | 'rate'>): number {
  return MOST_OPENING_SECONDS + (connections / rate) * 4;
}

/** From the start to the end of the pushing; undefined where that depends on how fast they open. */
export function pushingSeconds({ durationFrom, durationSeconds, datagrams }: FloodPlan): number | undefined {
  return durationFrom === 'start' && datagrams === null ? durationSeconds : undefined;
}

/** How many connections must be open at the end. @param connections of each thread. */
export function expectedHeld({ durationFrom }: FloodPlan, connections: readonly number[]): number {
  return durationFrom === 'start' ? 0 : connections.reduce((sum, each) => sum + each, 0);
}

export interface LoneFloodPlan extends RunPlan, LonePlace, FloodPlan {
  readonly limitSeconds: number;
}

/** libiapp's port, threads, rate and number of connections a thread, and size of a write. */
export const DEFAULTS = {
  port: 1667,
  threads: 8,
  ratePerThread: 128,
  connectionsPerThread: 4096,
  connections: 4096,
  message: '16k',
  datagram: '1k',
  durationSeconds: 5,
} as const;
