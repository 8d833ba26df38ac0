/** The receiving half of a secure connection: nothing is taken from Node's socket unless somebody wants it. */
import type { TLSSocket } from 'node:tls';
import { nextTick } from '../base/runtime-functions.js';
import { BufferList } from '../core/memory/buffer-list.js';
import type { AsyncScope } from '../core/reactor/async-scope.js';
import type { Reactor } from '../core/reactor/reactor.js';
import { CONNECTION_WAYS } from '../api/one-way.js';
import { Pull, type PullSource } from '../api/pull.js';
import type { WaitOptions } from '../api/waiting.js';
import { IoError, wrongState } from '../sys/ffi/io-error.js';
import { decryptInto } from './tls-handle.js';

export interface SecureReadsOwner {
  readonly reactor: Reactor;
  readonly scope: AsyncScope;
  onArrival(): void;
  /** The peer's end, after all bytes before it were read. */
  onPeerEnd(): void;
}

type DataHandler = (chunk: BufferList) => void;

/** The name of a call of the transfer that has this half. */
const BY_TRANSFER = 'transfer';

export class SecureReads implements PullSource<BufferList> {
  /** What `read` and `for await` take their chunks by. */
  readonly pull = new Pull<BufferList>(this);
  bytesReceived = 0;
  handler: DataHandler | undefined = undefined;

  /** Bytes that were put back, or came when nobody wanted them any more. */
  private readonly ahead = new BufferList();
  /** What the call that waits has room for. */
  private mostBytes = Infinity;
  /** The transfer that has this half. */
  private borrower: object | undefined = undefined;
  private isPaused = false;
  /** The user's handlers keep so much memory that they have to release some first. */
  private isStarved = false;
  private isDiscarding = false;
  private ending: { readonly failure: Error | undefined } | undefined = undefined;
  private isEndTold = false;
  /** Node's memory is ours: bytes hold during the call only. */
  private readonly isLent: boolean;

  constructor(
    private readonly socket: TLSSocket,
    private readonly owner: SecureReadsOwner,
  ) {
    socket.pause();
    // What Node has decrypted by now lies in its stream.
    const early = socket.read() as Buffer | null;
    this.isLent = decryptInto(socket, bytes => this.receive(bytes));
    socket.on('data', (bytes: Buffer) => this.receive(bytes));
    socket.on('end', () => this.end());
    if (early !== null) this.receive(early);
    this.update();
  }

  /** @throws IoError EBUSY: a read or a transfer is under way. */
  setHandler(handler: DataHandler | undefined): void {
    if (handler !== undefined) {
      this.checkNotBorrowed('onData');
      if (this.pull.isWaiting) throw CONNECTION_WAYS.itemsAreTaken();
    }
    this.handler = handler;
    this.update();
  }

  setPaused(isPaused: boolean): void {
    this.isPaused = isPaused;
    this.update();
  }

  /** @throws IoError EBUSY: somebody reads. */
  checkFree(call: string): void {
    if (call !== BY_TRANSFER) this.checkNotBorrowed(call);
    if (this.handler !== undefined) throw CONNECTION_WAYS.handlerIsSet(call);
    if (this.pull.isWaiting) throw CONNECTION_WAYS.callIsUnderWay(call);
  }

  /** At most so many bytes, for a user's call. @throws IoError EBUSY: somebody reads. */
  take(call: string, mostBytes: number, options: WaitOptions | undefined): Promise<BufferList | null> {
    this.checkFree(call);
    this.mostBytes = mostBytes;
    return this.pull.take(call, options);
  }

  takeNext(): BufferList | null | undefined {
    if (this.ahead.length > 0) return this.takeAhead();
    if (this.ending?.failure !== undefined) throw this.ending.failure;
    if (this.isDiscarding && this.ending === undefined) throw wasClosed();
    return this.ending && null;
  }

  onWaiting(): void {
    if (!this.pull.isWaiting) this.mostBytes = Infinity;
    this.update();
  }

  /** @throws IoError EBUSY: a read or a transfer is under way. */
  unread(bytes: BufferList): void {
    this.checkNotBorrowed('unread');
    if (this.pull.isWaiting) throw wrongState('EBUSY', 'unread', 'a read is under way; await it first');
    this.putBack(bytes);
  }

  /** Also by who has, or had, borrowed this half. */
  putBack(bytes: BufferList): void {
    if (this.isDiscarding) return bytes.release();
    this.ahead.prepend(bytes);
    this.update();
  }

