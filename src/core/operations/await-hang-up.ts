/**
 * Learning that the peer has gone, on a connection that is not being read. What the peer sent stays where it is: the
 * bytes are looked at (MSG_PEEK) and never taken.
 */
import { PRIORITY, READABLE, type Interest } from '../../backends/contract.js';
import { MSG_DONTWAIT, MSG_PEEK } from '../../sys/ffi/constants.js';
import { EAGAIN, EINTR, ENOTSOCK, ENOTSUP } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { NativeBlock } from '../../sys/ffi/memory.js';
import { pendingError, recv } from '../../sys/socket/socket.js';
import { DONE, Operation, WAIT, type Descriptor, type Outcome } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

export interface AwaitHangUpOwner {
  readonly reactor: Reactor;
  /** Whether the bytes that wait are somebody's who reads now and then: then they come before what broke the stream. */
  readonly hasReader: boolean;
  /** The peer's FIN was read already. */
  readonly hasPeerEnded: boolean;
  /** Our FIN is sent, or will be after what is queued. */
  readonly hasEnded: boolean;
  /**
   * Whether a FIN behind which nothing is unread is to be told: otherwise the user may go on writing, and read it
   * later.
   */
  readonly heedsEnd: boolean;
  /** The peer sent FIN and nothing is unread, or the stream broke. */
  onHangUp(failure: Error | undefined): void;
  /** The peer sent FIN and nothing is unread, which is not heeded. The operation goes on. */
  onEndIgnored(): void;
  /** Both ends have ended, as far as can be known, and bytes are unread. The operation goes on, or is over. */
  onUnreadAtEnd(): void;
}

/** Events that told nothing, after which it rests: urgent data, or both ends closed over unread bytes. */
const MISSES = 2;

const byte = new NativeBlock(8);

export class AwaitHangUp extends Operation {
  private failure: IoError | undefined = undefined;
  private misses = 0;

  /**
   * @param waitsFor READABLE tells of a FIN; PRIORITY, which is what remains once bytes lie unread, of a reset and of
   *   the end of both directions, since the system reports these whatever was asked for. 0: nothing will be told.
   */
  constructor(
    private readonly owner: AwaitHangUpOwner,
    private waitsFor: Interest,
  ) {
    super();
  }

  get direction() {
    return 'read' as const;
  }

  override get interest(): Interest {
    return this.waitsFor;
  }

  override get yieldsToWatch(): boolean {
    return true;
  }

  attempt(fd: number): Outcome {
    if (this.failure !== undefined) return DONE;
    // The FIN that was read is reported as long as it is asked for. Most connections are closed before, and ask for
    // nothing.
    if (this.waitsFor === READABLE && this.owner.hasPeerEnded) {
      this.waitsFor = PRIORITY;
      return WAIT;
    }
    this.owner.reactor.driver.counters.looks++;
    const received = recv(fd, byte.address, 1, MSG_PEEK | MSG_DONTWAIT);
    if (received === 0 && this.owner.heedsEnd) return DONE;
    if (received < 0) {
      const code = errno();
      if (code === EAGAIN || code === EINTR) return WAIT;
      // A pipe: nothing can be looked at without being taken.
      if (code === ENOTSOCK) this.waitsFor = 0;
      else return this.end(new IoError(code, 'recv', `descriptor ${fd}`));
    } else if (this.waitsFor === READABLE) {
      this.waitsFor = PRIORITY;
      if (received === 0) this.owner.onEndIgnored();
    } else {
      // A reader finds the end by itself, where it goes on reading.
      const isReaders = this.owner.hasReader && received > 0;
      const code = isReaders ? 0 : pendingError(fd);
      if (code !== 0) return this.end(new IoError(code, 'recv', `descriptor ${fd}`));
      if (++this.misses === MISSES) this.waitsFor = 0;
      if (received > 0 && this.owner.hasEnded) this.owner.onUnreadAtEnd();
    }
    return WAIT;
  }

  complete(): void {
    if (this.failure?.errno !== ENOTSUP) this.owner.onHangUp(this.failure);
    // Where the system does not watch for it, it is learnt by reading or writing: after our FIN by reading alone.
    else if (this.owner.hasEnded) this.owner.onUnreadAtEnd();
  }

  fail(error: IoError): void {
    this.failure = error;
  }

  private end(failure: IoError): Outcome {
    this.failure = failure;
    return DONE;
  }
}

/**
 * Begins to watch. A FIN is not asked for where one who paused, or reads bit by bit, finds it behind what is unread;
 * but it is after our own, since nothing is left to do for the connection then.
 */
export function watchForPeer(owner: AwaitHangUpOwner, descriptor: Descriptor): AwaitHangUp {
  const operation = new AwaitHangUp(owner, owner.hasEnded || !owner.hasReader ? READABLE : PRIORITY);
  try {
    owner.reactor.driver.start(descriptor, operation);
  } catch {
    // The system does not watch it: then it is learnt by reading or writing.
    if (owner.hasEnded) owner.onUnreadAtEnd();
  }
  return operation;
}
