/**
 * The channels of `node:diagnostics_channel` on which Pollux tells what happens. Ask `hasSubscribers` before
 * publishing: while nobody listens an event costs one load.
 */
import { channel, type Channel } from 'node:diagnostics_channel';

/** A connection has been accepted, connected or adopted. Payload: `{ connection }`. */
export const connectionOpen: Channel = channel('pollux:connection:open');
/** The descriptor is closed. Payload: `{ connection, failure }`; `failure` is undefined after an orderly end. */
export const connectionClose: Channel = channel('pollux:connection:close');
/** A connection was ended by a failure; `close` follows. Payload: `{ connection, error }`. */
export const connectionError: Channel = channel('pollux:connection:error');
/** A turn, or what ran between two turns, took long. Payload: a `SlowTurn`. */
export const turnSlow: Channel = channel('pollux:turn:slow');
/** A descriptor was reported ready over and over, and nothing moved. Payload: a `Spin`. */
export const descriptorSpin: Channel = channel('pollux:descriptor:spin');

/** Payload of `pollux:descriptor:spin`. The descriptor is still open: what the kernel says of it can be asked. */
export interface Spin {
  readonly fd: number;
  /** The object that has the descriptor: a Connection, a Listener, a DatagramSocket. */
  readonly owner: object | undefined;
  /** Events in a row that brought nothing. */
  readonly events: number;
}
