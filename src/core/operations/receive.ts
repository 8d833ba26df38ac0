/** Receiving, continuously: every arrival goes to the owner, until it stops or the stream ends. */
import type { BufferList } from '../memory/buffer-list.js';
import { EAGAIN, EINTR } from '../../sys/ffi/errno.js';
import { errno } from '../../sys/ffi/libc.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { receiveFrom } from '../../sys/socket/stream.js';
import { RECEIVES_PER_TURN } from '../limits.js';
import { AGAIN, DONE, Operation, TOLD, WAIT, type Outcome } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

export interface ReceiveOwner {
  readonly reactor: Reactor;
  /** Bytes that hold during the call only, unless they are taken out of the list. */
  onReceived(chunk: BufferList): void;
  /** Its user keeps too much of the memory: stop, and start again when some is released. */
  onStarved(): void;
  /** The peer sent its last byte, or the stream broke. */
  onReceiveEnd(failure: Error | undefined): void;
  /** Whether it takes all that comes until it says otherwise, so that a ring may receive ahead of it. */
  readonly takesAhead?: boolean;
  /** Bytes that a ring had received when it was told otherwise: they come before what the kernel has. */
  onLeftOver?(chunk: BufferList): void;
}

export class Receive extends Operation {
  /** How the stream ended; undefined while it goes on. */
  private end: 'FIN' | Error | undefined = undefined;

  constructor(readonly owner: ReceiveOwner) {
    super();
  }

  /** The owner was told that the stream has ended or broken; starting again would only say so again. */
  get isOver(): boolean {
    return this.state === TOLD;
  }

  get direction() {
    return 'read' as const;
  }

  attempt(fd: number): Outcome {
    // It was taken off before the end could be told: the kernel tells an error once.
    if (this.end !== undefined) return DONE;
    const { owner } = this;
    const { receiveBuffer: buffer, driver } = owner.reactor;
    for (let calls = 0; calls < RECEIVES_PER_TURN; calls++) {
      if (!buffer.reserve(owner)) {
        owner.onStarved();
        return WAIT;
      }
      const roomBytes = buffer.roomBytes;
      const received = receiveFrom(fd, buffer.address, roomBytes);
      driver.counters.receives++;
      if (received > 0) {
        driver.counters.bytesReceived += received;
        try {
          owner.onReceived(buffer.fill(received));
        } finally {
          // Also after an exception: the next call must not write over what was taken.
          buffer.settle(received, owner);
        }
        // With levels a short count saves the call that says EAGAIN; with edges urgent data can cut a call short.
        if (this.descriptor === undefined || received < roomBytes) return AGAIN;
      } else if (received === 0) {
        this.end = 'FIN';
        return DONE;
      } else {
        const code = errno();
        if (code === EAGAIN) return calls === 0 ? WAIT : AGAIN;
        if (code === EINTR) continue;
        this.fail(new IoError(code, 'recv', `descriptor ${fd}`));
        return DONE;
      }
    }
    return AGAIN;
  }

  // By a ring

  override get isCarriable(): boolean {
    return this.owner.takesAhead === true && this.end === undefined;
  }

  /** The stream is over. @param code 0: the peer sent its last byte; an errno: what it broke with. */
  endBy(code: number, fd: number): void {
    this.end = code === 0 ? 'FIN' : new IoError(code, 'recv', `descriptor ${fd}`);
  }

  complete(): void {
    this.owner.onReceiveEnd(this.end === 'FIN' ? undefined : this.end);
  }

  fail(error: Error): void {
    this.end = error;
  }
}
