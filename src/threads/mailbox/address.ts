/** How another thread is reached. Plain data: it can be posted to a worker, in `workerData` or in a message. */
import type { WakeHandle } from '../../backends/contract.js';

/** Where to send to a thread: plain data that can be posted. */
export interface MailboxAddress {
  /** The thread that receives, as `node:worker_threads` numbers them. */
  readonly threadId: number;
  /** Which of the mailboxes that the thread has had, from 1. */
  readonly mailbox: number;
  /** The memory of its ring for messages. */
  readonly ring: SharedArrayBuffer;
  /** That of its ring for what the runtime has to say. */
  readonly control: SharedArrayBuffer;
  /** How its backend is woken. */
  readonly wake: WakeHandle;
}

/** Whether two addresses lead to the same mailbox; each time that one is posted, its ring becomes another object. */
export function isSameMailbox(a: MailboxAddress, b: MailboxAddress): boolean {
  return a.threadId === b.threadId && a.mailbox === b.mailbox;
}
