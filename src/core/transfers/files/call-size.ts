/**
 * How much one call copies. The kernel copies best in large pieces, and others wait for the disk meanwhile, as does a
 * cancel: so a call grows where the disk (or the page cache) is fast, and shrinks where it is slow or shared.
 */
import {
  COPY_BYTES_PER_CALL_MAX,
  COPY_BYTES_PER_CALL_MIN,
  COPY_MS_PER_CALL,
  DISK_BYTES_PER_CALL,
} from '../../limits.js';

export class CallSize {
  bytes = DISK_BYTES_PER_CALL;

  /** A call for that much took that long, its wait for its turn included. One for less than `bytes` tells nothing. */
  took(askedBytes: number, durationMs: number): void {
    if (askedBytes < this.bytes) return;
    if (durationMs > COPY_MS_PER_CALL) this.bytes = Math.max(this.bytes / 2, COPY_BYTES_PER_CALL_MIN);
    else if (durationMs < COPY_MS_PER_CALL / 2) this.bytes = Math.min(this.bytes * 2, COPY_BYTES_PER_CALL_MAX);
  }
}
