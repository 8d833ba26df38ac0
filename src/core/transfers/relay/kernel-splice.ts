/** The use that one relay makes of SO_SPLICE: when it begins, what was moved, and when to give it up. */
import { errnoName } from '../../../sys/ffi/errno.js';
import type { SocketSpliceCalls } from '../../../sys/socket/so-splice.js';
import { BARREN_SPLICES } from '../../limits.js';
import type { RelayAccount } from './relay-account.js';

export class KernelSplice {
  /** The kernel moves the bytes. */
  isOn = false;
  private sourceFd = -1;
  /** Bytes of this splice that are in the account. */
  private countedBytes = 0;
  /** Splices in a row that ended without a byte. */
  private barren = 0;
  private canBegin = true;

  constructor(
    private readonly calls: SocketSpliceCalls,
    private readonly account: RelayAccount,
  ) {}

  /** Lets the kernel take over. @param maxBytes Infinity for no limit. @returns whether it did. */
  begin(sourceFd: number, sinkFd: number, maxBytes: number): boolean {
    if (!this.canBegin || this.isOn) return this.isOn;
    const { account } = this;
    account.calls++;
    const errno = this.calls.begin(sourceFd, sinkFd, maxBytes === Infinity ? 0 : maxBytes);
    if (errno !== 0) {
      this.giveUp(errnoName(errno));
      return false;
    }
    this.isOn = true;
    this.sourceFd = sourceFd;
    this.countedBytes = 0;
    account.path = 'so_splice';
    return true;
  }

  /** Bytes moved since this was last asked; they are in the account then. */
  count(): number {
    if (!this.isOn) return 0;
    const { account } = this;
    const movedBytes = this.calls.movedBytes(this.sourceFd) - this.countedBytes;
    account.calls++;
    this.countedBytes += movedBytes;
    account.bytesIn += movedBytes;
    account.bytesOut += movedBytes;
    account.splicedBytes += movedBytes;
    return movedBytes;
  }

  /** Takes over from the kernel. @returns as `count`. */
  end(): number {
    if (!this.isOn) return 0;
    this.account.calls++;
    this.calls.end(this.sourceFd);
    const movedBytes = this.count();
    this.isOn = false;
    this.barren = this.countedBytes > 0 ? 0 : this.barren + 1;
    if (this.barren >= BARREN_SPLICES) this.giveUp('ended without a byte');
    return movedBytes;
  }

  private giveUp(reason: string): void {
    this.canBegin = false;
    this.account.fallback = `SO_SPLICE: ${reason}`;
    if (this.account.splicedBytes === 0) this.account.path = 'buffers';
  }
}
