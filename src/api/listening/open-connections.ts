/**
 * The open connections of a listener: how many there are, how many there may be, and which of them are idle. A
 * connection costs no memory for it: the driver's table of descriptors is searched when somebody asks which they are.
 */
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { Connection } from '../stream/connection.js';
import type { ConnectionTerms } from '../stream/parts/connection-parts.js';
import { isIdle } from '../stream/parts/idle.js';
import type { ListenerDetails } from './listener-details.js';

/** The connections that a listener has accepted and that are open in this thread. */
export interface OpenConnections extends Iterable<Connection> {
  /** How many there are. It costs nothing to ask. */
  readonly size: number;
}

export class CountedConnections implements OpenConnections {
  size = 0;
  /** How many there may be; Infinity is no bound. */
  most: number;
  private readonly terms: ConnectionTerms;

  /** @param onRoom a connection has gone, and there may be one more. */
  constructor(
    private readonly reactor: Reactor,
    private readonly details: ListenerDetails,
    onRoom: () => void,
  ) {
    this.most = details.maxConnections ?? Infinity;
    const uncount = () => {
      this.size--;
      if (this.most !== Infinity) onRoom();
    };
    this.terms = { reactor, limits: details.limits, unread: 'drained', uncount };
  }

  get areFull(): boolean {
    return this.size >= this.most;
  }

  /**
   * Those that were open when the iteration began, but for those closed since. Each iteration looks at all descriptors.
   */
  *[Symbol.iterator](): Generator<Connection> {
    for (const { owner } of this.reactor.driver.registered.inCare()) {
      if (owner instanceof Connection && owner.terms === this.terms && !owner.isClosed) yield owner;
    }
  }

  /** Makes a connection of a descriptor that was accepted. */
  add(descriptor: Descriptor): Connection {
    const { timeouts } = this.details;
    const connection = new Connection(descriptor, this.terms);
    this.size++;
    if (timeouts !== undefined) connection.setTimeouts(timeouts);
    return connection;
  }

  closeIdle(mayClose: (connection: Connection) => boolean): number {
    let closed = 0;
    for (const connection of this) {
      if (!isIdle(connection) || !mayClose(connection)) continue;
      closed++;
      // Callers that wait for its end are told why it failed.
      connection.close().catch(() => {});
    }
    return closed;
  }
}
