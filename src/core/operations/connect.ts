/** Connecting one socket to one address. */
import { SOL_SOCKET, SO_LINGER } from '../../sys/ffi/constants.js';
import { isEphemeralPort } from '../../sys/socket/ephemeral-ports.js';
import { EAGAIN, ECONNREFUSED, EINPROGRESS, ENOTCONN, isRefusal } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { formatAddress, isLoopback, type Address } from '../../sys/socket/sockaddr.js';
import {
  connect,
  isReadyToSend,
  localAddress,
  pendingError,
  preferOption,
  remoteAddress,
} from '../../sys/socket/socket.js';
import { hasTcpInfo, wasAnsweredOnce } from '../../sys/socket/tcp-handshake.js';
import type { DriverCounters } from '../driver/driver.js';
import { DONE, Operation, WAIT, type Outcome } from './operation.js';

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

  override get happensOnce(): boolean {
    return true;
  }

  attempt(fd: number): Outcome {
    const { address } = this;
    if (!this.inProgress) {
      this.counters.connects++;
      const code = connect(fd, address);
      if (code !== EINPROGRESS) {
        // Only a Unix socket says EAGAIN: TCP would wait.
        if (code !== 0) this.refuse(code, code === EAGAIN ? 'the backlog of the listener is full' : undefined);
        else this.refuseItself(fd);
        return DONE;
      }
      this.inProgress = true;
      // On this machine the handshake is over by now, unless the backlog is full.
      if (!isLoopback(address)) return WAIT;
    }
    if (this.mayMeetItself && this.isAnsweredOnce(fd)) return DONE;
    if (!this.isConfirmed(fd)) return WAIT;
    if (this.failure === undefined) this.refuseItself(fd);
    return DONE;
  }

  complete(): void {
    this.settled(this);
  }

  fail(error: Error): void {
    this.failure = error;
  }

  /** An event may be spurious; only a socket with a peer is connected. @returns false: it is still under way. */
  private isConfirmed(fd: number): boolean {
    this.counters.connects++;
    try {
      remoteAddress(fd);
      return true;
    } catch (error) {
      this.counters.connects++;
      const code = pendingError(fd);
      const refusal = error as IoError;
      if (code !== 0) this.refuse(code);
      else if (refusal.errno === ENOTCONN) return false;
      // A sandbox does not say who the peer is: then only one who is there takes bytes.
      else if (!isRefusal(refusal.errno) || !isReadyToSend(fd)) this.failure = refusal;
    }
    return true;
  }

  private refuse(code: number, explanation?: string): void {
    this.failure = new IoError(code, 'connect', formatAddress(this.address), explanation);
  }

  private get mayMeetItself(): boolean {
    const { address } = this;
    return address.family !== 'unix' && isEphemeralPort(address.port);
  }

  /** One call that says both: it is connected, and not to itself. Where it says nothing the long way is gone. */
  private isAnsweredOnce(fd: number): boolean {
    if (!hasTcpInfo) return false;
    this.counters.connects++;
    return wasAnsweredOnce(fd);
  }

  /**
   * Where nobody listens on a port that the system may give to a socket, it may give it to this one, which then meets
   * itself: RFC 9293 allows that, and no user means it.
   */
  private refuseItself(fd: number): void {
    const { address } = this;
    if (address.family === 'unix' || !this.mayMeetItself) return;
    if (!isJoinedToItself(fd, address.port, this.counters)) return;
    preferOption(fd, SOL_SOCKET, SO_LINGER, AT_ONCE);
    this.refuse(ECONNREFUSED, 'nobody listens there, and the system joined the socket to itself');
  }
}

function isJoinedToItself(fd: number, port: number, counters: DriverCounters): boolean {
  try {
    counters.connects++;
    const local = localAddress(fd);
    if (local.family === 'unix' || local.port !== port) return false;
    return formatAddress(remoteAddress(fd)) === formatAddress(local);
  } catch {
    // The peer has gone already: it was another.
    return false;
  }
}
