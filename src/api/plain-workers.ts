/**
 * Workers that this thread starts without a Runtime: what they leave open when they end, the threads that they have
 * started included, is closed here. Node tells of each new worker, so that nothing has to be done for it; a worker that
 * was started before this thread had loaded Pollux is not known.
 */
import { subscribe } from 'node:diagnostics_channel';
import type { Worker } from 'node:worker_threads';
import { placeOf } from '../core/disk/place.js';
import { diskPool } from '../core/disk/pool.js';
import { poolPlaces } from '../core/disk/pool-places.js';
import { close, closeLent, isOpen } from '../sys/file/io.js';
import { closeFile } from '../sys/file/open-file.js';
import { descriptorKind } from '../sys/file/file-stat.js';
import { closeHolder, descriptorsOfThread, own } from '../sys/file/owned-descriptors.js';
import { unmapRing } from '../sys/uring/memory.js';

/** Workers of runtimes: the runtime closes what they leave open. */
const cleanedByRuntime = new WeakSet<Worker>();

/** The caller will close what this worker leaves open. */
export function leaveCleanup(worker: Worker): void {
  cleanedByRuntime.add(worker);
}

/**
 * Closes descriptors of threads that have ended, which no other thread knows. What may wait for a disk is closed on the
 * pool.
 */
export function closeAll(descriptors: readonly number[]): void {
  for (const fd of descriptors) {
    if (!isOpen(fd)) continue;
    unmapRing(fd);
    const kind = descriptorKind(fd);
    if (kind === 'file' || kind === 'directory') closeOnPool(fd);
    else close(fd);
  }
}

function closeOnPool(fd: number): void {
  own(fd);
  void diskPool.release(placeOf(fd).device, done => closeFile(fd, done));
}

/** As `closeAll`, of those that other threads have been told of. */
export function closeAllLent(descriptors: readonly number[]): void {
  for (const fd of descriptors) if (isOpen(fd)) closeLent(fd);
}

function onWorker({ worker }: { worker: Worker }): void {
  // 0 or -1 once it has ended.
  const { threadId } = worker;
  worker.once('exit', () => {
    if (!cleanedByRuntime.has(worker)) cleanUp(threadId);
  });
}

function cleanUp(threadId: number): void {
  const { holders, own, lent, isKnown } = descriptorsOfThread(threadId);
  poolPlaces.leaveAllOf(holders);
  closeAll(own);
  // Others may still try to wake it. Nobody says when they have all heard of its end, so its numbers stay taken.
  if (isKnown) return;
  closeAllLent(lent);
  for (const id of holders) closeHolder(id);
}

subscribe('worker_threads', message => onWorker(message as { worker: Worker }));
