/**
 * A transfer that is paused reads nothing and writes nothing, so no event tells that a peer has reset its connection. The
 * vigil asks each end for its error now and then, and breaks the one that has one: a pause holds bytes back, and no end.
 */
import { SOL_SOCKET, SO_ERROR } from '../../sys/constants.js';
import { IoError } from '../../sys/io-error.js';
import { getIntOption } from '../../sys/socket.js';
import { VIGIL_MS } from '../limits.js';
import type { Reactor } from '../reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../timers.js';

/** An end of the transfer. */
export interface WatchedEnd {
  readonly isClosed: boolean;
  readonly ownFd: number;
  readonly isSocket: boolean;
  /** Resets the connection, which tells all that use it. */
  breakTurn(failure: Error): void;
}

export class Vigil implements TimerOwner {
  private timer: Timer = NO_TIMER;

  /** @param ends what its user calls each, for messages. */
  constructor(
    private readonly reactor: Reactor,
    private readonly ends: Readonly<Record<string, WatchedEnd>>,
  ) {}

  begin(): void {
    if (this.timer === NO_TIMER) this.timer = this.reactor.arm(this, 0, VIGIL_MS);
  }

  end(): void {
    this.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
  }

  onTimer(): void {
    this.timer = this.reactor.arm(this, 0, VIGIL_MS);
    for (const [name, end] of Object.entries(this.ends)) {
      // A pipe has no error of its own: a write tells that its reader has gone.
      if (end.isClosed || !end.isSocket) continue;
      const fd = end.ownFd;
      const errno = getIntOption(fd, SOL_SOCKET, SO_ERROR);
      if (errno !== 0) end.breakTurn(new IoError(errno, 'getsockopt', `${name}, descriptor ${fd}`));
    }
  }
}
