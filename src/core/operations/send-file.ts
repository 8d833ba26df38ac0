/**
 * Sending a range of a file, with bytes before and after it, in order and to the last byte: by sendfile(2), or from a
 * buffer that its owner fills where the kernel can't. It never waits for a disk: it stops and says what it needs.
 */
import { monotonicMs } from '../../base/runtime-functions.js';
import { MSG_DONTWAIT, MSG_MORE, MSG_NOSIGNAL } from '../../sys/ffi/constants.js';
import { EAGAIN, EBADF, EBUSY, EINTR, EIO, EISDIR, ENOTSOCK, errnoName, isRefusal } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { nativeSendfile, type SendfileCalls } from '../../sys/socket/sendfile.js';
import { MessageHeader } from '../../sys/socket/socket.js';
import { causeOf, sendListTo, sendTo } from '../../sys/socket/stream.js';
import { BufferList } from '../memory/buffer-list.js';
import type { DriverCounters } from '../driver/driver.js';
import { IovecTable } from '../memory/iovec-table.js';
import { IOVECS_PER_CALL, SENDFILE_BYTES_PER_TURN } from '../limits.js';
import { AGAIN, DONE, Operation, WAIT, type Outcome } from './operation.js';
import type { TransferAccount } from '../transfers/account.js';
import type { Pace } from '../transfers/pace.js';

/** Why the operation stopped: all is sent, or it failed. */
export const FINISHED = 0;
/** The file's next bytes are not in memory: submit again once they are. */
export const COLD = 1;
/** The pace allows nothing now. */
export const PACED = 2;
export type Stop = typeof FINISHED | typeof COLD | typeof PACED;

export interface SendFileOwner {
  readonly account: TransferAccount;
  readonly pace: Pace;
  readonly counters: DriverCounters;
  /** Bytes of the file from `offset` that need no disk. At most `wantedBytes` count; 0 stops the operation as COLD. */
  residentBytes(offset: number, wantedBytes: number): number;
  /** Bytes have gone. */
  onProgress(): void;
  /** See `stop`. */
  onStop(): void;
}

/** What to send. */
export interface FileRange {
  /** A descriptor open for reading; it stays the caller's, and open until the operation is over. */
  readonly fd: number;
  /** st_dev. */
  readonly device: number;
  readonly offset: number;
  /** Infinity for "to where the file ends", which only the path by buffers can find out. */
  readonly lengthBytes: number;
  /** Its file system may ask a server or another process at any call: no call on it is made in this thread. */
  readonly isRemote?: boolean;
  /** For messages: its path, where that is known. */
  readonly path?: string;
}

/** What a file is called in a message. */
export function nameOf({ fd, path }: FileRange): string {
  return path ?? `descriptor ${fd}`;
}

const FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT;
/** Answers that are about the file: the socket is as good as before. */
const FILE_FAILURES = new Set([EBADF, EIO, EISDIR]);

const iovecs = new IovecTable(IOVECS_PER_CALL);
const message = new MessageHeader(iovecs.address);

export class SendFile extends Operation {
  stop: Stop = FINISHED;
  failure: Error | undefined = undefined;
  /** The failure is the file's, and the socket as good as before. */
  isFileFailure = false;
  /** Where in the file the next byte comes from, and where the range ends. */
  position = 0;
  end = 0;
  /** By buffers: bytes of the file from before `position` that are still to be sent. The owner fills it. */
  readonly buffer = new BufferList();

  private errno = 0;
  /** Bytes that the last call was given. */
  private offered = 0;
  private syscall = 'sendfile';

  /**
   * @param before goes first, `after` last; both are the operation's from now on.
   */
  constructor(
    private readonly owner: SendFileOwner,
    private file: FileRange,
    readonly before: BufferList,
    readonly after: BufferList,
    private readonly calls: SendfileCalls = nativeSendfile(),
  ) {
    super();
    this.setRange(file);
  }

  /** Says what to send. Not once it is under way. */
  setRange(file: FileRange): void {
    this.file = file;
    this.position = file.offset;
    this.end = file.offset + file.lengthBytes;
  }

  get direction() {
    return 'write' as const;
  }

  /** Whether bytes go through `buffer`. */
  get isBuffered(): boolean {
    return this.owner.account.path === 'buffers';
  }

  attempt(fd: number): Outcome {
    const { owner } = this;
    let budget = SENDFILE_BYTES_PER_TURN;
    while (!this.isSent) {
      if (budget <= 0) return AGAIN;
      const { pace } = owner;
      const allowed = pace.isLimited ? pace.allow(budget, monotonicMs()) : budget;
      if (allowed === 0) return this.stopFor(PACED);
      const sent = this.sendNext(fd, allowed);
      if (sent < 0) return this.stopFor(COLD);
      if (sent > 0) {
        owner.account.bytesOut += sent;
        owner.counters.bytesSent += sent;
        pace.spend(sent);
        budget -= sent;
        owner.onProgress();
        // The owner, or user code that it called, may have taken it off: the number may name another file by now.
        if (this.descriptor === undefined) return AGAIN;
      }
      const code = this.errno;
      if (code === EAGAIN) return budget === SENDFILE_BYTES_PER_TURN ? WAIT : AGAIN;
      if (code === EBUSY) return this.stopFor(COLD);
      if (code !== 0 && code !== EINTR && !this.fallBack(code)) return this.breakOff(fd, code);
      if (code === 0 && sent === 0) {
        this.cutShort();
        return DONE;
      }
      // A short count filled the socket; an event tells when there is room, so no call is spent on EAGAIN.
      if (code === 0 && sent < this.offered) return AGAIN;
    }
    return this.stopFor(FINISHED);
  }

