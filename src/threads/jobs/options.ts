/** What a work queue, an item and a receiver can be given. */
import { abortSignal, integer, type OptionTable } from '../../base/options.js';
import { WORK_BYTES, WORK_ITEMS } from '../../core/limits.js';

/** Options of `workQueue`. */
export interface WorkQueueOptions {
  /** Items that are not told yet, those in the hands of receivers included. Default 65,536. */
  readonly maxItems?: number;
  /** What those items may take, 1 KiB for each beside its bytes. Default 256 MiB. */
  readonly maxBytes?: number;
}

/** Options of `queue.run`. */
export interface WorkOptions {
  /**
   * How many receivers may begin with the item, one after another, if each dies before it has told the outcome. Default
   * 1: an item that a dead receiver had begun with is an error. Give more if doing it twice does no harm.
   */
  readonly starts?: number;
  /**
   * Aborting it ends the wait at once. An item that no receiver has begun with is not done; one that a receiver has
   * begun with is, and its outcome is dropped.
   */
  readonly signal?: AbortSignal;
}

/** Options of `receiveWork`. */
export interface ReceiveWorkOptions {
  /** Items that the handler has at a time. Default 1. `for await` has one for each loop. */
  readonly atOnce?: number;
}

export const WORK_QUEUE_OPTIONS = {
  maxItems: integer(1, 2 ** 24, WORK_ITEMS),
  maxBytes: integer(1024, Number.MAX_SAFE_INTEGER, WORK_BYTES),
} satisfies OptionTable<WorkQueueOptions>;

export const WORK_OPTIONS = { starts: integer(1, 1e6, 1), signal: abortSignal() } satisfies OptionTable<WorkOptions>;

export const RECEIVE_WORK_OPTIONS = { atOnce: integer(1, 65_536, 1) } satisfies OptionTable<ReceiveWorkOptions>;
