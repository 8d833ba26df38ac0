/** What a connection is made of beside its two halves, and what goes along with one that leaves its thread. */
import { ifKnown } from '../../../base/inspection.js';
import type { Descriptor } from '../../../core/operations/operation.js';
import type { Reactor } from '../../../core/reactor/reactor.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { formatAddress, type Address } from '../../../sys/socket/sockaddr.js';
import type { QueueLimits } from '../../options.js';
import { titleOf } from '../../socket/socket.js';

/** What all connections of a listener share. */
export interface ConnectionTerms {
  readonly reactor: Reactor;
  readonly limits: QueueLimits;
  /**
   * What comes after our FIN while nobody reads. 'left' stays in the kernel, which holds the peer back. 'drained' is
   * received, so that the peer's FIN is: a server that answers and ends without a look at the request will not look
   * later.
   */
  readonly unread: 'left' | 'drained';
  /** Each of them is closed, or leaves the thread, some day. */
  readonly uncount?: () => void;
}

/**
 * The service of a runtime that a connection was accepted for. It counts the connection for as long as this thread has
 * it.
 */
export interface ConnectionService {
  /** The connection is closed, another thread's, or idle. */
  onReleased(): void;
  /** The connection is idle: the service owns the descriptor. */
  onIdle(fd: number): void;
}

/** What another thread needs to go on with a connection. */
export interface ConnectionDetails {
  /** Our side was ended: FIN goes out after what is queued, or has. */
  readonly hasEnded: boolean;
  readonly limits: QueueLimits;
}

/**
 * What a call gets that was under way when the connection was closed here.
 * @param name what a transfer's user calls it.
 */
export function cancelled(what: string, descriptor: Descriptor, name?: string): IoError {
  return new IoError('ECANCELED', what, titleOf(descriptor, name), 'the connection was closed here');
}

/** An address for people to read, where there still is one. */
export function shownAddress(find: () => Address | undefined): string | undefined {
  const address = ifKnown(find);
  return address && formatAddress(address);
}
