/** The receiving half of a datagram socket: handed on by callback, or by promise. */
import { unlessAborted } from '../../base/unless-aborted.js';
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { Descriptor } from '../../core/operations/operation.js';
import { ReceiveDatagrams, type ReceiveDatagramsOwner } from '../../core/operations/receive-datagrams.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import { droppedDatagrams } from '../../sys/socket/socket.js';
import { checkCallback } from '../../base/arguments.js';
import { settling, type Settling } from '../settling.js';
import { Socket } from '../socket/socket.js';
import { signalOf, type WaitOptions } from '../waiting.js';

/** A datagram and its sender. */
export interface ReceivedDatagram {
  /** Yours, for as long as you keep it. */
  readonly bytes: BufferList;
  /** Who sent it: it can be sent to. Frozen, and mostly the same object for the same sender. */
  readonly from: Address;
}

/** What became of received datagrams. */
export interface DatagramCounters {
  received: number;
  /** Datagrams that were longer than `maxDatagramBytes`: dropped, since a part of one is worth less than none. */
  truncated: number;
  /**
   * Datagrams that the kernel has dropped since the socket was opened, since nobody received them in time and its buffer was
   * full (`receiveBufferBytes`), or since their checksum was wrong. As of the moment that `counters` is read. Linux from 4.12
   * on; undefined elsewhere: no other system tells.
   */
  dropped: number | undefined;
}

