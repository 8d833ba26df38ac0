/**
 * The file of a transfer to a connection: brings its bytes into memory before they are sent. The kernel's own memory
 * where sendfile takes them from there, a buffer of the operation where it does not.
 */
import { IoError } from '../../../sys/ffi/io-error.js';
import { READ_AHEAD_BYTES, READ_AHEAD_WINDOW_BYTES } from '../../limits.js';
import type { Slab } from '../../memory/slab.js';
import { nameOf, type FileRange, type SendFile } from '../../operations/send-file.js';
import type { TransferAccount } from '../account.js';
import { scratchAddress, type FileReads } from './file-reads.js';
import { FILE_SUPPLY_TRANSITIONS, type FileSupplyEvent, type FileSupplyState } from './file-to-socket-states.js';

export interface FileSupplyOwner {
  readonly account: TransferAccount;
  /** What it waited for has come. */
  onSupplied(): void;
  /** What it waited for will not come: the operation has the failure. */
  onSupplyFailed(): void;
}

export interface FileSupplyPlan {
  readonly operation: SendFile;
  readonly reads: FileReads;
  readonly slab: Slab;
  /** sendfile itself answers EBUSY in place of waiting for a disk. */
  readonly refusesToWait: boolean;
  /** Called when the file is needed no longer. */
  readonly releaseFile: (() => void) | undefined;
}

/** @param isAwaited whether the transfer waits for this answer. */
type Answered = (result: number, isAwaited: boolean) => void;

export class FileSupply {
  state: FileSupplyState = 'idle';

  /** From `setRange` on. */
  private file!: FileRange;
  /** The file was read up to here, so that it may be in memory; how far it is, is looked at before each call. */
  private warmUntil = 0;
  /** While the answer to a read is being told: what it read. */
  private freshUntil = 0;
  /** What had gone at the last look. */
  private sentAtLook = 0;
  /** The file had to be read from the disk: it is read ahead from then on. */
  private isCold = false;

  constructor(
    private readonly owner: FileSupplyOwner,
    private readonly plan: FileSupplyPlan,
  ) {}

  /** Says what the file is, as far as that is known. */
  open(known: FileRange | Promise<FileRange>): void {
    if (known instanceof Promise) this.awaitRange(known);
    else this.setRange(known);
  }

  /** The transfer is over. The file may be closed once nobody reads it any more. */
  close(): void {
    this.on('close');
  }

  /** Bytes pass through a buffer from here on. */
  goByBuffers(reason: string): void {
    const { account } = this.owner;
    account.path = 'buffers';
    account.fallback = reason;
  }

  /** See `SendFileOwner`. Looked at right before the call: what was in memory a while ago may have had to make room. */
  residentBytes(offset: number, wantedBytes: number): number {
    const { reads, refusesToWait } = this.plan;
    if (refusesToWait) return wantedBytes;
    if (offset < this.freshUntil) return this.freshUntil - offset;
    const { bytesOut } = this.owner.account;
    // No further than the socket takes: looking at 2 MiB for each 100 KiB that go costs more than sending them.
    const windowBytes = Math.max(READ_AHEAD_BYTES, 2 * (bytesOut - this.sentAtLook));
    this.sentAtLook = bytesOut;
    let lengthBytes = Math.min(wantedBytes, windowBytes);
    if (offset < this.warmUntil) lengthBytes = Math.min(lengthBytes, this.warmUntil - offset);
    const isResident = reads.isResident(this.file.fd, offset, lengthBytes);
    if (isResident === undefined) this.goByBuffers('this system does not tell what it has in memory');
    return isResident === true ? lengthBytes : 0;
  }

  /** The next bytes are needed. Tells its owner once they are there, which may be within this call. */
  fetch(): void {
    const { state } = this;
    this.on('ask');
    // What is being read comes first: it may be just that.
    if (state !== 'idle') return;
    const { operation } = this.plan;
    if (operation.isBuffered) {
      this.fillBuffer();
    } else {
      this.isCold = true;
      // Also where it was in memory before: the system may have needed the room.
      this.warmUntil = operation.position;
      this.readAhead();
    }
  }