  /** From here on a transfer reads, and nobody else. @throws IoError EBUSY: somebody reads. */
  borrow(borrower: object): void {
    this.checkFree('read');
    this.borrower = borrower;
  }

  /** For who has borrowed this half. @param signal not aborted yet. */
  readBorrowed(mostBytes: number, signal: AbortSignal): Promise<BufferList | null> {
    this.mostBytes = mostBytes;
    return this.pull.next(BY_TRANSFER, { signal });
  }

  giveBack(borrower: object): void {
    if (this.borrower !== borrower) return;
    this.borrower = undefined;
    this.update();
  }

  /** What still comes is thrown away, so that the peer's end is seen. Reads that wait are refused. */
  discard(cancelled: Error): void {
    if (this.isDiscarding) return;
    this.isDiscarding = true;
    this.handler = undefined;
    this.ahead.release();
    this.pull.end(cancelled);
    this.update();
  }

  /** What was received and not read can still be read. */
  close(failure: Error | undefined, cancelled: Error): void {
    this.ending ??= { failure };
    this.owner.reactor.receiveBuffer.forget(this);
    this.pull.end(failure ?? cancelled);
  }

  private checkNotBorrowed(call: string): void {
    if (this.borrower !== undefined) throw wrongState('EBUSY', call, 'the connection is joined or copied from');
  }

  private get isWanted(): boolean {
    if (this.isDiscarding || this.pull.isWaiting) return true;
    return this.handler !== undefined && !this.isPaused && !this.isStarved;
  }

  private update(): void {
    const { isWanted, ahead } = this;
    if (!isWanted || ahead.length > 0) this.socket.pause();
    else this.socket.resume();
    if (isWanted && ahead.length > 0) nextTick(() => this.handOnAhead());
  }

  private takeAhead(): BufferList {
    const bytes = this.ahead.split(Math.min(this.mostBytes, this.ahead.length));
    this.mostBytes = Infinity;
    if (this.ahead.length === 0 && this.ending !== undefined) nextTick(() => this.tellEnd());
    return bytes;
  }

  private handOnAhead(): void {
    if (!this.isWanted || this.ahead.length === 0) return;
    const chunk = this.takeAhead();
    if (this.pull.isWaiting) return this.pull.give(chunk);
    try {
      this.callHandler(chunk);
    } finally {
      chunk.expire();
      this.update();
    }
  }

  private receive(bytes: Uint8Array): void {
    this.bytesReceived += bytes.length;
    this.owner.onArrival();
    if (this.isDiscarding) return;
    if (!this.isWanted || this.ahead.length > 0) this.ahead.append(this.keep(bytes));
    else if (this.pull.isWaiting) this.give(bytes);
    else this.lend(bytes);
  }

  /** Bytes that hold beyond the call. */
  private keep(bytes: Uint8Array): Uint8Array {
    return this.isLent ? Buffer.from(bytes) : bytes;
  }

  /** To the handler, in the thread's receive buffer: bytes that it does not take leave no trace. */
  private lend(bytes: Uint8Array): void {
    const { receiveBuffer } = this.owner.reactor;
    if (!receiveBuffer.reserve(this)) {
      this.isStarved = true;
      this.ahead.append(this.keep(bytes));
      receiveBuffer.whenAvailable(this, () => {
        this.isStarved = false;
        this.update();
      });
      return this.update();
    }
    const piece = bytes.length <= receiveBuffer.roomBytes ? bytes : bytes.subarray(0, receiveBuffer.roomBytes);
    try {
      this.callHandler(receiveBuffer.put(piece));
    } finally {
      receiveBuffer.settle(piece.length, this);
      // Records of Node fit; other runtimes may have more at once.
      if (piece !== bytes) this.ahead.append(bytes.subarray(piece.length));
      if (piece !== bytes) this.update();
    }
  }

  private callHandler(chunk: BufferList): void {
    const { handler, owner } = this;
    if (handler !== undefined) owner.scope.run(handler, undefined, chunk);
  }

  private give(bytes: Uint8Array): void {
    this.ahead.append(this.keep(bytes));
    this.pull.give(this.takeAhead());
  }

  private end(): void {
    this.ending ??= { failure: undefined };
    this.pull.end();
    this.tellEnd();
  }

  private tellEnd(): void {
    if (this.isEndTold || this.isDiscarding || this.ahead.length > 0 || this.ending?.failure !== undefined) return;
    this.isEndTold = true;
    this.owner.onPeerEnd();
  }
}

/** What ends a wait where the connection is closed here. */
export function wasClosed(): IoError {
  return new IoError('ECANCELED', 'tls', undefined, 'the connection was closed here');
}
