/** A scheduled call: it runs on its owner, or was cancelled, or its owner has ended and `forEachUndelivered` tells of it. */
import type { Lane } from '../../core/mailbox/lane.js';
import type { Outgoing } from '../../core/mailbox/outgoing.js';

export type Cancellation = 'cancelled' | 'too late';

export class Ticket {
  private result: Cancellation | undefined = undefined;

  /** @internal Made by `peer.schedule`. */
  constructor(
    private readonly outgoing: Outgoing,
    private readonly lane: Lane,
  ) {}

  /**
   * Takes the call back. 'cancelled': it will not run, and `forEachUndelivered` does not tell of it from now on. 'too late': it
   * runs, or has run. The owner takes the call by the same exchange in shared memory, so exactly one of the two has it.
   */
  cancel(): Cancellation {
    this.result ??= this.lane.revoke(this.outgoing) ? 'cancelled' : 'too late';
    return this.result;
  }
}