  complete(): void {
    this.owner.onStop();
  }

  fail(error: Error): void {
    this.failure = error;
    this.stop = FINISHED;
  }

  /** Gives back what it holds. Not while it is under way. */
  release(): void {
    this.before.release();
    this.buffer.release();
    this.after.release();
  }

  /** Ends it for the file's sake. */
  failFile(error: Error): void {
    this.isFileFailure = true;
    this.fail(error);
  }

  /** The file ended before the range did. */
  cutShort(): void {
    const missing = this.end - this.position;
    const explanation = `the file was cut short while it was being sent: ${missing} bytes are missing`;
    this.failFile(new IoError(EIO, 'sendfile', nameOf(this.file), explanation));
  }

  private get isSent(): boolean {
    return (
      this.before.length === 0 && this.buffer.length === 0 && this.position === this.end && this.after.length === 0
    );
  }

  /** @returns bytes that went; -1 if the file's next bytes must come into memory first. */
  private sendNext(fd: number, allowed: number): number {
    const left = this.end - this.position;
    const hasFile = left > 0 || this.buffer.length > 0;
    // Before the first byte goes: what is held back for more must not wait for a disk.
    if (hasFile && this.buffer.length === 0) {
      const wanted = Math.min(left, allowed);
      const resident = this.isBuffered ? 0 : Math.min(wanted, this.owner.residentBytes(this.position, wanted));
      if (resident === 0) return -1;
      if (this.before.length === 0) return this.sendRange(fd, resident);
      if (this.calls.takesHeader && this.before.length < allowed && this.before.segmentCount <= iovecs.capacity) {
        return this.sendRange(fd, Math.min(resident, allowed - this.before.length));
      }
    }
    if (this.before.length > 0) return this.sendList(fd, this.before, allowed, hasFile || this.after.length > 0);
    if (this.buffer.length > 0) return this.sendList(fd, this.buffer, allowed, false);
    return this.sendList(fd, this.after, allowed, false);
  }

  /** A range of the file by sendfile, with what goes before it where the kernel takes both at once. */
  private sendRange(fd: number, lengthBytes: number): number {
    const { calls, before, owner } = this;
    const headerBytes = before.fillIovecs(iovecs);
    this.syscall = 'sendfile';
    this.offered = headerBytes + lengthBytes;
    owner.counters.sendfiles++;
    owner.account.calls++;
    const sent = calls.send(fd, this.file.fd, this.position, lengthBytes, headerBytes > 0 ? iovecs : undefined);
    this.errno = calls.failure;
    const ofHeader = Math.min(sent, headerBytes);
    before.consume(ofHeader);
    this.position += sent - ofHeader;
    owner.counters.sendfileBytes += sent - ofHeader;
    owner.account.bytesIn += sent;
    return sent;
  }

  private sendList(fd: number, list: BufferList, allowed: number, more: boolean): number {
    const flags = more ? FLAGS | MSG_MORE : FLAGS;
    this.syscall = 'send';
    this.owner.counters.sends++;
    this.owner.account.calls++;
    let sent: number;
    if (list.segmentCount === 1 || list.length > allowed) {
      this.offered = Math.min(list.firstLength, allowed);
      sent = sendTo(fd, list.firstAddress, this.offered, flags);
    } else {
      this.offered = list.fillIovecs(iovecs);
      message.setCount(iovecs.count);
      sent = sendListTo(fd, message, flags);
    }
    this.errno = sent < 0 ? errno() : 0;
    if (sent <= 0) return 0;
    list.consume(sent);
    const { account } = this.owner;
    if (list === this.buffer) account.residueBytes -= sent;
    else account.bytesIn += sent;
    return sent;
  }

  private fallBack(code: number): boolean {
    if (this.syscall !== 'sendfile' || !(isRefusal(code) || code === ENOTSOCK)) return false;
    const { account } = this.owner;
    account.path = 'buffers';
    account.fallback = `sendfile: ${errnoName(code)}`;
    return true;
  }

  private stopFor(stop: Stop): Outcome {
    this.stop = stop;
    return DONE;
  }

  private breakOff(fd: number, code: number): Outcome {
    if (this.syscall === 'sendfile' && FILE_FAILURES.has(code)) {
      this.failFile(new IoError(code, this.syscall, nameOf(this.file)));
    } else {
      this.fail(new IoError(causeOf(fd, code), this.syscall, `descriptor ${fd}`));
    }
    return DONE;
  }
}
