/** The receiving side of a datagram socket: datagrams are handed on by callback, or by promise. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { Descriptor } from '../../core/operations/operation.js';
import { ReceiveDatagrams, type ReceiveDatagramsOwner } from '../../core/operations/receive-datagrams.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import type { Address } from '../../sys/socket/sockaddr.js';
import { droppedDatagrams } from '../../sys/socket/socket.js';
import { DATAGRAM_WAYS } from '../one-way.js';
import { Pull, type PullSource } from '../pull.js';
import { titleOf } from '../socket/socket.js';
import type { DatagramCounters, DatagramHandler, ReceivedDatagram } from './datagram-input.js';

/** The socket, as its receiving side sees it. */
export interface InboxOwner {
  readonly reactor: Reactor;
  readonly descriptor: Descriptor;
  readonly state: 'open' | 'closing' | 'closed' | 'moved';
  /** What the socket broke with. */
  readonly failure: Error | undefined;
  readonly onError: ((failure: Error) => void) | undefined;
  /** What the network said of a datagram that was sent earlier. */
  refusal(code: number): Error;
  fail(failure: Error): void;
}

export class DatagramInbox implements ReceiveDatagramsOwner, PullSource<ReceivedDatagram> {
  /** What `receive` and `for await` take their datagrams by. */
  readonly pull = new Pull<ReceivedDatagram>(this);

  private readonly tally: DatagramCounters = { received: 0, truncated: 0, dropped: undefined };
  private readonly receiver: ReceiveDatagrams;
  private handler: DatagramHandler | undefined = undefined;
  private paused = false;

  constructor(
    private readonly socket: InboxOwner,
    maxDatagramBytes: number,
  ) {
    this.receiver = new ReceiveDatagrams(this, maxDatagramBytes);
  }

  get reactor(): Reactor {
    return this.socket.reactor;
  }

  get onDatagram(): DatagramHandler | undefined {
    return this.handler;
  }

  /** @throws IoError EBUSY: a `receive` is under way; EBADF: the socket was moved to another thread. */
  setHandler(handler: DatagramHandler | undefined): void {
    if (handler !== undefined && this.socket.state === 'moved') {
      throw wrongState('EBADF', 'onDatagram', 'the socket was moved to another thread', this.title);
    }
    if (handler !== undefined && this.pull.isWaiting) throw DATAGRAM_WAYS.itemsAreTaken(this.title);
    this.handler = handler;
    this.update();
  }

  checkFree(call: string): void {
    if (this.handler !== undefined) throw DATAGRAM_WAYS.handlerIsSet(call, this.title);
    if (this.pull.isWaiting) throw DATAGRAM_WAYS.callIsUnderWay(call, this.title);
  }

  takeNext(): null | undefined {
    const { state, failure } = this.socket;
    if (failure !== undefined) throw failure;
    return state === 'open' ? undefined : null;
  }

  onWaiting(): void {
    this.update();
  }

  setPaused(isPaused: boolean): void {
    this.paused = isPaused;
    this.update();
  }

  get counters(): Readonly<DatagramCounters> {
    const { state } = this.socket;
    if (state === 'open' || state === 'closing') this.countDropped();
    return this.tally;
  }

  // For the driver

  onReceived(bytes: BufferList, from: Address): void {
    this.tally.received++;
    if (this.handler !== undefined) {
      this.socket.descriptor.scope.run(this.handler, undefined, bytes, from);
      return;
    }
    // A copy, since a receiver may keep it for ever: see `InboundHalf`.
    if (this.pull.isWaiting) this.pull.give({ bytes: bytes.copy(), from });
  }

  onTruncated(): void {
    this.tally.truncated++;
  }

  onRefused(code: number): void {
    this.report(this.socket.refusal(code));
  }

  onStarved(): void {
    this.reactor.driver.cancel(this.receiver);
    this.reactor.receiveBuffer.whenAvailable(this, () => this.update());
  }

  onReceiveEnd(failure: Error): void {
    if (this.socket.state !== 'open') return;
    // Datagrams with a wrong checksum announce themselves, and are gone when they are asked for.
    if (failure instanceof IoError && failure.code === 'ELOOP') {
      this.report(failure);
      this.update();
    } else {
      this.socket.fail(failure);
    }
  }

  /** The descriptor goes: the kernel is asked a last time. */
  onDescriptorGone(): void {
    this.countDropped();
    this.reactor.receiveBuffer.forget(this);
  }

  private countDropped(): void {
    const { tally } = this;
    const told = droppedDatagrams(this.socket.descriptor.fd);
    // The kernel's number begins anew at 2^32.
    if (told !== undefined) tally.dropped = (tally.dropped ?? 0) + ((told - (tally.dropped ?? 0)) >>> 0);
  }

  /** Receives if somebody wants it. */
  update(): void {
    const wanted =
      this.socket.state === 'open' && ((this.handler !== undefined && !this.paused) || this.pull.isWaiting);
    if (!wanted) this.reactor.driver.cancel(this.receiver);
    else if (this.receiver.descriptor === undefined) this.reactor.driver.start(this.socket.descriptor, this.receiver);
  }

  /** Tells of something that no call can be blamed for. */
  report(failure: Error): void {
    const { pull, socket } = this;
    const { onError } = socket;
    if (onError !== undefined) {
      socket.descriptor.scope.run(onError, socket, failure);
    } else if (pull.isWaiting) {
      pull.refuse(failure);
    } else {
      process.emitWarning(failure.message, 'PolluxDatagramWarning');
    }
  }

  private get title(): string {
    return titleOf(this.socket.descriptor);
  }
}
