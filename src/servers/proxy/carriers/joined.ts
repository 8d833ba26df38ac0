/** Two connections joined: the kernel moves the bytes where it can. */
import {
  join,
  type Connection,
  type IoError,
  type Transfer,
  type TransferFailure,
  type TunnelAccount,
} from '../../../index.js';
import type { Carrier, CarrierEnd, CarrierTimeouts } from './carrier.js';

export class Joined implements Carrier {
  readonly tlsBytes = 0;
  readonly isBusy = false;
  onOver: (end: CarrierEnd, failure: Error | undefined) => void = () => {};
  private readonly transfer: Transfer<TunnelAccount>;

  constructor(client: Connection, upstream: Connection, { idleMs, halfCloseMs }: CarrierTimeouts) {
    this.transfer = join(client, upstream, { idleTimeoutMs: idleMs, halfCloseTimeoutMs: halfCloseMs });
    this.transfer.then(
      () => this.onOver('completed', undefined),
      (failure: TransferFailure<TunnelAccount>) => this.onBroken(failure),
    );
  }

  get bytesToUpstream(): number {
    return this.transfer.account.aToB.bytesOut;
  }

  get bytesToClient(): number {
    return this.transfer.account.bToA.bytesOut;
  }

  get splicedBytes(): number {
    const { aToB, bToA } = this.transfer.account;
    return aToB.splicedBytes + bToA.splicedBytes;
  }

  get bytesPerSecond(): number {
    return this.transfer.bytesPerSecond;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.transfer.bytesPerSecond = bytesPerSecond;
  }

  release(): void {
    this.onOver = () => {};
    this.transfer.cancel();
  }

  private onBroken(failure: TransferFailure<TunnelAccount>): void {
    const { brokenEnd } = this.transfer.account;
    const isLate = brokenEnd === undefined && (failure as Partial<IoError>).code === 'ETIMEDOUT';
    this.onOver(isLate ? 'late' : brokenEnd === 'b' ? 'upstream-broke' : 'client-broke', failure);
  }
}
