/** An item of a work queue, from `run` until it is told what came of it. */
import type { Encoded } from '../messages/message.js';
import type { Asked } from '../endpoint/peer.js';
import { settling, type Settling } from '../../api/settling.js';
import type { Receiver } from './receivers.js';

/** What an item costs beside its bytes: its objects, and the promises of the two threads. */
const ITEM_BYTES = 1024;

export class WorkItem {
  /** What its sender waits for. */
  readonly outcome: Settling<unknown> = settling();
  readonly costBytes: number;
  /** The worker that has it; undefined while it waits. */
  given: { readonly receiver: Receiver; readonly asked: Asked } | undefined = undefined;

  /** Whether somebody waits for the outcome. */
  isWanted = true;
  isTold = false;

  /**
   * @param encoded bytes of its own, which are needed until the item is told: it may have to be given again.
   * @param startsLeft how many receivers may still begin with it.
   */
  constructor(
    readonly encoded: Encoded,
    public startsLeft: number,
  ) {
    this.costBytes = encoded.payload.length + ITEM_BYTES;
    // A caller that aborts does not wait for it any more.
    this.outcome.promise.catch(() => {});
  }
}
