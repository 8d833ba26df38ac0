/** Bytes in order, first in first out. */
export class ByteQueue {
  length = 0;
  private readonly chunks: Uint8Array[] = [];

  /** Takes a copy. */
  push(bytes: Uint8Array): void {
    if (bytes.length === 0) return;
    this.chunks.push(bytes.slice());
    this.length += bytes.length;
  }

  take(mostBytes: number): Uint8Array {
    const taken = new Uint8Array(Math.min(mostBytes, this.length));
    let filled = 0;
    while (filled < taken.length) {
      const chunk = this.chunks[0];
      const part = chunk.subarray(0, taken.length - filled);
      taken.set(part, filled);
      filled += part.length;
      if (part.length === chunk.length) this.chunks.shift();
      else this.chunks[0] = chunk.subarray(part.length);
    }
    this.length -= taken.length;
    return taken;
  }

  /** Takes the first piece that was pushed, whole. */
  takePiece(): Uint8Array | undefined {
    const piece = this.chunks.shift();
    if (piece !== undefined) this.length -= piece.length;
    return piece;
  }

  clear(): void {
    this.chunks.length = 0;
    this.length = 0;
  }
}
