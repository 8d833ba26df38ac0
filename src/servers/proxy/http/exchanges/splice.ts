/** A body of known length on its way from one connection to another, past the process where the kernel can. */
import { copy, type Connection } from '../../../../index.js';

/** Shorter ones are cheaper by buffers: a transfer has to be made and ended. */
export const SPLICE_FROM_BYTES = 256 * 1024;

/** What a splice was given to do. */
export interface SplicePlan {
  readonly source: Connection;
  readonly target: Connection;
  readonly lengthBytes: number;
  readonly bytesPerSecond: number;
  /** Told once, unless it was cancelled. Without a failure, and with bytes missing, the source ended. */
  readonly onOver: (splice: Splice, failure: Error | undefined) => void;
}

export class Splice {
  private readonly transfer: ReturnType<typeof copy>;
  private isCancelled = false;

  constructor({ source, target, lengthBytes, bytesPerSecond, onOver }: SplicePlan) {
    this.transfer = copy(source, target, { length: lengthBytes, bytesPerSecond });
    const tell = (failure: Error | undefined) => {
      if (!this.isCancelled) onOver(this, failure);
    };
    this.transfer.then(() => tell(undefined), tell);
  }

  /** Bytes that the target took. */
  get bytes(): number {
    return this.transfer.account.bytes;
  }

  /** Of those, bytes that never came into the process. */
  get splicedBytes(): number {
    return this.transfer.account.splicedBytes;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.transfer.bytesPerSecond = bytesPerSecond;
  }

  /** Stops, and tells nobody. */
  cancel(): void {
    this.isCancelled = true;
    this.transfer.cancel();
  }
}
