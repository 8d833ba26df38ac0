/** Connecting one socket to one address. */
import { SOL_SOCKET, SO_ERROR } from '../../sys/constants.js';
import { EAGAIN, EINPROGRESS, ENOTCONN } from '../../sys/errno.js';
import { IoError } from '../../sys/io-error.js';
import { formatAddress, type Address } from '../../sys/sockaddr.js';
import { connect, getIntOption, remoteAddress } from '../../sys/socket.js';
import type { DriverCounters } from '../driver.js';
import { DONE, Operation, WAIT, type Outcome } from '../operation.js';

export class Connect extends Operation {
  failure: Error | undefined = undefined;
  private inProgress = false;

  /** @param settled told when the operation is over, unless `submit` said so. */
  constructor(
    private readonly address: Address,
    private readonly counters: DriverCounters,
    private readonly settled: (operation: Connect) => void,
  ) {
    super();
  }

  get direction() {
    return 'write' as const;
  }

  attempt(fd: number): Outcome {
    this.counters.systemCalls++;
    const code = this.inProgress ? getIntOption(fd, SOL_SOCKET, SO_ERROR) : connect(fd, this.address);
    if (code === EINPROGRESS) {
      this.inProgress = true;
      return WAIT;
    }
    if (code !== 0) {
      // Only a Unix socket says so: TCP would wait.
      const explanation = code === EAGAIN ? 'the backlog of the listener is full' : undefined;
      this.failure = new IoError(code, 'connect', formatAddress(this.address), explanation);
      return DONE;
    }
    return this.inProgress ? this.confirm(fd) : DONE;
  }

  complete(): void {
    this.settled(this);
  }

  fail(error: Error): void {
    this.failure = error;
  }

  /** An event may be spurious; only a socket with a peer is connected. */
  private confirm(fd: number): Outcome {
    this.counters.systemCalls++;
    try {
      remoteAddress(fd);
    } catch (error) {
      if ((error as IoError).errno === ENOTCONN) return WAIT;
      this.failure = error as IoError;
    }
    return DONE;
  }
}
