/** A connection has one reader at a time, a transfer included: what refuses another one. */
import { wrongState } from '../../../sys/ffi/io-error.js';
import { CONNECTION_WAYS } from '../../one-way.js';
import { titleOf } from '../../socket/socket.js';
import type { ConnectionView } from '../connection-view.js';

/** The inbound half, as these checks see it. */
export interface Readable {
  readonly connection: ConnectionView;
  readonly onData: unknown;
  /** Whether a transfer has the read side. */
  readonly isLent: boolean;
  /** Whether a call waits for bytes. */
  readonly isReading: boolean;
  checkNothingLost(): void;
}

/**
 * @param name what the user of a transfer calls the connection.
 * @throws IoError EBUSY: somebody reads; EBADF: the connection was moved.
 */
export function checkFree(half: Readable, call: string, name?: string): void {
  checkNotLent(half, call, name);
  const { descriptor } = half.connection;
  if (half.onData !== undefined) throw CONNECTION_WAYS.handlerIsSet(call, titleOf(descriptor, name));
  if (half.isReading) throw CONNECTION_WAYS.callIsUnderWay(call, titleOf(descriptor, name));
}

/** Before `onData` is set. @throws IoError as `checkFree`, and ENOBUFS: bytes were thrown away. */
export function checkNoOtherReader(half: Readable): void {
  checkNotLent(half, 'onData');
  half.checkNothingLost();
  if (half.isReading) throw CONNECTION_WAYS.itemsAreTaken(titleOf(half.connection.descriptor));
}

/** Before bytes are put back. @throws IoError EBUSY: somebody waits for bytes; EBADF: the connection was moved. */
export function checkNobodyWaits(half: Readable): void {
  checkNotLent(half, 'unread');
  if (!half.isReading) return;
  throw wrongState('EBUSY', 'unread', 'a read is under way; await it first', titleOf(half.connection.descriptor));
}

function checkNotLent({ connection, isLent }: Readable, call: string, name?: string): void {
  const { state, descriptor } = connection;
  if (state === 'moved') {
    throw wrongState('EBADF', call, 'the connection was moved to another thread', titleOf(descriptor, name));
  }
  if (isLent) throw wrongState('EBUSY', call, 'the connection is joined or copied from', titleOf(descriptor, name));
}
