/** What a message begins with: its length, and when it was given to the kernel, by the clock of the machine. */

/** Messages that are shorter have no stamp. */
export const STAMP_BYTES = 12;
const TIME_OFFSET = 4;

/** The head of a message, written before each one is sent, and read when it has come. */
export class Stamp {
  readonly bytes: Uint8Array = new Uint8Array(STAMP_BYTES);
  private readonly view = new DataView(this.bytes.buffer);

  write(lengthBytes: number, sentMs: number): void {
    this.view.setUint32(0, lengthBytes);
    this.view.setFloat64(TIME_OFFSET, sentMs);
  }

  get lengthBytes(): number {
    return this.view.getUint32(0);
  }

  get sentMs(): number {
    return this.view.getFloat64(TIME_OFFSET);
  }
}
