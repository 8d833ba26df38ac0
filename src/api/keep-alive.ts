/** Whether a handle (a socket, a watch) keeps the process alive while it is open. */
import type { Reactor } from '../core/reactor/reactor.js';

/**
 * What lives in a reactor and was counted there by `reactor.enter(true)`. It ends with `reactor.leave(isReferenced)`.
 */
export interface Handle {
  readonly reactor: Reactor;
  readonly isClosed: boolean;
  isReferenced: boolean;
}

/** The handle keeps the process alive, which is how it begins. */
export function ref<T extends Handle>(handle: T): T {
  if (!handle.isReferenced && !handle.isClosed) handle.reactor.reference(1);
  handle.isReferenced = true;
  return handle;
}

/** The process may exit although the handle is open. */
export function unref<T extends Handle>(handle: T): T {
  if (handle.isReferenced && !handle.isClosed) handle.reactor.reference(-1);
  handle.isReferenced = false;
  return handle;
}
