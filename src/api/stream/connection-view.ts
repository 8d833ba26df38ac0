/** A connection, as its parts see it. */
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import type { ConnectionLife } from './parts/connection-life.js';
import type { ConnectionTerms } from './parts/connection-parts.js';
import type { ConnectionState } from './parts/connection-states.js';

export interface ConnectionView {
  readonly reactor: Reactor;
  readonly descriptor: Descriptor;
  readonly terms: ConnectionTerms;
  readonly state: ConnectionState;
  /** What it broke with. */
  readonly failure: Error | undefined;
  readonly ownFd: number;
  readonly isSocket: boolean;
  readonly inbound: { readonly bytesReceived: number };
  /** The user's handler, if there is one. */
  readonly onClose: unknown;
  /** Undefined while nothing has happened to the connection but bytes. */
  readonly life: ConnectionLife | undefined;
  needLife(): ConnectionLife;
  reset(failure: Error): void;
}
