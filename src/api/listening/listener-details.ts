/** What is known of a listener besides its descriptor: all that another thread needs to go on with it. */
import type { Address } from '../../sys/socket/sockaddr.js';
import type { QueueLimits, SocketOptions } from '../options.js';
import type { TimeoutOptions } from '../stream/parts/timeouts.js';
import type { SocketFile } from '../socket/socket-file.js';
import type { DeferAccept } from './defer-accept.js';

export interface ListenerDetails {
  /** Where it listens; the port is the real one, also if 0 was asked for. */
  readonly address: Address;
  /** What became of `reusePort`. */
  readonly reusePort: boolean;
  /** What became of `deferAccept`. */
  readonly deferAccept: DeferAccept;
  readonly limits: QueueLimits;
  /** How many may be open at once. Default Infinity. */
  readonly maxConnections?: number;
  /** Those that each connection begins with. */
  readonly timeouts?: TimeoutOptions;
  /** For connections, where they don't inherit them. */
  readonly socketOptions: SocketOptions;
  /** That of a Unix socket, if it has one. */
  readonly socketFile?: SocketFile;
  /**
   * It was opened elsewhere: other processes may have the socket too, so that its backlog and its filters are left
   * alone.
   */
  readonly isGiven?: boolean;
}
