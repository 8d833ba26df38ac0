/** A connection as snapshots of its thread show it, be its descriptor with the reactor or in Node's loop. */
import type { Address } from '../../sys/socket/sockaddr.js';

/** What a snapshot asks of a connection. */
export interface ShownConnection {
  readonly ownFd: number;
  readonly state: string;
  readonly localAddress: Address | undefined;
  readonly remoteAddress: Address | undefined;
  readonly bytesReceived: number;
  readonly bytesSent: number;
  readonly queuedBytes: number;
}
