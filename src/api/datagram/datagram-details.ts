/** What is known of a datagram socket besides its descriptor: all that another thread needs to go on with it. */
import type { Address } from '../../sys/socket/sockaddr.js';
import type { SocketFile } from '../socket/socket-file.js';

/** Bounds of a datagram socket. */
export interface DatagramLimits {
  /** Longest datagram that is received; longer ones are dropped and counted. Default 65,535, at most 1 MiB. */
  readonly maxDatagramBytes: number;
  /** Datagrams that wait to be sent, each with 256 bytes for itself; a `send` beyond is refused. Default 16 MiB. */
  readonly maxQueuedBytes: number;
  /** How long `close` waits for what is queued to be sent. Default 30 s. */
  readonly closeTimeoutMs: number;
}

/** What is known of a datagram socket besides its descriptor. */
export interface DatagramDetails {
  /** Where it is bound; the port is the real one, also if 0 was asked for. */
  readonly address: Address;
  readonly reusePort: boolean;
  readonly limits: DatagramLimits;
  /** That of `connect`. */
  readonly peer?: Address;
  /** That of a Unix socket, if it has one. */
  readonly socketFile?: SocketFile;
}
