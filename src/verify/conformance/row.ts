/** What a row of the suite is, and what running it yields: plain data, so that any runner and any report can use it. */
import type { Platform } from '../../sys/ffi/platform.js';
import type { DescriptorKind, RegistrationMode } from '../../backends/contract.js';
import type { Trial } from './trial.js';

/** What rows are about. */
export type Theme =
  | 'registration'
  | 'modes'
  | 'pending'
  | 'identity'
  | 'end of stream'
  | 'errors'
  | 'kinds'
  | 'wake'
  | 'time'
  | 'batching'
  | 'capacity'
  | 'limits'
  | 'sources';

/**
 * What a row can't do without. A row whose needs are not met is skipped; since they are declared by the backend, a
 * skip of this kind never goes stale.
 */
export interface Needs {
  /** In `modes`. */
  readonly mode?: RegistrationMode;
  /** `description.reportsData`. */
  readonly data?: boolean;
  /** Room for at least so many registrations. */
  readonly registrations?: number;
  /** A backend that is full after at most so many, so that filling it is cheap. */
  readonly registrationsAtMost?: number;
  /** `description.refuses` names this kind. */
  readonly refuses?: DescriptorKind;
  /** Calls that only these platforms have, or that src/sys has only for them. */
  readonly platforms?: readonly Platform[];
}

/**
 * A known gap: on this platform, with this backend, the row fails, for a reason that lies in the kernel. A gated row
 * runs all the same, and one that passes makes the run fail: the gate is stale and must go.
 */
export interface Gate {
  /** Where; everywhere if absent. */
  readonly platform?: Platform;
  /** Name of the backend; every one if absent. */
  readonly backend?: string;
  readonly reason: string;
}

/** A gate that the author of a backend brings along, since the suite's own rows can't know that backend. */
export interface BackendGate extends Gate {
  /** The exact name of the row. */
  readonly row: string;
}

/** One scenario of the contract. */
export interface Row {
  /** A sentence that is true of a right backend; unique in the suite. 'regression N:' marks a bug somebody once had. */
  readonly name: string;
  /** What goes wrong in a program if it doesn't hold. */
  readonly why: string;
  readonly needs?: Needs;
  readonly gates?: readonly Gate[];
  /** Throws if the sentence is not true. Synchronous: it must run where there is no event loop to return to. */
  run(t: Trial): void;
}

/** A row with the theme of the file that it stands in. */
export interface ThemedRow extends Row {
  readonly theme: Theme;
}

/** What became of one row. */
export interface RowResult {
  readonly name: string;
  readonly theme: Theme;
  readonly status: 'pass' | 'fail' | 'skip';
  /** Why it was skipped, or how it failed. */
  readonly reason?: string;
  readonly durationMs: number;
}

/** What became of all rows that were run. */
export interface ConformanceReport {
  readonly backend: string;
  /** 'Linux 6.18.1' */
  readonly kernel: string;
  /** 'Node 20.20.2' */
  readonly runtime: string;
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** In the order of the suite. */
  readonly rows: readonly RowResult[];
}