/** The side of a datagram socket that receives. */
export abstract class DatagramReceiver
  extends Socket
  implements ReceiveDatagramsOwner, AsyncIterable<ReceivedDatagram>
{
  /**
   * Something went wrong that no call can be blamed for: what the network answered to an earlier datagram (ECONNREFUSED), which
   * the socket survives, or what ended it. Without a handler a waiting `receive` fails with it, or else a warning is emitted.
   */
  onError: ((failure: Error) => void) | undefined = undefined;
  private readonly tally: DatagramCounters = { received: 0, truncated: 0, dropped: undefined };
  private readonly receiver: ReceiveDatagrams;
  private handler: ((bytes: BufferList, from: Address) => void) | undefined = undefined;
  private waiting: Settling<ReceivedDatagram | null> | undefined = undefined;
  private paused = false;

  /** @internal */
  constructor(reactor: Reactor, descriptor: Descriptor, maxDatagramBytes: number) {
    super(reactor, descriptor);
    this.receiver = new ReceiveDatagrams(this, maxDatagramBytes);
  }

  /**
   * What to do with a datagram: the path without promises. Setting it starts receiving. The list and its bytes hold during the
   * call only, and use after that throws; what is to last is taken out (`bytes.take()`), sent on (`other.trySend(bytes)`) or
   * copied (`bytes.copy()`). An empty list is a datagram without bytes.
   *
   * While nobody receives, and if the handler is slower than the senders, datagrams stay in the kernel's buffer
   * (`receiveBufferBytes`). When that is full the kernel drops those of UDP, and holds back the senders of Unix sockets.
   *
   * @throws Error a `receive` is under way; the socket was moved to another thread.
   */
  set onDatagram(handler: ((bytes: BufferList, from: Address) => void) | undefined) {
    checkCallback('onDatagram', handler);
    if (handler !== undefined && this.hasMoved) {
      throw new Error('onDatagram: the socket was moved to another thread');
    }
    if (handler !== undefined && this.waiting !== undefined) {
      throw new Error('onDatagram: the socket is being read by receive() or for await; use one way at a time');
    }
    this.handler = handler;
    this.updateReceiving();
  }

  get onDatagram(): ((bytes: BufferList, from: Address) => void) | undefined {
    return this.handler;
  }

  /**
   * The next datagram.
   *
   *     const { bytes, from } = await socket.receive({ signal: AbortSignal.timeout(1_000) });
   *
   * @param options aborting its `signal` takes no datagram: what comes later is for whoever receives next.
   * @throws Error (by the promise, as all) two ways of receiving at once.
   * @throws IoError EBADF: it is closed; ECANCELED: it is closed here meanwhile; ECONNREFUSED and its like: see `onError`.
   */
  async receive(options?: WaitOptions): Promise<ReceivedDatagram> {
    const signal = signalOf(options);
    this.checkOpen('receive');
    const received = await this.next('receive', signal);
    if (received === null) throw new IoError('ECANCELED', 'receive', this.title, 'the socket was closed here');
    return received;
  }

  /**
   * `for await (const { bytes, from } of socket)`: `receive` until the socket is closed. Leaving the loop only stops receiving:
   * what was not received yet stays for whoever reads next.
   */
  [Symbol.asyncIterator](): AsyncIterator<ReceivedDatagram> {
    let waiting: Promise<ReceivedDatagram | null> | undefined;
    return {
      next: async () => {
        waiting = this.next('for await');
        const received = await waiting;
        return received === null ? { done: true, value: undefined } : { done: false, value: received };
      },
      return: () => {
        if (waiting !== undefined && waiting === this.waiting?.promise) {
          this.endReceiving(undefined);
          this.updateReceiving();
        }
        return Promise.resolve({ done: true, value: undefined });
      },
    };
  }

  /** Holds `onDatagram` back: what comes stays in the kernel's buffer. */
  pause(): void {
    this.paused = true;
    this.updateReceiving();
  }

  resume(): void {
    this.paused = false;
    this.updateReceiving();
  }

  /** What became of the datagrams that came. */
  get counters(): Readonly<DatagramCounters> {
    if (!this.isClosed) this.countDropped();
    return this.tally;
  }

  // For the driver

  /** @internal */
  onReceived(bytes: BufferList, from: Address): void {
    this.tally.received++;
    if (this.handler !== undefined) {
      this.scope.run(this.handler, undefined, bytes, from);
      return;
    }
    const { waiting } = this;
    this.waiting = undefined;
    this.updateReceiving();
    // A copy, since a reader may keep it for ever: see `Reader.receive`.
    waiting?.resolve({ bytes: bytes.copy(), from });
  }

  /** @internal */
  onTruncated(): void {
    this.tally.truncated++;
  }

  /** @internal */
  onRefused(code: number): void {
    this.report(this.refusal(code));
  }

  /** @internal */
  onStarved(): void {
    this.reactor.driver.cancel(this.receiver);
    this.reactor.receiveBuffer.whenAvailable(this, () => this.updateReceiving());
  }

  /** @internal */
  onReceiveEnd(failure: Error): void {
    if (!this.isOpen) return;
    // Datagrams with a wrong checksum announce themselves, and are gone when they are asked for.
    if (failure instanceof IoError && failure.code === 'ELOOP') {
      this.report(failure);
      this.updateReceiving();
    } else {
      this.fail(failure);
    }
  }

  private next(method: string, signal?: AbortSignal): Promise<ReceivedDatagram | null> {
    if (this.handler !== undefined) throw new Error(`${method}: the socket has an onDatagram handler; unset it first`);
    if (this.waiting !== undefined) throw new Error(`${method}: another receive is under way; await it first`);
    if (this.failure !== undefined) return Promise.reject(this.failure);
    if (!this.isOpen) return Promise.resolve(null);
    const waiting = (this.waiting = settling());
    this.updateReceiving();
    return unlessAborted(waiting.promise, signal, () => {
      if (this.waiting !== waiting) return false;
      this.waiting = undefined;
      this.updateReceiving();
      return true;
    });
  }

  protected override releaseDescriptor(): void {
    this.countDropped();
    super.releaseDescriptor();
  }

  protected override detachDescriptor(): number {
    this.countDropped();
    return super.detachDescriptor();
  }

  private countDropped(): void {
    const { tally } = this;
    const told = droppedDatagrams(this.descriptor.fd);
    // The kernel's number begins anew at 2^32.
    if (told !== undefined) tally.dropped = (tally.dropped ?? 0) + ((told - (tally.dropped ?? 0)) >>> 0);
  }

  protected updateReceiving(): void {
    const wanted = this.isOpen && ((this.handler !== undefined && !this.paused) || this.waiting !== undefined);
    if (!wanted) this.reactor.driver.cancel(this.receiver);
    else if (this.receiver.descriptor === undefined) this.reactor.driver.start(this.descriptor, this.receiver);
  }

  protected report(failure: Error): void {
    const { waiting } = this;
    if (this.onError !== undefined) {
      this.scope.run(this.onError, this, failure);
    } else if (waiting !== undefined) {
      this.waiting = undefined;
      this.updateReceiving();
      waiting.reject(failure);
    } else {
      process.emitWarning(failure.message, 'PolluxDatagramWarning');
    }
  }

  /** Nothing is received any more: a `receive` that waits is told that, an iteration ends. */
  protected endReceiving(failure: Error | undefined): void {
    const { waiting } = this;
    this.waiting = undefined;
    if (failure === undefined) waiting?.resolve(null);
    else waiting?.reject(failure);
  }

  protected get title(): string {
    return `descriptor ${this.descriptor.fd}`;
  }

  protected get isReceiving(): boolean {
    return this.waiting !== undefined;
  }

  protected abstract get isOpen(): boolean;
  protected abstract readonly hasMoved: boolean;
  /** What the socket broke with. */
  protected abstract get failure(): Error | undefined;
  /** @throws IoError the socket is closed. */
  protected abstract checkOpen(what: string): void;
  /** What the network said of a datagram that was sent earlier. */
  protected abstract refusal(code: number): Error;
  protected abstract fail(failure: Error): void;
}
