/** What a run found out: the shape that --json prints. docs/cli.md describes every field. */
import type { ReactorMode } from '../../core/driver/mode.js';
import type { DurationFrom, Transport } from './plan.js';
import type { DelaySummary } from './timing/delay-histogram.js';

/** How many times each error happened, by its code. */
export type ErrorCounts = Record<string, number>;

/** The rates of one second, or of more where a run is long. */
export interface Sample {
  /** Since the flood began. */
  readonly second: number;
  readonly connections: number;
  readonly mbPerSecond: number;
  readonly messagesPerSecond: number | null;
  /** User and system time of all processes of the side in a second. */
  readonly cpuSecondsPerSecond: number;
}

/** What became of the datagrams of one side. */
export interface DatagramCounts {
  /** Taken by the kernel. */
  readonly sent: number;
  /** Offered to the kernel in vain, with an error. */
  readonly refused: number;
  readonly received: number;
  /** Received, and longer than there was room. */
  readonly truncated: number;
  /** Thrown away by the kernel, as the socket's receive buffer was full; null where the system does not tell. */
  readonly dropped: number | null;
}

/** Where the datagrams of a run are, both sides together: sent = received + dropped + unaccounted. */
export interface DatagramLoss {
  readonly sent: number;
  readonly refused: number;
  readonly received: number;
  /** null where the system does not tell: what is not received is unaccounted for then. */
  readonly dropped: number | null;
  readonly unaccounted: number;
}

/**
 * One side of a run, all its threads together. Its rates are over `seconds`, from its first connection to its last
 * byte. MB is 10^6 bytes.
 */
export interface SideResult {
  readonly processes: number;
  /** Of all its processes together. */
  readonly threads: number;
  readonly connections: {
    /** Open when the pushing ended, before the first orderly close. */
    readonly held: number;
    /** The most at once; of several threads the sum of what each had at most, though not all at the same time. */
    readonly peak: number;
    readonly opened: number;
    readonly closed: number;
    /** Could not be opened. */
    readonly failed: number;
  };
  /** How evenly `held` was spread over the threads. */
  readonly heldByThread: { readonly least: number; readonly most: number };
  /** Server: received. Client: taken by the kernel. */
  readonly bytes: number;
  /** Server: received, whole. Client: given to the kernel. null where nobody cuts them. */
  readonly messages: number | null;
  /** null with streams. */
  readonly datagrams: DatagramCounts | null;
  /**
   * Client: from the call to send a message until the kernel had all of it. Server: from that call until its last byte
   * was received; null where messages carry no stamp.
   */
  readonly latencyMs: DelaySummary | null;
  readonly seconds: number;
  readonly mbPerSecond: number;
  readonly events: number;
  readonly eventsPerSecond: number;
  /** All of them: those of the backend, and those that moved bytes and connections. */
  readonly systemCalls: number;
  readonly systemCallsPerMb: number;
  readonly changes: { readonly asked: number; readonly sent: number };
  /** User and system time of its processes. */
  readonly cpuSeconds: number;
  readonly cpuSecondsPerGb: number;
  /** The most memory that its processes had, all together. */
  readonly rssBytes: number;
  readonly loopLagMs: DelaySummary;
  /** Descriptors that were opened for the run and are still open after it: a leak. */
  readonly leftOpen: number;
  readonly perSecond: readonly Sample[];
  readonly errors: ErrorCounts;
}

export interface BackendResult {
  readonly backend: string;
  readonly mode: ReactorMode;
  /** The client's; of a server that runs alone its peak, since clients come and go as they please. */
  readonly connectionsHeld: number;
  readonly bytes: number;
  readonly mbPerSecond: number;
  /** Sent and not received; null where only one side ran here. */
  readonly lostBytes: number | null;
  /** null with streams, and where only one side ran here. */
  readonly datagrams: DatagramLoss | null;
  /** null where it ran elsewhere, or not at all. */
  readonly server: SideResult | null;
  readonly client: SideResult | null;
  /** 'ok', or what went wrong. */
  readonly verdict: string;
}

/** A limit that stood in the way of what was asked. */
export interface LimitNote {
  readonly name: string;
  readonly value: number;
  readonly asked: number;
  readonly effect: string;
}

export interface StressReport {
  readonly pollux: string;
  readonly runtime: string;
  readonly kernel: string;
  readonly asked: {
    readonly sides: 'both' | 'server' | 'client';
    readonly backends: readonly string[];
    readonly transport: Transport;
    readonly mode: ReactorMode;
    readonly threads: number;
    readonly connections: number | null;
    readonly rate: number | null;
    /** The sizes of messages, as they were asked for. */
    readonly message: string | null;
    readonly datagrams: number | null;
    readonly durationSeconds: number | null;
    readonly durationFrom: DurationFrom | null;
  };
  readonly limits: readonly LimitNote[];
  readonly results: readonly BackendResult[];
  readonly interrupted: boolean;
  readonly verdict: string;
}
