/**
 * Snapshots that a worker has been asked for. One that hangs answers late or never, and is waited for no longer than
 * was said.
 */
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import type { ThreadSnapshot } from '../../observe/thread-snapshot.js';

type Answer = (snapshot: ThreadSnapshot | undefined) => void;

export class SnapshotRequests {
  private readonly waiting = new Map<number, Answer>();
  private lastNumber = 0;

  /** @returns undefined: no answer in time. */
  ask(timeoutMs: number, send: (number: number) => void): Promise<ThreadSnapshot | undefined> {
    const number = ++this.lastNumber;
    return new Promise(resolve => {
      const timer = setTimeout(() => this.onAnswer(number, undefined), timeoutMs);
      this.waiting.set(number, snapshot => {
        clearTimeout(timer);
        resolve(snapshot);
      });
      send(number);
    });
  }

  /** One that comes too late is nobody's. */
  onAnswer(number: number, snapshot: ThreadSnapshot | undefined): void {
    const answer = this.waiting.get(number);
    this.waiting.delete(number);
    answer?.(snapshot);
  }

  /** The worker has ended. */
  giveUp(): void {
    for (const number of [...this.waiting.keys()]) this.onAnswer(number, undefined);
  }
}
