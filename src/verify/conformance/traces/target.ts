/** What a scenario is played on: a model, or the kernel that this runs on. */
import type { Kevent } from '../../model/kevent.js';
import type { Notation } from './notation.js';
import type { Step, TracedKevent } from './trace.js';

/** What a step answered, by the names of the trace. Events are apart. */
export interface Answer {
  readonly results: Readonly<Record<string, unknown>>;
  readonly events?: readonly Kevent[];
  /** How long the call took, where it waits. */
  readonly elapsedMs?: number;
}

/** Serves one scenario, from nothing. */
export interface TraceTarget {
  readonly notation: Notation;
  /** @throws Unsupported */
  run(step: Step): Answer;
  /** The number behind a symbolic name. */
  identOf(name: TracedKevent['ident'], filter: TracedKevent['filter']): bigint;
  /** The name behind a number: of a descriptor, of a signal. */
  nameOf(ident: bigint, filter: TracedKevent['filter']): TracedKevent['ident'];
  /** The process id of a child. */
  pidOf(child: string): number;
  close(): void;
}
