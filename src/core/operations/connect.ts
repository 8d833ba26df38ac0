/** Connecting one socket to one address. */
import { SOL_SOCKET, SO_ERROR, SO_LINGER } from '../../sys/constants.js';
import { isEphemeralPort } from '../../sys/ephemeral-ports.js';
import { EAGAIN, ECONNREFUSED, EINPROGRESS, ENOTCONN } from '../../sys/errno.js';
import { IoError } from '../../sys/io-error.js';
import { formatAddress, type Address } from '../../sys/sockaddr.js';
import { connect, getIntOption, localAddress, remoteAddress, setOption } from '../../sys/socket.js';
import type { DriverCounters } from '../driver.js';
import { DONE, Operation, WAIT, type Outcome } from '../operation.js';

/** SO_LINGER with no time: close(2) resets, and the port is free at once. */
const AT_ONCE = new Uint8Array(Int32Array.of(1, 0).buffer);

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
    if (this.inProgress && !this.isConfirmed(fd)) return WAIT;
    if (this.failure === undefined) this.refuseItself(fd);
    return DONE;
  }

  complete(): void {
    this.settled(this);
  }

  fail(error: Error): void {
    this.failure = error;
  }

  /** An event may be spurious; only a socket with a peer is connected. */
  private isConfirmed(fd: number): boolean {
    this.counters.systemCalls++;
    try {
      remoteAddress(fd);
    } catch (error) {
      if ((error as IoError).errno === ENOTCONN) return false;
      this.failure = error as IoError;
    }
    return true;
  }

  /**
   * Where nobody listens on a port that the system may give to a socket, it may give it to this one, which then meets
   * itself: RFC 9293 allows that, and no user means it.
   */
  private refuseItself(fd: number): void {
    const { address } = this;
    if (address.family === 'unix' || !isEphemeralPort(address.port)) return;
    if (!isJoinedToItself(fd, address.port, this.counters)) return;
    setOption(fd, SOL_SOCKET, SO_LINGER, AT_ONCE);
    const explanation = 'nobody listens there, and the system joined the socket to itself';
    this.failure = new IoError(ECONNREFUSED, 'connect', formatAddress(address), explanation);
  }
}

function isJoinedToItself(fd: number, port: number, counters: DriverCounters): boolean {
  try {
    counters.systemCalls++;
    const local = localAddress(fd);
    if (local.family === 'unix' || local.port !== port) return false;
    return formatAddress(remoteAddress(fd)) === formatAddress(local);
  } catch {
    // The peer has gone already: it was another.
    return false;
  }
}
