/** How another thread is reached. Plain data: it can be posted to a worker, in `workerData` or in a message. */
import type { WakeHandle } from '../../backends/contract.js';

export interface MailboxAddress {
  /** The thread that receives, as `node:worker_threads` numbers them. */
  readonly threadId: number;
  /** The memory of its ring. */
  readonly ring: SharedArrayBuffer;
  /** How its backend is woken. */
  readonly wake: WakeHandle;
}
