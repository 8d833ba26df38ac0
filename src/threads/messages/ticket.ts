/**
 * A scheduled call: it runs on its owner, or was cancelled, or is told undelivered once its owner has ended; exactly
 * one of them.
 */
import { describeBy } from '../../base/inspection.js';
import type { Lane } from '../mailbox/lane.js';
import type { Outgoing } from '../mailbox/outgoing.js';

/** What became of an attempt to cancel a scheduled call. */
export type Cancellation = 'cancelled' | 'too late';

/** A call that was scheduled in another thread, to cancel it. */
export class Ticket {
  private result: Cancellation | undefined = undefined;

  /** @internal Made by `peer.schedule`. */
  constructor(
    private readonly outgoing: Outgoing,
    private readonly lane: Lane,
  ) {}

  /**
   * Takes the call back. 'cancelled': it will not run. 'too late': it runs, has run, or `forEachUndelivered` has told
   * of it. The owner takes the call by the same exchange in shared memory, so exactly one of the two has it.
   */
  cancel(): Cancellation {
    this.result ??= this.lane.revoke(this.outgoing) ? 'cancelled' : 'too late';
    return this.result;
  }

  static {
    describeBy('Ticket', Ticket.prototype, ({ result }) => ({ cancellation: result }));
  }
}
