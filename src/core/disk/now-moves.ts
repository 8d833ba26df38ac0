/** Moves between a file and memory that wait for no disk: of bytes in the page cache, made in this thread. */
import { EAGAIN, EINTR } from '../../sys/ffi/errno.js';
import { IOVECS_PER_CALL } from '../limits.js';
import type { BufferList } from '../memory/buffer-list.js';
import { IovecTable } from '../memory/iovec-table.js';
import type { FileCalls } from './file-calls.js';
import { spendNowBytes, takeNowCall } from './now-budget.js';
import type { Place } from './place.js';

export type Move = 'preadv' | 'pwritev';

const table = new IovecTable(IOVECS_PER_CALL);

/** A descriptor, as moves in this thread see it. */
export interface NowDescriptor {
  readonly fd: number;
  readonly place: Place;
  /** 0 unless it goes around the page cache. */
  readonly alignmentBytes: number;
  readonly counters: { nowCalls: number };
}

export class NowMoves {
  private canRead: boolean;
  private canWrite: boolean;

  constructor(
    private readonly descriptor: NowDescriptor,
    private readonly calls: FileCalls,
  ) {
    const { place, alignmentBytes } = descriptor;
    // Around the cache there is nothing in memory.
    const isDirect = alignmentBytes > 0;
    this.canRead = place.isLocal && !isDirect;
    // Asked not to wait, a write waits all the same for a file system that is frozen (fsfreeze, a snapshot).
    this.canWrite = place.isMemory && !isDirect;
  }

  /** @returns bytes; undefined if a pool thread has to do it. */
  move(syscall: Move, rest: BufferList, offset: number): number | undefined {
    const isRead = syscall === 'preadv';
    if (!(isRead ? this.canRead : this.canWrite)) return undefined;
    const allowed = takeNowCall();
    if (allowed === 0) return undefined;
    const { calls, descriptor } = this;
    rest.fillIovecs(table, allowed);
    const result = (isRead ? calls.readNow : calls.writeNow)(descriptor.fd, table.address, table.count, offset);
    descriptor.counters.nowCalls++;
    if (result >= 0) {
      spendNowBytes(result);
      return result;
    }
    if (result !== -EAGAIN && result !== -EINTR) {
      // This file system can't tell what it has in memory, or a sandbox forbids to ask: the pool names what else it
      // may be.
      if (isRead) this.canRead = false;
      else this.canWrite = false;
    }
    return undefined;
  }
}
