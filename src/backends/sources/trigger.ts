/** Triggering a user source, from the thread that has it or from any other. */
import { ENOENT } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { beginUse, endUse, tableId } from '../../sys/file/owned-descriptors.js';
import { wakeBackend } from '../kit/wake.js';
import type { UserHandle } from './contract.js';

/**
 * The descriptor is written to only if it is the one that the handle was made of: its number may be another file's by
 * now.
 *
 * @param wake an argument, so that a test can be the kernel.
 * @throws IoError EBADF: the source was closed.
 */
export function triggerUserEvent(handle: UserHandle, wake: (handle: UserHandle) => void = wakeBackend): void {
  // A thread that was started before its parent loaded Pollux has another table, and can't look.
  if (handle.table !== tableId) {
    trigger(handle, wake);
    return;
  }
  if (!beginUse(handle.fd, handle.loan)) throw closed(handle);
  try {
    trigger(handle, wake);
  } finally {
    endUse();
  }
}

function trigger(handle: UserHandle, wake: (handle: UserHandle) => void): void {
  try {
    wake(handle);
  } catch (error) {
    // kqueue's word: the queue is there, and the event in it is not.
    if (error instanceof IoError && error.errno === ENOENT) throw closed(handle);
    throw error;
  }
}

function closed({ fd }: UserHandle): IoError {
  return new IoError('EBADF', 'wake', `descriptor ${fd}`, 'what the handle belongs to was closed');
}
