/** The receiving half of a connection: handed on by callback, by promise, or into memory of the user's. */
import { BufferList } from '../../core/memory/buffer-list.js';
import { leaveReserve } from '../../core/memory/receive-buffer.js';
import { ReceiveInto } from '../../core/operations/receive-into.js';
import { Receive, type ReceiveOwner } from '../../core/operations/receive.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { ReadSide, ReadTurn } from '../../core/operations/read-turn.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkCallback, checkRoom, kindOf } from '../../base/arguments.js';
import { UnreadBytes, thrownAway, type UnreadPolicy } from './unread-bytes.js';
import { PeerWatchingSocket } from './peer-watching-socket.js';
import { chunksOf, Reader, type ReaderSource } from './reader.js';
import { receiveOnce } from './receive-once.js';
import { beginWith, type WaitOptions } from '../waiting.js';

export abstract class ReceivingSocket
  extends PeerWatchingSocket
  implements ReceiveOwner, ReaderSource, ReadSide, AsyncIterable<BufferList>
{
  /** Bytes received so far. */
  bytesReceived = 0;
  /** @internal A listener's is 'drained': who answers it and ends without a look at what it says will not look later. */
  unreadPolicy: UnreadPolicy = 'left';

  private dataHandler: ((chunk: BufferList) => void) | undefined = undefined;
  private receiver: Receive | undefined = undefined;
  private reader: Reader | undefined = undefined;
  private paused = false;
  private ahead: UnreadBytes | undefined = undefined;
  /** The transfer that has the read side. */
  private borrower: ReadTurn | undefined = undefined;

  /**
   * What to do with bytes that arrive: the path without promises. Setting it starts receiving. The list and its bytes hold
   * during the call only; what is to last is taken out (`chunk.take()`), moved on (`other.send(chunk)`) or copied
   * (`chunk.copy()`). Use of the list after the call throws.
   *
   * @throws Error a `read` is under way; the connection was moved to another thread.
   * @throws IoError ENOBUFS: more came after `end()` than is kept for a late reader, and was thrown away.
   */
  set onData(handler: ((chunk: BufferList) => void) | undefined) {
    checkCallback('onData', handler);
    if (handler !== undefined) this.checkMayHandle();
    this.dataHandler = handler;
    this.updateReceiving();
    if (this.isClosed && this.ahead !== undefined) this.reactor.defer({ onDeferred: () => this.handOnUnread() });
  }

  get onData(): ((chunk: BufferList) => void) | undefined {
    return this.dataHandler;
  }

  /**
   * The next bytes, as many as came; null at the end of the stream. The chunk is yours, for as long as you keep it. While nobody
   * reads, nothing is received, and the peer is held back by TCP itself.
   *
   * @param options aborting its `signal` takes no byte: what comes later is for whoever reads next.
   * @throws Error two ways of reading at once.
   * @throws IoError (by the promise) ECONNRESET, ETIMEDOUT; ECANCELED if the connection is closed here meanwhile.
   */
  read(options?: WaitOptions): Promise<BufferList | null> {
    this.checkOneReader('read');
    return options === undefined ? this.readNext() : beginWith(options, signal => this.readNext(signal));
  }

  /**
   * Receives once, straight into memory of your own.
   *
   * @param bytes at least one byte long; it must be left alone until the promise settles.
   * @param options aborting its `signal` takes no byte, and `bytes` is yours again at once.
   * @returns how many bytes came; 0 at the end of the stream.
   * @throws Error two ways of reading at once.
   * @throws TypeError no Uint8Array; RangeError an empty one, since 0 could not be told from the end.
   */
  readInto(bytes: Uint8Array, options?: WaitOptions): Promise<number> {
    this.checkOneReader('readInto');
    checkRoom('bytes', bytes);
    const begin = (signal?: AbortSignal) => this.receiveInto(bytes, signal);
    return options === undefined ? begin() : beginWith(options, begin);
  }

  /**
   * `for await (const chunk of connection)`: `read` until the end. Each chunk is yours. Leaving the loop early only stops reading:
   * what was not received yet stays for whoever reads next.
   */
  [Symbol.asyncIterator](): AsyncIterator<BufferList> {
    return chunksOf(
      () => this.read(),
      () => this.reader!.giveUp(),
    );
  }

  /**
   * Puts back bytes that were read and not used: the next read, handler or transfer gets them first.
   *
   * @param bytes moved: the list is empty afterwards. A chunk of `onData` may be put back within its call.
   * @throws TypeError no list; Error a read or a transfer is under way, or the connection was moved to another thread.
   */
  unread(bytes: BufferList): void {
    this.checkHere('unread');
    this.checkNotBorrowed('unread');
    if (!(bytes instanceof BufferList)) throw new TypeError(`bytes: ${kindOf(bytes)}; allowed: a BufferList`);
    if (this.isReading) throw new Error('unread: a read is under way; await it first');
    if (bytes.length === 0) return;
    leaveReserve(bytes, this.reactor.slab);
    (this.ahead ??= new UnreadBytes()).putBack(bytes);
    this.updateReceiving();
  }

  /** Stops receiving: what the peer sends stays in the kernel, which holds the peer back. */
  pause(): void {
    this.paused = true;
    this.updateReceiving();
  }

  resume(): void {
    this.paused = false;
    this.updateReceiving();
  }

  // For transfers

  /** @internal */
  borrowReads(turn: ReadTurn): Descriptor {
    if (!this.isDelivering) throw this.failure ?? this.cancelled('read', turn.sourceName);
    this.checkOneReader(turn.sourceName);
    this.checkNothingLost();
    this.borrower = turn;
    this.updateReceiving();
    this.stopWatching();
    return this.descriptor;
  }

  /** @internal */
  restReads(turn: ReadTurn): void {
    if (this.borrower === turn) this.lookOut();
  }

  /** @internal */
  resumeReads(turn: ReadTurn): void {
    if (this.borrower === turn) this.stopWatching();
  }

  /** @internal */
  takeUnread(mostBytes: number): BufferList | undefined {
    const bytes = this.takeOut(mostBytes);
    this.bytesReceived -= bytes?.length ?? 0; // The turn counts them.
    return bytes;
  }

  /** @internal */
  returnReads(turn: ReadTurn): void {
    if (this.borrower !== turn) return;
    this.borrower = undefined;
    this.updateReceiving();
  }

  /** @internal */
  onTurnArrival(lengthBytes: number): void {
    this.bytesReceived += lengthBytes;
    this.onArrival();
  }

  /** @internal */
  onTurnEnd(failure: Error | undefined): void {
    this.onReceiveEnd(failure);
  }

  // For the driver

  /** @internal */
  onReceived(chunk: BufferList): void {
    this.bytesReceived += chunk.length;
    this.onArrival();
    if (this.isDelivering) this.handOn(chunk);
  }

  /** @internal */
  onStarved(): void {
    this.stopReceiving();
    this.reactor.receiveBuffer.whenAvailable(this, () => this.updateReceiving());
  }

  /** @internal */
  onReceiveEnd(failure: Error | undefined): void {
    if (failure !== undefined) this.fail(failure);
    else this.onPeerEnd();
  }

  /** @internal */
  startReceiving(): void {
    this.stopWatching();
    if (this.ahead !== undefined && this.isDelivering && !this.takesUnread) {
      if (this.receiver !== undefined) this.reactor.driver.cancel(this.receiver);
      // Whoever wanted them may have thought better of it by then.
      this.reactor.defer({ onDeferred: () => this.isDelivering && this.handOnUnread() });
      return;
    }
    const receiver = (this.receiver ??= new Receive(this));
    if (receiver.descriptor === undefined && !receiver.isOver) this.reactor.driver.start(this.descriptor, receiver);
  }

  /** @internal */
  stopReceiving(): void {
    if (this.receiver !== undefined) this.reactor.driver.cancel(this.receiver);
    this.startWatching();
  }

  /** @internal */
  override get hasReader(): boolean {
    if (this.borrower !== undefined) return false;
    return this.reader?.isOver === false || this.dataHandler !== undefined || this.paused;
  }

  private handOn(chunk: BufferList): void {
    const handler = this.dataHandler;
    if (handler !== undefined) this.scope.run(handler, undefined, chunk);
    else if (this.reader?.isReading === true) this.reader.receive(chunk);
    else this.keep(chunk);
  }

  /** Also to one who reads after the descriptor was closed. */
  private handOnUnread(): void {
    const bytes = this.isWanted ? this.takeOut() : undefined;
    if (bytes === undefined) return;
    try {
      this.handOn(bytes);
    } finally {
      bytes.expire();
      this.updateReceiving();
    }
  }

  /** @internal */
  get hasUnread(): boolean {
    return this.ahead !== undefined;
  }

  protected takeOut(mostBytes = Infinity): BufferList | undefined {
    const bytes = this.ahead?.take(mostBytes);
    if (this.ahead?.length !== 0) return bytes;
    this.ahead = undefined;
    if (this.isClosed) this.reactor.defer({ onDeferred: () => this.ahead === undefined && this.onLateEnd() });
    return bytes;
  }

  private readNext(signal?: AbortSignal): Promise<BufferList | null> {
    if (!this.isDelivering && this.ahead !== undefined) return Promise.resolve(this.takeOut()!);
    if (this.reader === undefined) {
      this.reader = new Reader(this);
      if (!this.isDelivering) this.reader.end(this.failure);
    }
    return this.reader.read(signal);
  }

  private receiveInto(bytes: Uint8Array, signal?: AbortSignal): Promise<number> {
    const ahead = this.lost === undefined ? this.takeOut(bytes.byteLength) : undefined;
    if (ahead !== undefined) return Promise.resolve(ahead.copyTo(bytes));
    if (!this.isDelivering) return this.failure === undefined ? Promise.resolve(0) : Promise.reject(this.failure);
    if (this.lost !== undefined) return Promise.reject(this.lost);
    this.reader ??= new Reader(this);
    this.updateReceiving();
    this.stopWatching();
    const onLeft = () => this.updateReceiving();
    const onOver = (operation: ReceiveInto) => this.onReceivedOnce(operation);
    const refusal = () => this.failure ?? this.cancelled('read');
    return receiveOnce(this.reactor, this.descriptor, { bytes, signal, onOver, onLeft, refusal });
  }

  private onReceivedOnce({ failure, received }: ReceiveInto): void {
    this.updateReceiving();
    if (failure instanceof IoError) this.fail(failure);
    if (failure !== undefined) return;
    this.bytesReceived += received;
    this.onArrival();
    if (received === 0) this.onPeerEnd();
  }

  private get lost(): Error | undefined {
    return this.isDelivering ? this.reader?.endedBy : undefined;
  }

  private get isReading(): boolean {
    return this.descriptor.reads instanceof ReceiveInto || this.reader?.isReading === true;
  }

  private checkMayHandle(): void {
    this.checkHere('onData');
    this.checkNotBorrowed('onData');
    this.checkNothingLost();
    if (!this.isReading) return;
    throw new Error('onData: the connection is being read by read(), readInto() or for await; use one way at a time');
  }

  private checkHere(method: string): void {
    if (this.hasMoved) throw new Error(`${method}: the connection was moved to another thread`);
  }

  private checkNotBorrowed(method: string): void {
    if (this.borrower !== undefined) throw new Error(`${method}: the connection is joined or copied from`);
  }

  protected checkOneReader(method: string): void {
    this.checkHere(method);
    this.checkNotBorrowed(method);
    if (this.dataHandler !== undefined)
      throw new Error(`${method}: the connection has an onData handler; unset it first`);
    if (this.isReading) throw new Error(`${method}: another read is under way; await it first`);
  }

  /** What follows bytes that were thrown away is not handed on as if it followed those before. @throws IoError ENOBUFS. */
  protected checkNothingLost(): void {
    if (this.lost !== undefined) throw this.lost;
  }

  /** @internal Receives if somebody wants it: the user, or an orderly close that waits for the peer's FIN. */
  updateReceiving(): void {
    if (this.wantsReceiving) this.startReceiving();
    else this.stopReceiving();
    if (this.isDiscarding) this.takeReadsBack();
  }

  protected get wantsReceiving(): boolean {
    if (!this.isDelivering) return this.isDiscarding;
    return this.isWanted || this.takesUnread;
  }

  /** Somebody wants the next bytes now. */
  private get isWanted(): boolean {
    return (this.dataHandler !== undefined && !this.paused) || this.reader?.isReading === true;
  }

  /** Nobody reads what comes after our FIN: it is received, so that the peer's FIN is, and kept for a reader who comes late. */
  private get takesUnread(): boolean {
    if (!this.isDelivering || this.canSend || this.isWanted || this.isBorrowed) return false;
    return this.unreadPolicy === 'drained' ? !this.hasReader : this.unreadPolicy === 'kept' && this.mayKeep;
  }

  /** What waits for a handler that paused is left to the kernel: its stream must not end before it has all. */
  protected get mayKeep(): boolean {
    return this.dataHandler === undefined && this.ahead?.isFull !== true;
  }

  /** Nobody has come for what is unread, and the peer has ended: what there is of it is received and kept. */
  protected keepUnread(): void {
    this.unreadPolicy = 'kept';
    this.updateReceiving();
  }

  protected override get isBorrowed(): boolean {
    return this.borrower !== undefined || this.descriptor.reads instanceof ReceiveInto;
  }

  private keep(chunk: BufferList): void {
    if (this.lost !== undefined) return;
    const kept = (this.ahead ??= new UnreadBytes());
    if (this.unreadPolicy === 'kept' || kept.hasRoomFor(chunk)) {
      kept.add(chunk);
      if (kept.isFull) this.updateReceiving();
      return;
    }
    kept.release();
    this.ahead = undefined;
    (this.reader = new Reader(this)).end(thrownAway(this.title()));
  }

  /** The connection needs its read side itself: a transfer that has it learns so later in the turn. */
  private takeReadsBack(): void {
    const { borrower } = this;
    if (borrower === undefined) return;
    this.borrower = undefined;
    borrower.readsTaken();
    const failure = this.cancelled('read', borrower.sourceName);
    this.reactor.defer({ onDeferred: () => borrower.sourceClosed(failure) });
  }

  /** The stream ended as it should: whoever reads is told. */
  protected tellEnd(): void {
    this.reader?.end(undefined);
  }

  /** The descriptor is closed: whoever still reads is refused. */
  protected tellClosed(failure: Error | undefined): void {
    this.reader?.close(() => failure ?? this.cancelled('read'), failure);
    const { borrower } = this;
    this.borrower = undefined;
    borrower?.sourceClosed(failure ?? this.cancelled('read', borrower.sourceName));
  }

  /** @internal */
  abstract breakTurn(failure: Error): void;
  /** The last of the bytes that outlived the descriptor has been read. */
  protected abstract onLateEnd(): void;
  /** Whether what arrives is thrown away, in wait for the peer's FIN. */
  protected abstract get isDiscarding(): boolean;
  /** Bytes have come. */
  protected abstract onArrival(): void;
  /** The peer's FIN has come. */
  protected abstract onPeerEnd(): void;
}
