/** Sending a buffer list, in order and to the last byte. */
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../sys/ffi/constants.js';
import { EAGAIN, EINTR } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { MessageHeader } from '../../sys/socket/socket.js';
import { causeOf, sendListTo, sendTo } from '../../sys/socket/stream.js';
import type { DriverCounters } from '../driver/driver.js';
import { BufferList } from '../memory/buffer-list.js';
import { IovecTable } from '../memory/iovec-table.js';
import { IOVECS_PER_CALL, SEND_BYTES_PER_TURN } from '../limits.js';
import { AGAIN, DONE, Operation, TRYING, WAIT, type Outcome } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

export interface SendOwner {
  readonly reactor: Reactor;
  /** The queue has become shorter. */
  onSendProgress(): void;
  /** The queue is empty, or the stream broke and what was left of it is dropped. */
  onSendEnd(failure: Error | undefined): void;
}

const FLAGS = MSG_NOSIGNAL | MSG_DONTWAIT;

/** One table a thread: it is filled and handed to the kernel within one call. */
const iovecs = new IovecTable(IOVECS_PER_CALL);
const header = new MessageHeader(iovecs.address);

export class Send extends Operation {
  /** What is still to be sent; append to it at any time, then submit the operation unless it is under way. */
  readonly queue = new BufferList();
  bytesSent = 0;
  failure: Error | undefined = undefined;

  constructor(readonly owner: SendOwner) {
    super();
  }

  get direction() {
    return 'write' as const;
  }

  attempt(fd: number): Outcome {
    const { queue, owner } = this;
    const { counters } = owner.reactor.driver;
    let budget = SEND_BYTES_PER_TURN;
    for (;;) {
      const before = queue.length;
      let outcome: Outcome = DONE;
      let failure: Error | undefined;
      try {
        outcome = sendSome(fd, queue, counters, budget);
      } catch (error) {
        failure = error as Error;
      }
      const sent = before - queue.length;
      this.bytesSent += sent;
      budget -= sent;
      if (failure !== undefined) {
        this.fail(failure);
        return DONE;
      }
      if (sent > 0 && this.state !== TRYING) owner.onSendProgress();
      // Its owner may have dropped everything from within, or appended more.
      if (queue.length === 0) return DONE;
      if (outcome !== DONE || budget <= 0) return budget === SEND_BYTES_PER_TURN ? outcome : AGAIN;
    }
  }

  // By a ring

  /** The kernel has taken bytes from the front. */
  sent(lengthBytes: number): void {
    this.queue.consume(lengthBytes);
    this.bytesSent += lengthBytes;
    this.owner.reactor.driver.counters.bytesSent += lengthBytes;
  }

  /** What was asked for and has not been tried is tried, by a call, before it is given up. */
  tryOnce(fd: number): void {
    const before = this.queue.length;
    try {
      sendSome(fd, this.queue, this.owner.reactor.driver.counters, SEND_BYTES_PER_TURN);
    } catch {
      // The next call on the stream fails the same way.
    }
    this.bytesSent += before - this.queue.length;
  }

  breakBy(code: number, fd: number): void {
    this.fail(new IoError(causeOf(fd, code), 'send', `descriptor ${fd}`));
  }

  complete(): void {
    this.owner.onSendEnd(this.failure);
  }

  override cancelled(): void {
    this.queue.release();
  }

  fail(error: Error): void {
    this.failure = error;
    this.queue.release();
  }
}

/** Bytes that the last call was given. */
let offered = 0;

/**
 * Sends from the front of a list what the kernel takes now; the list keeps the rest.
 *
 * @param budgetBytes after which it stops.
 * @returns WAIT: the kernel took nothing; AGAIN: some is left; DONE: all went.
 * @throws IoError what the stream broke with. TypeError memory that the list held by reference is gone: the bytes after
 *   it must not take its place in the stream.
 */
export function sendSome(fd: number, list: BufferList, counters: DriverCounters, budgetBytes: number): Outcome {
  let left = budgetBytes;
  while (list.length > 0) {
    if (left <= 0) return AGAIN;
    counters.sends++;
    const sent = sendFirst(fd, list);
    if (sent < 0) {
      const code = errno();
      if (code === EAGAIN) return left === budgetBytes ? WAIT : AGAIN;
      if (code === EINTR) continue;
      throw new IoError(causeOf(fd, code), 'send', `descriptor ${fd}`);
    }
    list.consume(sent);
    counters.bytesSent += sent;
    left -= sent;
    // A short count filled the socket; an event tells when there is room, so no call is spent on EAGAIN.
    if (sent < offered) return AGAIN;
  }
  return DONE;
}

/** One call with as much of the list as it takes. @throws TypeError a buffer in the list was transferred. */
function sendFirst(fd: number, list: BufferList): number {
  if (list.segmentCount === 1) {
    offered = list.firstLength;
    return sendTo(fd, list.firstAddress, offered, FLAGS);
  }
  offered = list.fillIovecs(iovecs);
  header.setCount(iovecs.count);
  return sendListTo(fd, header, FLAGS);
}
