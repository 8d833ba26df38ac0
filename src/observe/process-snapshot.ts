/** A whole process as plain data: one line of a status socket. */
import process from 'node:process';
import { VERSION } from '../base/thread-state.js';
import type { RuntimeSnapshotOptions, SnapshotSource, WorkerSnapshot } from './runtime-snapshot.js';
import { snapshotThread, type ThreadSnapshot } from './thread-snapshot.js';

/** What the process as a whole uses. */
export interface ProcessSnapshot {
  readonly pollux: string;
  readonly node: string;
  readonly pid: number;
  readonly title: string;
  readonly uptimeMs: number;
  /** CPU time of all threads of the process so far, user and system. */
  readonly cpuMs: number;
  /** Memory of the process that is resident now. */
  readonly rssBytes: number;
  /** The thread that has made this. */
  readonly thread: ThreadSnapshot;
  readonly workers: readonly WorkerSnapshot[];
}

export async function snapshotProcess(
  title: string,
  runtime: SnapshotSource | undefined,
  options: RuntimeSnapshotOptions,
): Promise<ProcessSnapshot> {
  const { workers } = runtime === undefined ? { workers: [] } : await runtime.snapshot(options);
  const { user, system } = process.cpuUsage();
  return {
    pollux: VERSION,
    node: process.version,
    pid: process.pid,
    title,
    uptimeMs: process.uptime() * 1000,
    cpuMs: (user + system) / 1000,
    rssBytes: process.memoryUsage.rss(),
    thread: snapshotThread({ connections: options.connections }),
    workers,
  };
}
