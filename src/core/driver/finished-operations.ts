/**
 * Operations that are over and not yet told to their owners. Each stays in its descriptor's queue until it is told, so
 * that `cancel` and `remove` find it there. One that was taken off is passed over here.
 */
import { READABLE, WRITABLE, type Interest } from '../../backends/contract.js';
import { firstWaiting, takeOut } from './operation-queue.js';
import { FINISHED, TOLD, type Descriptor, type Operation } from '../operations/operation.js';

export class FinishedOperations {
  private finished: Operation[] = [];
  private telling: Operation[] = [];
  /** How many of `telling` are done with; an exception of a callback leaves the rest for the next call. */
  private told = 0;

  get isEmpty(): boolean {
    return this.telling.length === 0 && this.finished.length === 0;
  }

  /** Whether an exception left some untold. */
  get isTelling(): boolean {
    return this.telling.length > 0;
  }

  add(operation: Operation): void {
    operation.state = FINISHED;
    this.finished.push(operation);
  }

  /** Ends all that wait on a descriptor. */
  failAll(descriptor: Descriptor, error: Error): void {
    this.failQueue(descriptor, READABLE, error);
    this.failQueue(descriptor, WRITABLE, error);
  }

  failQueue(descriptor: Descriptor, direction: Interest, error: Error): void {
    for (;;) {
      const operation = firstWaiting(direction === READABLE ? descriptor.reads : descriptor.writes);
      if (operation === undefined) return;
      operation.carrier?.recall();
      this.add(operation);
      operation.fail(error);
    }
  }

  /** Tells what was over before this call; what is over meanwhile has its turn in the next. */
  tell(): void {
    if (this.telling.length === 0) [this.telling, this.finished] = [this.finished, this.telling];
    const { telling } = this;
    while (this.told < telling.length) {
      const operation = telling[this.told++];
      // Taken off since, or submitted anew.
      if (operation.state !== FINISHED) continue;
      takeOut(operation);
      operation.state = TOLD;
      operation.complete();
    }
    telling.length = 0;
    this.told = 0;
  }
}
