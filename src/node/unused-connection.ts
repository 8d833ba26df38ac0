/** What can be given to Node: a connection that is open and that nobody uses. */
import { kindOf } from '../base/arguments.js';
import { Connection } from '../api/stream/connection.js';
import { CONNECTION_WAYS } from '../api/one-way.js';
import { IoError } from '../sys/ffi/io-error.js';

/**
 * @param call that the user made, for messages.
 * @throws TypeError no connection. @throws IoError EBADF: it is closed; EBUSY: it has a handler that reads.
 */
export function checkUnused(call: string, connection: Connection): void {
  if (!(connection instanceof Connection)) {
    throw new TypeError(`connection: ${kindOf(connection)}; allowed: a Connection`);
  }
  if (connection.isClosed) throw new IoError('EBADF', call, 'connection', 'it is closed, or was moved or released');
  if (connection.onData !== undefined) throw CONNECTION_WAYS.handlerIsSet(call);
}
