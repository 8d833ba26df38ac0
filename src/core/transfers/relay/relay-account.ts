/** What one direction of a join did. */
import { TransferAccount } from '../account.js';

/** What one direction of a join has moved, and by which path. */
export class RelayAccount extends TransferAccount {
  /** Of `bytesIn`, those that were spliced; the others went through buffers, as small messages do on any path. */
  splicedBytes = 0;

  constructor() {
    super('buffers');
  }
}
