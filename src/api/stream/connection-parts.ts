/** What belongs to few connections, or goes along with one that leaves its thread. */
import { ifKnown } from '../../base/inspection.js';
import type { SendProgress } from '../../core/operations/send-progress.js';
import type { Timer } from '../../core/reactor/timers.js';
import { formatAddress, type Address } from '../../sys/socket/sockaddr.js';
import type { TimeoutKind, Timeouts } from './timeouts.js';
import type { QueueLimits } from '../options.js';
import type { Settling } from '../settling.js';

/** What few connections have, so that the many idle ones don't carry room for it. */
export interface Rare {
  timeouts?: Timeouts;
  closeTimer?: Timer;
  /** Once a timeout was due. */
  progress?: SendProgress;
  closed?: Settling<void>;
  failure?: Error;
  onTimeout?: (kind: TimeoutKind) => void;
  /** The peer has ended, and for a while nobody has read, sent or asked to be told. */
  nobodyCame?: true;
  keeper?: ConnectionKeeper;
}

/** Who counts a connection for as long as this thread has it. */
export interface ConnectionKeeper {
  /** It is closed, another thread's, or idle. */
  onReleased(): void;
  /** It is idle: the descriptor is the keeper's. */
  onIdle(fd: number): void;
}

/** What another thread needs to go on with a connection. */
export interface ConnectionDetails {
  /** Our side was ended: FIN goes out after what is queued, or has. */
  readonly hasEnded: boolean;
  readonly limits: QueueLimits;
}

/** An address for people to read, where there still is one. */
export function shownAddress(find: () => Address | undefined): string | undefined {
  const address = ifKnown(find);
  return address && formatAddress(address);
}
