/** Triggering a user source, from the thread that has it or from any other. */
import { IoError } from '../../sys/ffi/io-error.js';
import { beginUse, endUse, tableId } from '../../sys/file/owned-descriptors.js';
import { wakeBackend } from '../kit/wake.js';
import type { UserHandle } from './contract.js';

/**
 * The descriptor is written to only if it is the one that the handle was made of: its number may be another file's by now.
 *
 * @throws IoError EBADF: the source was closed.
 */
export function triggerUserEvent(handle: UserHandle): void {
  // A thread that was started before its parent loaded Pollux has another table, and can't look.
  if (handle.table !== tableId) {
    wakeBackend(handle);
    return;
  }
  if (!beginUse(handle.fd, handle.loan)) {
    throw new IoError('EBADF', 'wake', `descriptor ${handle.fd}`, 'what the handle belongs to was closed');
  }
  try {
    wakeBackend(handle);
  } finally {
    endUse();
  }
}
