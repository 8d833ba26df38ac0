/** The messages of one stream, cut by their stamps: how many, how long under way, and whether all is in order. */
import type { BufferList } from '../../../core/memory/buffer-list.js';
import type { DelayHistogram } from '../timing/delay-histogram.js';
import { Stamp, STAMP_BYTES } from './stamp.js';

export class MessageReader {
  /** Messages whose last byte has come. */
  messages = 0;
  private readonly stamp = new Stamp();
  /** Of the stamp of the message at hand. */
  private stampBytes = 0;
  /** Of its bytes after the stamp, those that are still to come. */
  private leftBytes = 0;

  /** @param mostBytes what no message is longer than. */
  constructor(
    private readonly delays: DelayHistogram,
    private readonly mostBytes: number,
  ) {}

  /**
   * @param nowMs by the clock of the machine.
   * @throws Error EBADMSG: the bytes are not those that were sent, or not in that order.
   */
  read(chunk: BufferList, nowMs: number): void {
    const { length } = chunk;
    for (let at = 0; at < length;) {
      const { stamp } = this;
      if (this.stampBytes < STAMP_BYTES) {
        const copied = chunk.copyTo(stamp.bytes, this.stampBytes, at, length);
        this.stampBytes += copied;
        at += copied;
        if (this.stampBytes < STAMP_BYTES) return;
        this.leftBytes = this.checkedLength() - STAMP_BYTES;
      }
      const taken = Math.min(this.leftBytes, length - at);
      this.leftBytes -= taken;
      at += taken;
      if (this.leftBytes > 0) return;
      this.stampBytes = 0;
      this.messages++;
      this.delays.record(nowMs - stamp.sentMs);
    }
  }

  private checkedLength(): number {
    const { lengthBytes, sentMs } = this.stamp;
    if (lengthBytes >= STAMP_BYTES && lengthBytes <= this.mostBytes && sentMs > 0) return lengthBytes;
    throw Object.assign(new Error(`a message of ${lengthBytes} bytes sent at ${sentMs}: not what was sent`), {
      code: 'EBADMSG',
    });
  }
}
