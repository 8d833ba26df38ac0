/**
 * Threads that have ended, the last of them: a process that starts threads for ever does not remember them for ever.
 */
import { ENDED_THREADS } from '../../core/limits.js';

export class RecentThreads {
  /** In the order in which they were added. */
  private readonly threads = new Set<number>();

  has(threadId: number): boolean {
    return this.threads.has(threadId);
  }

  add(threadId: number): void {
    this.threads.delete(threadId);
    this.threads.add(threadId);
    if (this.threads.size > ENDED_THREADS) this.threads.delete(this.threads.values().next().value!);
  }

  delete(threadId: number): void {
    this.threads.delete(threadId);
  }
}
