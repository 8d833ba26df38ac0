/**
 * Memory for one call whose caller may wait for it no longer: the kernel has this memory until the call has ended,
 * and never the caller's, who has that back at once.
 */
import { alignedBytes } from '../../sys/file/direct-io.js';
import type { Done } from '../../sys/ffi/blocking-call.js';
import { BufferList } from '../memory/buffer-list.js';
import { IovecTable } from '../memory/iovec-table.js';

export class Scratch {
  /** For the call. */
  readonly table = new IovecTable(1);
  private readonly memory: Uint8Array;

  /** @param alignmentBytes where it must begin; 0 for anywhere. */
  constructor(
    readonly lengthBytes: number,
    alignmentBytes: number,
  ) {
    this.memory = alignmentBytes > 0 ? alignedBytes(lengthBytes, alignmentBytes) : new Uint8Array(lengthBytes);
    BufferList.from(this.memory).fillIovecs(this.table);
  }

  copyFrom(list: BufferList): void {
    list.copyTo(this.memory);
  }

  /** Copies what the call brought into the first ranges of a list. */
  copyTo(list: BufferList, lengthBytes: number): void {
    let copied = 0;
    for (const range of list) {
      if (copied === lengthBytes) return;
      const piece = this.memory.subarray(copied, Math.min(copied + range.length, lengthBytes));
      range.set(piece);
      copied += piece.length;
    }
  }

  /** What is told when the call has ended; until then it keeps this memory. */
  heldUntil(done: Done): Done {
    return result => {
      this.table.clear();
      done(result);
    };
  }
}

/** A write was given up while the kernel was about it. */
export class AbortedMove extends Error {
  /** @param underWayBytes what the kernel had then: it may write them yet, or fail, and nobody is told. */
  constructor(readonly underWayBytes: number) {
    super('the wait was ended while bytes were being written');
  }
}
