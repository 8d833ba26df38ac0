/**
 * Bytes that wait for the disk, in order, and the one write that is under way. They are received while it lasts, so
 * that neither the network nor the disk waits for each other.
 */
import type { Done } from '../../../sys/ffi/blocking-call.js';
import { EIO } from '../../../sys/ffi/errno.js';
import { pwritev } from '../../../sys/file/file-io.js';
import type { IoError } from '../../../sys/ffi/io-error.js';
import { diskPool } from '../../disk/pool.js';
import { IOVECS_PER_CALL } from '../../limits.js';
import { BufferList } from '../../memory/buffer-list.js';
import { IovecTable } from '../../memory/iovec-table.js';
import type { TransferAccount } from '../account.js';
import type { FileOnDevice } from './file-reads.js';

/** Writes on a thread of the pool. @throws IoError ENOBUFS: too many wait for a disk already. */
export type WriteAt = (file: FileOnDevice, iovecs: number, count: number, offset: number, done: Done) => void;

export const nativeWriteAt: WriteAt = ({ fd, device }, iovecs, count, offset, done) => {
  diskPool.submit(device, answered => pwritev(fd, iovecs, count, offset, answered), done);
};

export interface WriteBehindOwner {
  readonly account: TransferAccount;
  /** The disk takes no more. Told within `write`, or in a later turn. */
  onDiskFailed(errno: number): void;
  /** A write is over, well or badly. */
  onWriteOver(): void;
}

export class WriteBehind {
  /** Received and not yet given to the disk. */
  readonly pending = new BufferList();
  /** What a write under way takes its bytes from. */
  private readonly leaving = new BufferList();
  private readonly table = new IovecTable(IOVECS_PER_CALL);
  private isWriting = false;

  constructor(
    private readonly owner: WriteBehindOwner,
    private readonly writeAt: WriteAt,
  ) {}

  get heldBytes(): number {
    return this.pending.length + this.leaving.length;
  }

  get isEmpty(): boolean {
    return !this.isWriting && this.pending.length === 0;
  }

  /** Gives what waits to the disk, if that is free. @param offset of the file, where the first byte belongs. */
  write(file: FileOnDevice, offset: number): void {
    const { owner, pending, leaving, table } = this;
    if (this.isWriting || pending.length === 0) return;
    leaving.append(pending);
    this.isWriting = true;
    leaving.fillIovecs(table);
    owner.account.calls++;
    try {
      this.writeAt(file, table.address, table.count, offset, result => this.onAnswer(result));
    } catch (error) {
      this.isWriting = false;
      owner.onDiskFailed((error as IoError).errno);
    }
  }

  /** Drops what waits. Not while a write is under way. */
  drop(): void {
    this.leaving.release();
    this.pending.release();
  }

  private onAnswer(result: number): void {
    const { owner, pending, leaving } = this;
    this.isWriting = false;
    if (result > 0) {
      leaving.consume(result);
      owner.account.bytesOut += result;
      owner.account.residueBytes -= result;
      // What a short write left goes first.
      pending.prepend(leaving);
    } else {
      owner.onDiskFailed(result === 0 ? EIO : -result);
    }
    owner.onWriteOver();
  }
}
