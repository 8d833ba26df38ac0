/** An item of a work queue in the hands of a receiver that takes it by `for await`. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import type { Settling } from '../../api/settling.js';
import type { Sendable } from '../messages/message-types.js';

/** An item, and the way to tell what came of it. */
export class Job<T = unknown, R = unknown> {
  private isTold = false;

  /** @internal Made by a WorkReceiver. */
  constructor(
    /** The item as it was sent, or a copy of its bytes. */
    readonly value: T,
    private readonly outcome: Settling<unknown>,
  ) {}

  /**
   * Tells the outcome to the sender, and ends the job.
   *
   * @throws IoError EALREADY: it was told before.
   */
  finish(result: Sendable<R>): void {
    this.tell('finish');
    this.outcome.resolve(result);
  }

  /** Tells the sender that the item failed, and why. @throws IoError EALREADY: it was told before. */
  fail(reason: unknown): void {
    this.tell('fail');
    this.outcome.reject(reason as Error);
  }

  /** @internal The loop goes on to the next, or has been left. */
  leave(isDone: boolean): void {
    if (this.isTold) return;
    if (isDone) this.finish(undefined as Sendable<R>);
    else this.fail(wrongState('ECANCELED', 'run', 'the receiver has left its loop before it told the outcome'));
  }

  private tell(call: string): void {
    if (this.isTold) throw wrongState('EALREADY', call, 'the outcome of this job was told before');
    this.isTold = true;
  }

  static {
    describeBy('Job', Job.prototype, ({ isTold }) => ({ state: isTold ? 'told' : 'under way' }));
  }
}
