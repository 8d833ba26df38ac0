/** Accepting, continuously: each connection goes to the owner, within a budget a turn. */
import { EAGAIN, ECONNABORTED, EINTR, EMFILE, ENFILE, ENOBUFS, ENOMEM, errnoNumber } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { accept } from '../../sys/socket/socket.js';
import { ACCEPTS_PER_TURN, FULFILLED_ACCEPTS, REFUSED_ACCEPTS } from '../limits.js';
import { AGAIN, DONE, Operation, WAIT, type Outcome } from './operation.js';
import type { Reactor } from '../reactor/reactor.js';

export interface AcceptOwner {
  readonly reactor: Reactor;
  /** A new connection, non-blocking; its descriptor is the owner's. */
  onAccepted(fd: number): void;
  /**
   * No descriptor or memory is left for the next one, which waits in the backlog, or one after the other is refused, as
   * by a sandbox: stop for a while.
   */
  onExhausted(error: IoError): void;
  /** The listener itself broke. */
  onAcceptEnd(failure: Error): void;
}

/** Errors of the connection that was about to be accepted, not of the listener: accept(2) says to go on. */
const OF_THE_CONNECTION = new Set([
  ECONNABORTED,
  ...['EPROTO', 'ENETDOWN', 'ENOPROTOOPT', 'EHOSTDOWN', 'EHOSTUNREACH', 'ENETUNREACH', 'EPERM'].map(errnoNumber),
]);
const EXHAUSTION = new Set([EMFILE, ENFILE, ENOBUFS, ENOMEM]);

/** Whether the process or the system has no room for another connection. */
export function isExhaustion({ errno: code }: IoError): boolean {
  return EXHAUSTION.has(code);
}

export class Accept extends Operation {
  private failure: Error | undefined = undefined;
  /** Connections in a row that were refused by an error of their own. */
  private refusals = 0;
  /**
   * Connections to expect of an attempt, so that no call is spent on hearing that there are no more: as many as there
   * were, and twice as many once there were so many several times in a row.
   */
  private expected = 1;
  private fulfilled = 0;

  constructor(private readonly owner: AcceptOwner) {
    super();
  }

  get direction() {
    return 'read' as const;
  }

  attempt(fd: number): Outcome {
    const { counters } = this.owner.reactor.driver;
    const { expected } = this;
    for (let calls = 0; calls < expected; calls++) {
      counters.accepts++;
      const accepted = accept(fd);
      if (accepted >= 0) {
        this.refusals = 0;
        this.owner.onAccepted(accepted);
      } else {
        const code = errno();
        if (code === EAGAIN) {
          this.expected = Math.max(calls, 1);
          this.fulfilled = 0;
          return calls === 0 ? WAIT : AGAIN;
        }
        if (code === EINTR) continue;
        const isOfTheConnection = OF_THE_CONNECTION.has(code);
        if (isOfTheConnection && ++this.refusals < REFUSED_ACCEPTS) continue;
        this.refusals = 0;
        const error = new IoError(code, 'accept', `descriptor ${fd}`);
        if (!isOfTheConnection && !EXHAUSTION.has(code)) {
          this.failure = error;
          return DONE;
        }
        this.owner.onExhausted(error);
      }
      if (this.descriptor === undefined) return AGAIN;
    }
    // There may be more: an event tells.
    if (++this.fulfilled === FULFILLED_ACCEPTS) {
      this.expected = Math.min(expected * 2, ACCEPTS_PER_TURN);
      this.fulfilled = 0;
    }
    return AGAIN;
  }

  complete(): void {
    this.owner.onAcceptEnd(this.failure!);
  }

  fail(error: Error): void {
    this.failure = error;
  }
}
