/** The workers of a runtime as plain data, those that do not answer among them. */
import { checkInteger, checkOptions, type OptionNames } from '../base/arguments.js';
import {
  checkSnapshotOptions,
  SNAPSHOT_OPTIONS,
  type SnapshotOptions,
  type ThreadSnapshot,
} from './thread-snapshot.js';

export interface WorkerSnapshot {
  readonly index: number;
  readonly name: string;
  /** How often it was started again after a crash. */
  readonly restarts: number;
  /** `hung`: it has not answered in time, since a callback runs or a call does not return. `ended`: it is not started again. */
  readonly state: 'starting' | 'running' | 'paused' | 'hung' | 'ended';
  /** What it has done; only of those that are running or paused. */
  readonly thread: ThreadSnapshot | undefined;
}

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
  timeoutMs: 'other',
} as const satisfies OptionNames<RuntimeSnapshotOptions>;

const DEFAULT_TIMEOUT_MS = 500;
const LONGEST_TIMEOUT_MS = 60_000;

/** @throws TypeError, RangeError */
export function checkedRuntimeSnapshot(options: RuntimeSnapshotOptions): { own: SnapshotOptions; timeoutMs: number } {
  checkOptions(options, RUNTIME_SNAPSHOT_OPTIONS);
  const { timeoutMs = DEFAULT_TIMEOUT_MS, ...own } = options;
  checkInteger('timeoutMs', timeoutMs, 1, LONGEST_TIMEOUT_MS);
  checkSnapshotOptions(own);
  return { own, timeoutMs };
}
