/** Sending a buffer list, in order and to the last byte. */
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../sys/ffi/constants.js';
import { EAGAIN, EINTR } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { MessageHeader } from '../../sys/socket/socket.js';
import { causeOf, sendListTo, sendTo } from '../../sys/socket/stream.js';
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
  /** Bytes that the last call was given. */
  private offered = 0;
  failure: Error | undefined = undefined;

  constructor(private readonly owner: SendOwner) {
    super();
  }

  get direction() {
    return 'write' as const;
  }

  attempt(fd: number): Outcome {
    const { queue, owner } = this;
    const { counters } = owner.reactor.driver;
    let budget = SEND_BYTES_PER_TURN;
    while (queue.length > 0) {
      if (budget <= 0) return AGAIN;
      counters.sends++;
      let sent: number;
      try {
        sent = this.sendFirst(fd);
      } catch (error) {
        // Memory that was held by reference is gone: the bytes after it must not take its place in the stream.
        this.fail(error as Error);
        return DONE;
      }
      if (sent < 0) {
        const code = errno();
        if (code === EAGAIN) return budget === SEND_BYTES_PER_TURN ? WAIT : AGAIN;
        if (code === EINTR) continue;
        this.fail(new IoError(causeOf(fd, code), 'send', `descriptor ${fd}`));
        return DONE;
      }
      queue.consume(sent);
      this.bytesSent += sent;
      counters.bytesSent += sent;
      budget -= sent;
      if (this.state !== TRYING) owner.onSendProgress();
      // A short count filled the socket; an event tells when there is room, so no call is spent on EAGAIN.
      if (sent < this.offered) return AGAIN;
    }
    return DONE;
  }

  complete(): void {
    this.owner.onSendEnd(this.failure);
  }

  /** One call with as much of the queue as it takes. @throws TypeError a buffer in the queue was transferred. */
  private sendFirst(fd: number): number {
    const { queue } = this;
    if (queue.segmentCount === 1) {
      this.offered = queue.firstLength;
      return sendTo(fd, queue.firstAddress, this.offered, FLAGS);
    }
    this.offered = queue.fillIovecs(iovecs);
    header.setCount(iovecs.count);
    return sendListTo(fd, header, FLAGS);
  }

  override cancelled(): void {
    this.queue.release();
  }

  fail(error: Error): void {
    this.failure = error;
    this.queue.release();
  }
}