  /** Reads on where the disk would soon be waited for; what is in memory anyway is passed over. */
  keepAhead(): void {
    if (!this.isCold || this.state !== 'idle') return;
    const { operation } = this.plan;
    if (this.warmUntil - operation.position > READ_AHEAD_WINDOW_BYTES / 2 || this.warmUntil >= operation.end) return;
    if (this.warmUntil < operation.position) this.warmUntil = operation.position;
    this.on('read-ahead');
    this.readAhead();
  }

  private on(event: FileSupplyEvent): void {
    const next = FILE_SUPPLY_TRANSITIONS[this.state][event];
    if (next === undefined) return;
    this.state = next;
    if (next === 'closed') this.plan.releaseFile?.();
  }

  /** The file system may take its time to tell what the file is. */
  private awaitRange(range: Promise<FileRange>): void {
    const { operation } = this.plan;
    this.on('ask');
    range.then(
      found => {
        this.on('answer');
        if (this.state === 'closed') return;
        this.setRange(found);
        operation.setRange(found);
        this.owner.onSupplied();
      },
      (failure: Error) => {
        this.on('answer');
        if (this.state === 'closed') return;
        operation.failFile(failure);
        this.owner.onSupplyFailed();
      },
    );
  }

  private setRange(range: FileRange): void {
    this.file = range;
    // sendfile could not tell the end of a file that does not know its size from one that came early.
    if (range.lengthBytes === Infinity) this.goByBuffers('the file is made up as it is read');
    else if (range.lengthBytes === 0) this.owner.account.path = 'none';
    else if (range.isRemote === true && !this.plan.refusesToWait) {
      this.goByBuffers('the file system may have to ask others');
    }
  }

  private readAhead(): void {
    const { operation } = this.plan;
    const offset = this.warmUntil;
    const lengthBytes = Math.min(operation.end - offset, READ_AHEAD_BYTES);
    this.read(scratchAddress(), lengthBytes, offset, (bytes, isAwaited) => {
      if (bytes > 0) {
        this.warmUntil = offset + bytes;
        if (offset <= operation.position) this.freshUntil = this.warmUntil;
      } else if (lengthBytes > 0 && isAwaited && offset === operation.position) {
        this.breakOff(bytes);
        return;
      } else {
        // The end came early, the disk fails, or too many wait for it: that is told when its turn has come.
        this.warmUntil = operation.end;
      }
      if (isAwaited) this.owner.onSupplied();
      this.freshUntil = 0;
    });
  }

  private fillBuffer(): void {
    const { owner, file } = this;
    const { operation, reads, slab } = this.plan;
    const lease = slab.borrow();
    const { position } = operation;
    const lengthBytes = Math.min(operation.end - position, lease.chunkBytes);
    owner.account.calls++;
    const filled = (bytes: number): void => {
      const isClosed = this.state === 'closed';
      if (isClosed || bytes <= 0) lease.release();
      if (isClosed) return;
      if (bytes > 0) {
        operation.buffer.appendLease(lease, 0, bytes);
        operation.position += bytes;
        owner.account.bytesIn += bytes;
        owner.account.residueBytes += bytes;
      } else if (bytes === 0 && operation.end === Infinity) {
        operation.end = operation.position;
      } else {
        this.breakOff(bytes);
        return;
      }
      owner.onSupplied();
    };
    const now = file.isRemote === true ? undefined : reads.readNow?.(file, lease.address, lengthBytes, position);
    if (now !== undefined && now > 0) {
      this.on('answer');
      filled(now);
    } else {
      this.read(lease.address, lengthBytes, position, filled);
    }
  }

  /** @param done told the answer: in a later turn, but at once if the pool refuses. */
  private read(address: number, lengthBytes: number, offset: number, done: Answered): void {
    const answered = (result: number): void => {
      const isAwaited = this.state === 'awaited';
      this.on('answer');
      done(result, isAwaited);
    };
    try {
      this.plan.reads.read(this.file, address, lengthBytes, offset, answered);
    } catch (error) {
      answered(-(error as IoError).errno);
    }
  }

  /** Ends it where the file has no more to give, or the disk fails. @param result of the read. */
  private breakOff(result: number): void {
    const { operation } = this.plan;
    if (result === 0) operation.cutShort();
    else operation.failFile(new IoError(-result, 'pread', nameOf(this.file)));
    this.owner.onSupplyFailed();
  }
}
