/**
 * Workers of a runtime learn of each other. Those that are being started wait for each other, and run when all know
 * all.
 */
import type { RuntimeWorker } from './runtime-worker.js';

/** Introduces those that are new, at first and after a restart, once all that live have said where they are reached. */
export function introduce(workers: readonly RuntimeWorker[]): void {
  const alive = workers.filter(other => other.isAlive);
  if (alive.some(({ address }) => address === undefined)) return;
  const addresses = alive.map(({ address }) => address!);
  const newcomers = alive.filter(({ isIntroduced }) => !isIntroduced);
  for (const other of alive) {
    if (other.isIntroduced) for (const { address } of newcomers) other.tell({ kind: 'joined', worker: address! });
  }
  for (const newcomer of newcomers) {
    newcomer.isIntroduced = true;
    newcomer.tell({ kind: 'run', workers: addresses });
  }
}
