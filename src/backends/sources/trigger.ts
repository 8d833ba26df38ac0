/** Triggering a user source, from the thread that has it or from any other. */
import { nativeKqueue } from '../../sys/kqueue.js';
import { triggerKnote } from '../kqueue/user-event.js';
import { wakeBackend } from '../wake.js';
import type { UserHandle } from './contract.js';

/** @throws IoError EBADF: the source was closed, and its descriptor not used again. */
export function triggerUserEvent(handle: UserHandle): void {
  if (handle.kind !== 'kqueue') wakeBackend(handle);
  else triggerKnote(nativeKqueue(), handle.fd, handle.ident, handle.low, handle.high);
}
