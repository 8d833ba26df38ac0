/**
 * How sockets and files leave this thread: they are taken apart here, and another thread makes them again of the parts.
 */
import { kindOf } from '../base/arguments.js';

/** What of a connection or a datagram socket the kernel does not have. */
export interface InFlight {
  /** Sent, and not yet taken by the kernel. */
  readonly queued: Uint8Array;
  /** Received from the kernel, and not yet read. */
  readonly unread: Uint8Array;
}

export type Movable = 'connection' | 'listener' | 'file' | 'datagram socket';

/** What an object leaves that was taken apart. The descriptor belongs to the one that gets this. */
export interface Detached<Details extends object = object> {
  readonly fd: number;
  readonly details: Details;
  readonly inFlight?: InFlight;
}

/** What can take something over from this thread: a `Peer` of `pollux/threads`. */
export interface Destination {
  /**
   * Packs the user's state before anything is taken apart, so that a refusal costs nothing.
   *
   * @throws TypeError the state can't be cloned. @throws RangeError it is too long.
   */
  prepareMove(state: unknown): Move;
}

export interface Move {
  /** Gives the parts to the other thread. This thread's number of the descriptor is closed at the end in any case. */
  give(kind: Movable, parts: Detached): Promise<void>;
}

/** @throws TypeError no destination, or a state that can't be cloned. @throws RangeError a state that is too long. */
export function prepareMove(destination: Destination, state: unknown): Move {
  if (typeof (destination as Partial<Destination> | undefined)?.prepareMove !== 'function') {
    throw new TypeError(
      `peer: ${kindOf(destination)}; allowed: a Peer, such as endpoint.peer(address) or workers[0].peer`,
    );
  }
  return destination.prepareMove(state);
}
