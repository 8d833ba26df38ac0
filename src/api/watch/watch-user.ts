/** Events that the program itself brings about, from any of its threads. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import type { UserHandle, UserSource } from '../../backends/sources/contract.js';
import { triggerUserEvent } from '../../backends/sources/trigger.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { checkCallback, kindOf } from '../../base/arguments.js';
import { currentReactor } from '../thread-reactor.js';
import { EventWatch } from './event-watch.js';

export type { UserHandle };

/**
 * Watches for being triggered, by `watch.trigger()` here or by `triggerUser(watch.handle)` in any thread. However many
 * triggers come before the event, they are one.
 *
 * @returns a watch whose events are all `true`.
 * @throws IoError EMFILE, ENFILE. See eventfd(2), kqueue(2) (EVFILT_USER).
 */
export function watchUser(onTriggered?: () => void): UserWatch {
  checkCallback('onTriggered', onTriggered);
  return new UserWatch(currentReactor(), onTriggered);
}

/**
 * Triggers a user event from any thread; `handle` may be posted to a worker.
 *
 * A handle outlives its watch without harm, also where the number of the descriptor is another file's by now. The one
 * exception: worker threads of which Pollux was loaded in none that started them must not use a handle after the close.
 *
 * @throws IoError EBADF: the watch was closed.
 * @throws TypeError something else than a handle.
 */
export function triggerUser(handle: UserHandle): void {
  checkHandle(handle);
  triggerUserEvent(handle);
}

/** What is written to is a descriptor's number: any other would do harm. */
function checkHandle(handle: Partial<UserHandle> | null | undefined): void {
  const isHandle =
    typeof handle === 'object' &&
    handle !== null &&
    ['write', 'kevent'].includes(handle.call!) &&
    [handle.fd, handle.ident, handle.low, handle.high, handle.table, handle.loan].every(Number.isInteger) &&
    handle.fd! >= 0;
  if (!isHandle) throw new TypeError(`handle: ${kindOf(handle)}; allowed: the handle of a watch by watchUser`);
}

export class UserWatch extends EventWatch<true> {
  /** What another thread needs to trigger it: plain numbers. Valid until the watch is closed. */
  readonly handle: UserHandle;

  /** @internal Made by `watchUser`. */
  constructor(reactor: Reactor, onTriggered: (() => void) | undefined) {
    super(reactor, 'a user event', onTriggered);
    const source: UserSource = reactor.driver.sources.user();
    this.handle = source.handle;
    this.begin(source);
  }

  /** @throws IoError EBADF: the watch is closed. */
  trigger(): void {
    if (this.isClosed) throw wrongState('EBADF', 'trigger', 'the watch is closed');
    triggerUserEvent(this.handle);
  }

  protected override onTaken(): void {
    this.tell(true);
  }

  protected override merge(): true {
    return true;
  }
}
describeBy('UserWatch', UserWatch.prototype, watch => watch.describe());
