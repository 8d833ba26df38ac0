/**
 * Whether a peer still takes what the kernel holds for it, though none of our calls has sent a byte: a slow reader is
 * not a silent one. It is asked only when a timeout is due, so bytes on their way cost nothing.
 */
import { unsentBytes } from '../../sys/socket/unsent-bytes.js';

export interface Sender {
  readonly isClosed: boolean;
  readonly isSocket: boolean;
  readonly ownFd: number;
}

export class SendProgress {
  private heldBytes = 0;
  private sentBytes = -1;

  /**
   * @param sentBytes given to the kernel so far, counted from any beginning.
   * @returns whether the peer has taken bytes since the last look; where something was sent since, whether it has some
   *   to take.
   */
  look(sender: Sender, sentBytes: number): boolean {
    if (sender.isClosed || !sender.isSocket) return false;
    const before = sentBytes === this.sentBytes ? this.heldBytes : Infinity;
    this.sentBytes = sentBytes;
    this.heldBytes = unsentBytes(sender.ownFd);
    return this.heldBytes < before && (this.heldBytes > 0 || before !== Infinity);
  }
}
