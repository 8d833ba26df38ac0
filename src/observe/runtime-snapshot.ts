/** The workers of a runtime as plain data, those that do not answer among them. */
import { integer, valuesOf, type OptionTable } from '../base/options.js';
import { SNAPSHOT_OPTIONS, type SnapshotOptions, type ThreadSnapshot } from './thread-snapshot.js';

/** The snapshot of a worker, or why there is none. */
export interface WorkerSnapshot {
  readonly index: number;
  readonly name: string;
  /** How often it was started again after a crash. */
  readonly restarts: number;
  /**
   * `hung`: it has not answered in time, since a callback runs or a call does not return. `ended`: it is not started
   * again.
   */
  readonly state: 'starting' | 'running' | 'paused' | 'hung' | 'ended';
  /** What it has done; only of those that are running or paused. */
  readonly thread: ThreadSnapshot | undefined;
}

/** The snapshots of the workers of a runtime. */
export interface RuntimeSnapshot {
  readonly workers: readonly WorkerSnapshot[];
}

export interface RuntimeSnapshotOptions extends SnapshotOptions {
  /** How long a worker's answer is waited for; then it is said to hang. Default 500. */
  readonly timeoutMs?: number;
}

/** What can be asked for a snapshot: a Runtime. */
export interface SnapshotSource {
  snapshot(options?: RuntimeSnapshotOptions): Promise<RuntimeSnapshot>;
}

const RUNTIME_SNAPSHOT_OPTIONS = {
  ...SNAPSHOT_OPTIONS,
  timeoutMs: integer(1, 60_000, 500),
} satisfies OptionTable<RuntimeSnapshotOptions>;

/** @throws TypeError, RangeError */
export function checkedRuntimeSnapshot(options: RuntimeSnapshotOptions): { own: SnapshotOptions; timeoutMs: number } {
  const { timeoutMs, ...own } = valuesOf(RUNTIME_SNAPSHOT_OPTIONS, options);
  return { own, timeoutMs };
}
