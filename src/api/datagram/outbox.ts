/** The sending side of a datagram socket: what the kernel has no room for waits here, in order and up to a ceiling. */
import { BufferList } from '../../core/memory/buffer-list.js';
import {
  DATAGRAM_REST_MS,
  LONGEST_DATAGRAM_REST_MS,
  MAX_DATAGRAM_BYTES,
  QUEUED_DATAGRAM_BYTES,
} from '../../core/limits.js';
import type { Descriptor } from '../../core/operations/operation.js';
import {
  isFull,
  isTold,
  OutgoingDatagram,
  sendDatagram,
  SendDatagrams,
  type SendDatagramsOwner,
} from '../../core/operations/send-datagrams.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { leaveReserve } from '../../core/memory/receive-buffer.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkSendable, type Sendable } from '../socket/sendable.js';
import { formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import type { QueuedDatagram } from './queued-datagrams.js';

export interface OutboxOwner {
  /** There is room again, after somebody had been told that there is none. */
  onRoom(): void;
  /** Nothing waits any more. */
  onFlushed(): void;
  /** The kernel does not watch the socket. */
  onBroken(failure: Error): void;
}

const REST_TIMER = 0;

/** Gives `sendDatagram` an array as a list, for the length of the call. */
const borrowed = new BufferList();

export class DatagramOutbox implements SendDatagramsOwner, TimerOwner {
  /** Datagrams that the kernel took. */
  sent = 0;
  /** Where datagrams without an address of their own go. */
  peer: Address | undefined = undefined;
  /** Somebody was told that there is no room, and waits to hear that there is. */
  needsDrain = false;

  private readonly sender = new SendDatagrams(this);
  private restTimer: Timer = NO_TIMER;
  private restMs = DATAGRAM_REST_MS;
  private isOver = false;

  constructor(
    readonly reactor: Reactor,
    private readonly descriptor: Descriptor,
    private readonly maxQueuedBytes: number,
    private readonly owner: OutboxOwner,
  ) {}

  /** Bytes that wait, with what each datagram costs besides. */
  get queuedBytes(): number {
    return this.sender.queuedBytes;
  }

  /** Nothing waits, and as far as is known there is room. */
  get isFlushed(): boolean {
    return this.sender.first === undefined && !this.sender.isWaiting && this.restTimer === NO_TIMER;
  }

  /**
   * Offers a datagram to the kernel. A list that was taken is empty after; otherwise it is as it was.
   *
   * @returns false when there is no room, or others wait for it already.
   * @throws IoError what the kernel said of it.
   */
  offer(part: Uint8Array | BufferList, to: Address | undefined): boolean {
    if (!this.isFlushed) return false;
    const list = part instanceof BufferList ? part : borrowed.append(part);
    let code: number;
    try {
      code = sendDatagram(this.descriptor.fd, list, to, this.reactor.driver.counters);
    } finally {
      if (list === borrowed) borrowed.release();
    }
    if (code === 0) {
      list.release();
      this.noteSent();
      return true;
    }
    if (!isFull(code)) throw this.refusal(code, to);
    if (isTold(this.descriptor.fd, code, to, this.peer)) {
      this.sender.isBlocked = true;
      this.run();
    } else {
      this.rest();
    }
    return false;
  }

  /**
   * Has a datagram wait that was offered in vain: a copy of an array, and what a list holds, which is empty after.
   *
   * @returns what `takeBack` needs.
   * @throws IoError ENOBUFS: the queue is at its ceiling.
   */
  push(
    part: Uint8Array | BufferList,
    to: Address | undefined,
    settle: (failure: Error | undefined) => void,
  ): OutgoingDatagram {
    const { queuedBytes } = this.sender;
    if (queuedBytes + part.length + QUEUED_DATAGRAM_BYTES > this.maxQueuedBytes) {
      const explanation = `${queuedBytes} bytes wait already; allowed: maxQueuedBytes (${this.maxQueuedBytes})`;
      throw new IoError('ENOBUFS', 'send', this.title(to), explanation);
    }
    const list = part instanceof BufferList ? part.take() : BufferList.from(new Uint8Array(part));
    leaveReserve(list, this.reactor.slab);
    const datagram = new OutgoingDatagram(list, to, settle);
    this.sender.push(datagram);
    return datagram;
  }

  /** Takes one out that still waits: it is not sent, and nobody is told. @returns false: it does not wait any more. */
  takeBack(datagram: OutgoingDatagram): boolean {
    if (!this.sender.remove(datagram)) return false;
    datagram.bytes.release();
    if (this.sender.first !== undefined) return true;
    if (!this.needsDrain) {
      // Nobody asks any more whether there is room.
      this.reactor.driver.cancel(this.sender);
      this.reactor.disarm(this.restTimer);
      this.restTimer = NO_TIMER;
    }
    this.owner.onFlushed();
    return true;
  }

  /** Takes over what waited elsewhere. It is sent in a turn that follows, before anything that is given later. */
  restore(waited: readonly QueuedDatagram[], settle: (failure: Error | undefined) => void): void {
    for (const { bytes, to } of waited) this.sender.push(new OutgoingDatagram(BufferList.from(bytes), to, settle));
    if (waited.length === 0) return;
    this.reactor.defer({
      onDeferred: () => {
        if (!this.isOver) this.run();
      },
    });
  }

  /** Sends no more. @returns what waited, for the caller to settle. */
  drop(): OutgoingDatagram[] {
    this.isOver = true;
    this.reactor.disarm(this.restTimer);
    this.restTimer = NO_TIMER;
    this.reactor.driver.cancel(this.sender);
    const waiting: OutgoingDatagram[] = [];
    for (let each = this.sender.shift(); each !== undefined; each = this.sender.shift()) waiting.push(each);
    return waiting;
  }

  /** What a refusal means, and to whom the datagram was to go. */
  refusal(code: number, to: Address | undefined, syscall = 'send'): IoError {
    const address = to ?? this.peer;
    // A Unix socket says it of the datagram at hand.
    const isReport = address?.family !== 'unix';
    const error = new IoError(code, syscall, this.title(to));
    if (error.code !== 'ECONNREFUSED' || !isReport) return error;
    return new IoError(code, syscall, this.title(to), 'nobody receives there, says the answer to an earlier datagram');
  }

  /** @internal */
  onOutcome({ bytes, to, settle }: OutgoingDatagram, outcome: number | Error): void {
    bytes.release();
    if (outcome === 0) this.noteSent();
    settle(outcome === 0 ? undefined : typeof outcome === 'number' ? this.refusal(outcome, to) : outcome);
  }

  /** @internal */
  onSendersOver(failure: Error | undefined): void {
    // Dropped, or at it again, since it was found to be over.
    if (this.isOver || this.sender.isWaiting) return;
    if (failure !== undefined) {
      this.owner.onBroken(failure);
    } else if (this.sender.needsRest) {
      this.sender.needsRest = false;
      this.rest();
    } else {
      if (this.needsDrain) {
        this.needsDrain = false;
        this.owner.onRoom();
      }
      if (this.isFlushed) this.owner.onFlushed();
    }
  }

  /** @internal The rest is over. */
  onTimer(): void {
    this.restTimer = NO_TIMER;
    this.run();
  }

  private run(): void {
    if (this.reactor.driver.submit(this.descriptor, this.sender)) this.onSendersOver(undefined);
  }

  private rest(): void {
    this.restTimer = this.reactor.arm(this, REST_TIMER, this.restMs);
    this.restMs = Math.min(2 * this.restMs, LONGEST_DATAGRAM_REST_MS);
  }

  private noteSent(): void {
    this.sent++;
    this.restMs = DATAGRAM_REST_MS;
  }

  private title(to: Address | undefined): string {
    const address = to ?? this.peer;
    return address === undefined ? `descriptor ${this.descriptor.fd}` : formatAddress(address);
  }
}

/** @throws TypeError something that can't be sent. */
export function checkedPart(data: Sendable): Uint8Array | BufferList {
  checkSendable('data', data);
  if (typeof data !== 'string') return data;
  // No datagram is longer, so that much of a long string need not be encoded to hear so from the kernel.
  if (data.length > MAX_DATAGRAM_BYTES) {
    throw new IoError('EMSGSIZE', 'send', undefined, `it has ${data.length} characters`);
  }
  return Buffer.from(data);
}
