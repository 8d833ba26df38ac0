/** Whether a connection is between two requests: what `listener.closeIdle` closes. */
import { unreadBytes } from '../../../sys/socket/unread-bytes.js';
import type { Connection } from '../connection.js';

/**
 * A connection is idle if somebody waits for its next bytes, the last bytes went out and not in, nothing is queued, and
 * nothing has come that was not received yet. One that has not sent anything is not: its first request may be on the
 * way.
 */
export function isIdle({ state, inbound, outbound, ownFd }: Connection): boolean {
  return state === 'open' && outbound?.hasAnswered === true && inbound.isAwaited && unreadBytes(ownFd) === 0;
}
