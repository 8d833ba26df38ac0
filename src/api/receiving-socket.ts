/** The receiving half of a connection: handed on by callback, by promise, or into memory of the user's. */
import { BufferList } from '../core/buffer-list.js';
import { LATE_READER_BYTES } from '../core/limits.js';
import { watchForPeer, type AwaitHangUp, type AwaitHangUpOwner } from '../core/operations/await-hang-up.js';
import { ReceiveInto } from '../core/operations/receive-into.js';
import { Receive, type ReceiveOwner } from '../core/operations/receive.js';
import type { Descriptor } from '../core/operation.js';
import type { ReadSide, ReadTurn } from '../core/read-turn.js';
import { IoError } from '../sys/io-error.js';
import { checkRoom } from './arguments.js';
import { chunksOf, Reader, type ReaderSource } from './reader.js';
import { receiveOnce } from './receive-once.js';
import { Socket } from './socket.js';
import { beginWith, type WaitOptions } from './waiting.js';

export abstract class ReceivingSocket
  extends Socket
  implements ReceiveOwner, AwaitHangUpOwner, ReaderSource, ReadSide, AsyncIterable<BufferList>
{
  /** Bytes received so far. */
  bytesReceived = 0;
  /** @internal It came to a listener: who answers it and ends without a look at what it says will not look later. */
  isAccepted = false;

  private dataHandler: ((chunk: BufferList) => void) | undefined = undefined;
  private receiver: Receive | undefined = undefined;
  private reader: Reader | undefined = undefined;
  private paused = false;
  /** Tells that the peer has gone, while nobody reads. */
  private watchman: AwaitHangUp | undefined = undefined;
  /** Bytes that were received elsewhere, and come before what the kernel has. */
  private ahead: BufferList | undefined = undefined;
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
    if (handler !== undefined) this.checkHere('onData');
    if (handler !== undefined) this.checkNotBorrowed('onData');
    if (handler !== undefined) this.checkNothingLost();
    if (handler !== undefined && this.isReading) {
      throw new Error('onData: the connection is being read by read(), readInto() or for await; use one way at a time');
    }
    this.dataHandler = handler;
    this.updateReceiving();
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
    if (this.ahead !== undefined) {
      const what = 'bytes that were received before it was adopted';
      throw new Error(`${turn.sourceName}: the connection has ${what}; read() them first`);
    }
    this.borrower = turn;
    this.updateReceiving();
    this.stopWatching();
    return this.descriptor;
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
    if (!this.isDelivering) return;
    const handler = this.dataHandler;
    if (handler !== undefined) this.scope.run(handler, undefined, chunk);
    else if (this.reader?.isOver === false) this.reader.receive(chunk);
    else this.keep(chunk);
  }

  /** @internal */
  onStarved(): void {
    this.stopReceiving();
    this.reactor.receiveBuffer.whenAvailable(this, () => this.updateReceiving());
  }

  /** @internal */
  onReceiveEnd(failure: Error | undefined): void {
    if (failure !== undefined) {
      this.fail(failure);
      return;
    }
    this.onPeerEnd();
  }

  /** @internal */
  startReceiving(): void {
    this.stopWatching();
    if (this.ahead !== undefined && !this.isForsaken) {
      if (this.receiver !== undefined) this.reactor.driver.cancel(this.receiver);
      this.reactor.defer({ onDeferred: () => this.handOnAhead() });
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
  get hasReader(): boolean {
    return this.reader?.isOver === false || this.dataHandler !== undefined || this.paused;
  }

  // For those who make a connection of what was somebody else's

  /** @internal Bytes that come before what the kernel has: nothing was read from this object yet. */
  putAhead(bytes: Uint8Array): void {
    if (bytes.length > 0) this.ahead = BufferList.from(bytes);
  }

  /** Takes them out again, as far as nobody has read them. */
  protected takeAhead(): Uint8Array {
    const bytes = this.ahead?.toBytes() ?? new Uint8Array(0);
    this.ahead = undefined;
    return bytes;
  }

  private handOnAhead(): void {
    const { ahead } = this;
    // Whoever wanted them may have thought better of it.
    if (ahead === undefined || !this.wantsReceiving) return;
    this.ahead = undefined;
    try {
      this.onReceived(ahead);
    } finally {
      ahead.expire();
      this.updateReceiving();
    }
  }

  private readNext(signal?: AbortSignal): Promise<BufferList | null> {
    if (!this.isDelivering && this.ahead !== undefined) {
      const kept = this.ahead;
      this.ahead = undefined;
      return Promise.resolve(kept);
    }
    if (this.reader === undefined) {
      this.reader = new Reader(this);
      if (!this.isDelivering) this.reader.end(this.failure);
    }
    return this.reader.read(signal);
  }

  private receiveInto(bytes: Uint8Array, signal?: AbortSignal): Promise<number> {
    if (!this.isDelivering) return this.failure === undefined ? Promise.resolve(0) : Promise.reject(this.failure);
    if (this.lost !== undefined) return Promise.reject(this.lost);
    if (this.ahead !== undefined) return Promise.resolve(this.readAheadInto(this.ahead, bytes));
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

  private readAheadInto(ahead: BufferList, bytes: Uint8Array): number {
    const lengthBytes = Math.min(ahead.length, bytes.byteLength);
    ahead.split(lengthBytes).copyTo(bytes);
    if (ahead.length === 0) this.ahead = undefined;
    this.bytesReceived += lengthBytes;
    this.onArrival();
    return lengthBytes;
  }

  private get isReading(): boolean {
    return this.descriptor.reads instanceof ReceiveInto || this.reader?.isReading === true;
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

  private get lost(): Error | undefined {
    return this.isDelivering ? this.reader?.endedBy : undefined;
  }

  /** @internal Receives if somebody wants it: the user, or an orderly close that waits for the peer's FIN. */
  updateReceiving(): void {
    if (this.wantsReceiving) this.startReceiving();
    else this.stopReceiving();
    if (this.isDiscarding) this.takeReadsBack();
  }

  private get wantsReceiving(): boolean {
    if (!this.isDelivering) return this.isDiscarding;
    return (this.dataHandler !== undefined && !this.paused) || this.reader?.isReading === true || this.isForsaken;
  }

  /**
   * Our FIN goes out or has, and nobody has ever read what a client sent: it is received, so that the client's FIN is. The
   * first bytes are kept for a reader who comes late.
   */
  private get isForsaken(): boolean {
    return this.isAccepted && this.isDelivering && !this.canSend && !this.hasReader && !this.isBorrowed;
  }

  private get isBorrowed(): boolean {
    return this.borrower !== undefined || this.descriptor.reads instanceof ReceiveInto;
  }

  private keep(chunk: BufferList): void {
    if (this.reader !== undefined) return;
    const kept = (this.ahead ??= new BufferList());
    if (kept.length + chunk.length <= LATE_READER_BYTES) {
      kept.append(chunk.toBytes());
      return;
    }
    kept.release();
    this.ahead = undefined;
    this.reader = new Reader(this);
    const explanation = `more than ${LATE_READER_BYTES} bytes came after end() while nobody read: they were thrown away`;
    this.reader.end(new IoError('ENOBUFS', 'read', this.title(), explanation));
  }

  private startWatching(): void {
    if (!this.isDelivering) this.stopWatching();
    else if (!this.isBorrowed && this.watchman?.isWaiting !== true) this.watchman = watchForPeer(this, this.descriptor);
  }

  private stopWatching(): void {
    if (this.watchman !== undefined) this.reactor.driver.cancel(this.watchman);
    this.watchman = undefined;
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

  /** What a call gets that was under way when the connection was closed here. @param name what a transfer's user calls it. */
  protected cancelled(what: string, name?: string): IoError {
    return new IoError('ECANCELED', what, this.title(name), 'the connection was closed here');
  }

  /** What it is called in messages. */
  protected title(name?: string): string {
    const { fd } = this.descriptor;
    return name === undefined ? `descriptor ${fd}` : `${name}, descriptor ${fd}`;
  }

  /** @internal */
  abstract breakTurn(failure: Error): void;
  protected abstract get hasMoved(): boolean;
  /** @internal The peer's FIN was read. */
  abstract get hasPeerEnded(): boolean;
  /** Whether what arrives goes to the user. */
  protected abstract get isDelivering(): boolean;
  /** @internal Whether somebody is to be told of the peer's FIN though nobody reads. */
  abstract get heedsEnd(): boolean;
  /** @internal */
  abstract onHangUp(failure: Error | undefined): void;
  /** Whether the user may still send. */
  protected abstract get canSend(): boolean;
  /** Whether what arrives is thrown away, in wait for the peer's FIN. */
  protected abstract get isDiscarding(): boolean;
  /** What the stream broke with. */
  protected abstract get failure(): Error | undefined;
  /** Bytes have come. */
  protected abstract onArrival(): void;
  /** The peer's FIN has come. */
  protected abstract onPeerEnd(): void;
  protected abstract fail(failure: Error | undefined): void;
}
