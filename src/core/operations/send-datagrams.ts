/** Sending datagrams: each whole or not at all, in order. */
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../sys/ffi/constants.js';
import { EAGAIN, EINTR, ENOBUFS } from '../../sys/ffi/errno.js';
import { errno } from '../../sys/ffi/libc.js';
import { SockaddrBlock, type Address } from '../../sys/socket/sockaddr.js';
import { isWritable } from '../../sys/poll/poll.js';
import { MessageHeader, sendmsg } from '../../sys/socket/socket.js';
import type { BufferList } from '../memory/buffer-list.js';
import type { DriverCounters } from '../driver/driver.js';
import { IovecTable } from '../memory/iovec-table.js';
import { DATAGRAMS_PER_TURN, IOVECS_PER_CALL, QUEUED_DATAGRAM_BYTES } from '../limits.js';
import { AGAIN, DONE, Operation, WAIT, type Outcome } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

/** One that waits for room. */
export class OutgoingDatagram {
  next: OutgoingDatagram | undefined = undefined;

  constructor(
    readonly bytes: BufferList,
    /** Undefined for the connected peer. */
    readonly to: Address | undefined,
    /** Told what became of it. */
    readonly settle: (failure: Error | undefined) => void,
  ) {}

  /** What it counts for in the queue. */
  get costBytes(): number {
    return this.bytes.length + QUEUED_DATAGRAM_BYTES;
  }
}

export interface SendDatagramsOwner {
  readonly reactor: Reactor;
  /** Where datagrams without an address of their own go. */
  readonly peer: Address | undefined;
  /** The kernel has taken a datagram that waited (0), or refused it (an errno); or its memory is gone. */
  onOutcome(datagram: OutgoingDatagram, outcome: number | Error): void;
  /** The queue is empty, or there is no room and nothing will tell when there is (`needsRest`). */
  onSendersOver(failure: Error | undefined): void;
}

const FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT;

/** One of each a thread: they are used within one call. */
const iovecs = new IovecTable(IOVECS_PER_CALL);
const name = new SockaddrBlock();
const toPeer = new MessageHeader(iovecs.address);
const toAddress = new MessageHeader(iovecs.address, name);

/**
 * sendmsg(2) of one datagram. The list stays as it is.
 *
 * @returns 0 when the kernel has taken it, otherwise an errno.
 * @throws TypeError memory in the list was transferred.
 */
export function sendDatagram(fd: number, list: BufferList, to: Address | undefined, counters: DriverCounters): number {
  if (list.segmentCount > IOVECS_PER_CALL) glue(list);
  list.fillIovecs(iovecs);
  // macOS wants a buffer, be it an empty one.
  if (iovecs.count === 0) iovecs.add(iovecs.address, 0);
  const header = to === undefined ? toPeer : toAddress;
  header.setCount(iovecs.count);
  if (to !== undefined) {
    name.encode(to);
    header.giveName();
  }
  for (;;) {
    counters.sends++;
    if (sendmsg(fd, header.address, FLAGS) >= 0) {
      counters.bytesSent += list.length;
      return 0;
    }
    const code = errno();
    if (code !== EINTR) return code;
  }
}

/** More ranges than one call takes become one: a datagram can't go in two calls. */
function glue(list: BufferList): void {
  const bytes = list.toBytes();
  list.release();
  list.append(bytes);
}

/** Whether it failed for want of room, and may go later. */
export function isFull(code: number): boolean {
  return code === EAGAIN || code === ENOBUFS;
}

/**
 * Whether an event will tell that there is room again. The queue of a Unix socket that we are not connected to wakes
 * nobody, and ENOBUFS is no matter of this socket: both find it writable all the time. FreeBSD does so of a Unix peer,
 * too, whose queue is full of small datagrams.
 */
export function isTold(fd: number, code: number, to: Address | undefined, peer: Address | undefined): boolean {
  if (code !== EAGAIN || to?.family === 'unix') return false;
  return peer?.family !== 'unix' || !isWritable(fd);
}

export class SendDatagrams extends Operation {
  first: OutgoingDatagram | undefined = undefined;
  queuedBytes = 0;
  /** There is no room, and no event will tell when there is. */
  needsRest = false;
  /** A call has just found no room: the attempt that follows need not find out again. */
  isBlocked = false;
  private last: OutgoingDatagram | undefined = undefined;
  private failure: Error | undefined = undefined;

  constructor(private readonly owner: SendDatagramsOwner) {
    super();
  }

  get direction() {
    return 'write' as const;
  }

  push(datagram: OutgoingDatagram): void {
    if (this.last === undefined) this.first = datagram;
    else this.last.next = datagram;
    this.last = datagram;
    this.queuedBytes += datagram.costBytes;
  }

  shift(): OutgoingDatagram | undefined {
    const { first } = this;
    if (first === undefined) return undefined;
    this.first = first.next;
    if (this.first === undefined) this.last = undefined;
    this.queuedBytes -= first.costBytes;
    return first;
  }

  /** @returns false: it is not in the queue. */
  remove(datagram: OutgoingDatagram): boolean {
    let before: OutgoingDatagram | undefined;
    let each = this.first;
    while (each !== undefined && each !== datagram) {
      before = each;
      each = each.next;
    }
    if (each === undefined) return false;
    if (before === undefined) this.first = datagram.next;
    else before.next = datagram.next;
    if (this.last === datagram) this.last = before;
    this.queuedBytes -= datagram.costBytes;
    return true;
  }

  attempt(fd: number): Outcome {
    if (this.isBlocked) {
      this.isBlocked = false;
      return WAIT;
    }
    const { owner } = this;
    const { counters } = owner.reactor.driver;
    for (let calls = 0; calls < DATAGRAMS_PER_TURN; calls++) {
      const { first } = this;
      if (first === undefined) return DONE;
      let outcome: number | Error;
      try {
        outcome = sendDatagram(fd, first.bytes, first.to, counters);
      } catch (error) {
        outcome = error as Error;
      }
      if (typeof outcome === 'number' && isFull(outcome)) {
        if (isTold(fd, outcome, first.to, owner.peer)) return calls === 0 ? WAIT : AGAIN;
        this.needsRest = true;
        return DONE;
      }
      this.shift();
      owner.onOutcome(first, outcome);
      if (this.descriptor === undefined) return AGAIN;
    }
    return AGAIN;
  }

  complete(): void {
    this.owner.onSendersOver(this.failure);
  }

  fail(error: Error): void {
    this.failure = error;
  }
}
