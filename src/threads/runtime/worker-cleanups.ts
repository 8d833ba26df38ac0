/**
 * Closes what workers leave open when they end. Descriptors that no other thread knows are closed at once: ports are
 * free again and peers are told. Descriptors that other threads use by number stay open, so that the number can't name
 * another file, until each worker that lived at that time has released them or has ended.
 */
import { poolPlaces } from '../../core/disk/pool-places.js';
import { closeHolder, descriptorsOfThread, type ThreadDescriptors } from '../../sys/file/owned-descriptors.js';
import { closeAll, closeAllLent } from '../../api/plain-workers.js';
import type { RuntimeWorker } from './runtime-worker.js';

interface Cleanup {
  readonly left: ThreadDescriptors;
  /** Workers that may still use them. */
  readonly users: Set<RuntimeWorker>;
}

export class WorkerCleanups {
  /** By the thread id of the worker that has ended. */
  private readonly underWay = new Map<number, Cleanup>();

  /**
   * @param threadId of a worker that has ended; the threads that it had started have ended too.
   * @param others the workers that live.
   */
  begin(threadId: number, others: readonly RuntimeWorker[]): void {
    const left = descriptorsOfThread(threadId);
    poolPlaces.leaveAllOf(left.holders);
    closeAll(left.own);
    this.underWay.set(threadId, { left, users: new Set(others) });
    this.endIfDone(threadId);
  }

  /** A worker has released what it used of one that has ended. */
  onReleased(threadId: number, worker: RuntimeWorker): void {
    this.underWay.get(threadId)?.users.delete(worker);
    this.endIfDone(threadId);
  }

  /** A worker has ended, and uses no descriptor of another. */
  onEnded(worker: RuntimeWorker): void {
    for (const threadId of this.underWay.keys()) this.onReleased(threadId, worker);
  }

  private endIfDone(threadId: number): void {
    const cleanup = this.underWay.get(threadId);
    if (cleanup === undefined || cleanup.users.size > 0) return;
    this.underWay.delete(threadId);
    closeAllLent(cleanup.left.lent);
    for (const id of cleanup.left.holders) closeHolder(id);
  }
}
