/** A scheduled call: it runs on its owner, or was cancelled; never both, never neither while the owner lives. */
import type { Outgoing } from '../../core/mailbox/outgoing.js';

export type Cancellation = 'cancelled' | 'too late';

export class Ticket {
  private result: Cancellation | undefined = undefined;

  /** @internal Made by `peer.schedule`. */
  constructor(
    private readonly outgoing: Outgoing,
    private readonly revoke: (outgoing: Outgoing) => boolean,
  ) {}

  /**
   * Takes the call back. 'cancelled': it will not run. 'too late': it runs, has run, or was cancelled before its thread
   * ended. The owner takes the call by the same exchange in shared memory, so exactly one of the two has it.
   */
  cancel(): Cancellation {
    this.result ??= this.revoke(this.outgoing) ? 'cancelled' : 'too late';
    return this.result;
  }
}
