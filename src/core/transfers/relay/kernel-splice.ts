/** The use that one relay makes of SO_SPLICE: when it begins, what was moved, and when to give it up. */
import { errnoName } from '../../../sys/ffi/errno.js';
import type { SocketSpliceCalls } from '../../../sys/socket/so-splice.js';
import { BARREN_SPLICES } from '../../limits.js';
import type { ReadSide } from '../../operations/read-turn.js';
import type { WriteSide } from '../../operations/write-turns.js';
import type { Allowance } from '../allowance.js';
import type { RelayAccount } from './relay-account.js';

export interface KernelSpliceEnds {
  readonly source: ReadSide;
  readonly sink: WriteSide;
  readonly allowance: Allowance;
  readonly account: RelayAccount;
}

export class KernelSplice {
  /** The kernel moves the bytes. */
  private isOn = false;
  private sourceFd = -1;
  /** Bytes of this splice that are in the account. */
  private countedBytes = 0;
  /** Splices in a row that ended without a byte. */
  private barren = 0;
  private canBegin = true;

  constructor(
    private readonly calls: SocketSpliceCalls,
    private readonly ends: KernelSpliceEnds,
  ) {}

  /**
   * Leaves to the kernel what comes next, unless bytes are to be timed. The last byte of a limit is left to us: nothing
   * tells that a splice has moved just what it was allowed to.
   */
  begin(): void {
    const { source, sink, allowance, account } = this.ends;
    const mostBytes = allowance.leftBytes - 1;
    if (!this.canBegin || this.isOn || allowance.isPaced || mostBytes <= 0) return;
    account.calls++;
    const errno = this.calls.begin(source.ownFd, sink.ownFd, mostBytes === Infinity ? 0 : mostBytes);
    if (errno !== 0) {
      this.giveUp(errnoName(errno));
      return;
    }
    this.isOn = true;
    this.sourceFd = source.ownFd;
    this.countedBytes = 0;
    account.path = 'so_splice';
  }

  /** Bytes moved since this was last asked; they are in the account then. */
  count(): number {
    const { source, allowance, account } = this.ends;
    // The number of a closed descriptor may be another's by now.
    if (!this.isOn || source.isClosed) return 0;
    const movedBytes = this.calls.movedBytes(this.sourceFd) - this.countedBytes;
    account.calls++;
    this.countedBytes += movedBytes;
    account.bytesIn += movedBytes;
    account.bytesOut += movedBytes;
    account.splicedBytes += movedBytes;
    source.reactor.driver.counters.soSplicedBytes += movedBytes;
    allowance.spend(movedBytes);
    return movedBytes;
  }

  /** From here on bytes are moved by our calls. @returns as `count`. */
  end(): number {
    const { source, account } = this.ends;
    if (!this.isOn || source.isClosed) return 0;
    account.calls++;
    this.calls.end(this.sourceFd);
    const movedBytes = this.count();
    this.isOn = false;
    this.barren = this.countedBytes > 0 ? 0 : this.barren + 1;
    if (this.barren >= BARREN_SPLICES) this.giveUp('ended without a byte');
    return movedBytes;
  }

  private giveUp(reason: string): void {
    const { account } = this.ends;
    this.canBegin = false;
    account.fallback = `SO_SPLICE: ${reason}`;
    if (account.splicedBytes === 0) account.path = 'buffers';
  }
}
