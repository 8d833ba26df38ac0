/**
 * What the queues of a thread keep that nobody has read: each has a ceiling, and all together, since there may be many.
 */
import type { QueueDepth } from '../../core/reactor/inbox.js';
import { UNREAD_BYTES, UNREAD_BYTES_PER_QUEUE } from '../../core/limits.js';

export class Backlog {
  private bytes = 0;
  private overfullQueues = 0;
  private isOverfull = false;

  /** @param onOverfull told when senders are to hold back, and when no longer. */
  constructor(private readonly onOverfull: (overfull: boolean) => void) {}

  /** What one queue keeps has changed. */
  onChange(beforeBytes: number, afterBytes: number): void {
    this.bytes += afterBytes - beforeBytes;
    this.overfullQueues += Number(afterBytes > UNREAD_BYTES_PER_QUEUE) - Number(beforeBytes > UNREAD_BYTES_PER_QUEUE);
    const isOverfull = this.overfullQueues > 0 || this.bytes > UNREAD_BYTES;
    if (isOverfull === this.isOverfull) return;
    this.isOverfull = isOverfull;
    this.onOverfull(isOverfull);
  }
}

/** Queues that are looked at in one snapshot. */
const LONGEST = 20;

/** Begins the names of Pollux's own. */
const OWN = 'pollux: ';

/** Those in which something waits, the longest first. */
export function longestOf(queues: readonly QueueDepth[]): QueueDepth[] {
  const waiting = queues
    .filter(({ name, length }) => length > 0 && !name.startsWith(OWN))
    .sort((a, b) => b.length - a.length);
  return waiting.slice(0, LONGEST).map(({ name, length }) => ({ name, length }));
}
