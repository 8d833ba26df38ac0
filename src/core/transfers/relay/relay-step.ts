/**
 * A relay's place in the queue of a descriptor: of its source while it waits for bytes, of its sink while it waits for
 * room.
 */
import { Operation, type Direction, type Outcome } from '../../operations/operation.js';

export interface RelayStepOwner {
  step(): Outcome;
  /** The step answered DONE, or the system refuses to watch the descriptor. */
  onStepOver(): void;
  onStepFailed(step: RelayStep, failure: Error): void;
}

export class RelayStep extends Operation {
  constructor(
    private readonly owner: RelayStepOwner,
    readonly direction: Direction,
  ) {
    super();
  }

  attempt(): Outcome {
    return this.owner.step();
  }

  complete(): void {
    this.owner.onStepOver();
  }

  fail(error: Error): void {
    this.owner.onStepFailed(this, error);
  }
}
