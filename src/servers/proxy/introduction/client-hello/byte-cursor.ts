/** Reading a structure of TLS from its beginning: numbers, and vectors whose length comes before them. */
import { IoError } from '../../../../index.js';

export class ByteCursor {
  private at = 0;

  constructor(private readonly bytes: Uint8Array) {}

  get isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }

  skip(lengthBytes: number): void {
    this.take(lengthBytes);
  }

  /** Unsigned, in network order. */
  number(lengthBytes: 1 | 2 | 3): number {
    return this.take(lengthBytes).reduce((sum, byte) => sum * 256 + byte, 0);
  }

  /** @param lengthBytes of the length. */
  vector(lengthBytes: 1 | 2): Uint8Array {
    return this.take(this.number(lengthBytes));
  }

  private take(lengthBytes: number): Uint8Array {
    const end = this.at + lengthBytes;
    if (end > this.bytes.length) throw badHello('a part of it is longer than the whole');
    const taken = this.bytes.subarray(this.at, end);
    this.at = end;
    return taken;
  }
}

export function badHello(why: string): IoError {
  return new IoError('EPROTO', 'read', 'TLS ClientHello', why);
}
