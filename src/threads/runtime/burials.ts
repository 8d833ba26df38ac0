/**
 * What workers leave open when they end. Most of it nobody else knows, and it is closed at once: ports are free again and
 * peers are told, whoever hangs. What others use by its number stays open, so that it can be nothing else meanwhile, until
 * each thread that lived then has said that it does so no more, or has ended.
 */
import { poolPlaces } from '../../core/disk/pool-places.js';
import { closeHolder, estateOf, type Estate } from '../../sys/file/owned-descriptors.js';
import { closeAll, closeAllLent } from '../../api/plain-workers.js';
import type { Member } from './member.js';

interface Burial {
  readonly estate: Estate;
  /** Who may still use those. */
  readonly mourners: Set<Member>;
}

export class Burials {
  /** By the thread that has ended. */
  private readonly underWay = new Map<number, Burial>();

  /** @param threadId a worker that has ended, and with it all that it had started. @param mourners the threads that live. */
  begin(threadId: number, mourners: readonly Member[]): void {
    const estate = estateOf(threadId);
    poolPlaces.leaveAllOf(estate.holders);
    closeAll(estate.own);
    this.underWay.set(threadId, { estate, mourners: new Set(mourners) });
    this.endIfDone(threadId);
  }

  /** A thread uses nothing any more of one that has ended. */
  onBuried(threadId: number, mourner: Member): void {
    this.underWay.get(threadId)?.mourners.delete(mourner);
    this.endIfDone(threadId);
  }

  /** A thread has ended, and uses nothing of anybody's. */
  onEnded(mourner: Member): void {
    for (const threadId of this.underWay.keys()) this.onBuried(threadId, mourner);
  }

  private endIfDone(threadId: number): void {
    const burial = this.underWay.get(threadId);
    if (burial === undefined || burial.mourners.size > 0) return;
    this.underWay.delete(threadId);
    closeAllLent(burial.estate.lent);
    for (const id of burial.estate.holders) closeHolder(id);
  }
}
