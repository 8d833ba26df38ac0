/** Whether a connection can be kept behind a response, and for how long. */
import type { MessageHead } from '../../../http/message-head.js';

export function mayReuse(head: MessageHead): boolean {
  if (!head.keepAlive) return false;
  // Fields that speak of a body where there is none: whatever follows may be one.
  return head.status !== 204 || (head.count('transfer-encoding') === 0 && (head.contentLength ?? 0) === 0);
}

/** How long the upstream keeps the connection, as it says; undefined: it does not. */
export function keptMs(head: MessageHead): number | undefined {
  const value = head.get('keep-alive');
  if (value === undefined) return undefined;
  const [, seconds] = /(?:^|[\s,])timeout=(\d{1,6})(?:$|[\s,;])/i.exec(value) ?? [];
  return seconds === undefined ? undefined : Number(seconds) * 1000;
}
