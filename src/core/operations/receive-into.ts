/** Receiving once, into memory that the caller owns. */
import { shareAmongCopies } from '../../base/thread-state.js';
import { EAGAIN, EINTR } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { addressOf } from '../../sys/ffi/memory.js';
import { receiveFrom } from '../../sys/socket/stream.js';
import type { DriverCounters } from '../driver/driver.js';
import { DONE, Operation, WAIT, type Outcome } from './operation.js';

export class ReceiveInto extends Operation {
  /** Bytes received; 0 when the stream has ended, -1 as long as nothing has come. */
  received = -1;
  failure: Error | undefined = undefined;

  /**
   * @param bytes the caller's; it belongs to the operation until that is over.
   * @param settled told when the operation is over, unless `submit` said so.
   * @param dropped told when it was taken off. What it has received by then is in it, and no longer in the kernel.
   */
  constructor(
    private readonly bytes: Uint8Array,
    private readonly counters: DriverCounters,
    private readonly settled: (operation: ReceiveInto) => void,
    private readonly dropped: (operation: ReceiveInto) => void,
  ) {
    super();
  }

  /** Whether there is an outcome. */
  get isOver(): boolean {
    return this.received >= 0 || this.failure !== undefined;
  }

  get direction() {
    return 'read' as const;
  }

  attempt(fd: number): Outcome {
    for (;;) {
      // Asked anew each time: the caller may have transferred or resized the memory meanwhile.
      const address = addressOf(this.bytes);
      if (address === 0) {
        this.failure = new TypeError('bytes: the buffer was transferred or emptied while it was being read into');
        return DONE;
      }
      this.counters.receives++;
      const received = receiveFrom(fd, address, this.bytes.byteLength);
      if (received >= 0) {
        this.received = received;
        this.counters.bytesReceived += received;
        return DONE;
      }
      const code = errno();
      if (code === EAGAIN) return WAIT;
      if (code === EINTR) continue;
      this.failure = new IoError(code, 'recv', `descriptor ${fd}`);
      return DONE;
    }
  }

  complete(): void {
    this.settled(this);
  }

  override cancelled(): void {
    this.dropped(this);
  }

  fail(error: Error): void {
    this.failure = error;
  }
}
shareAmongCopies({ ReceiveInto });
