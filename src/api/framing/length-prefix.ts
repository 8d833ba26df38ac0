/** Messages that begin with their length: the prefix is read byte by byte, and the body is counted down. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Boundary } from './cutter.js';
import { cutShort, tooLong } from './framing-options.js';

/** The options of `lengthPrefixed`, with their defaults. */
export interface Prefix {
  readonly bytes: number | 'varint';
  readonly endian: 'big' | 'little';
  readonly offset: number;
  readonly adjustBytes: number;
  readonly header: 'drop' | 'keep';
  readonly maxBytes: number;
}

/** Bytes of the longest varint: 64 bits, 7 in each byte. */
export const VARINT_BYTES = 10;

export class LengthPrefix implements Boundary {
  /** Bytes of the header that have arrived: of what precedes the length, and of the length. */
  private headerBytes = 0;
  private value = 0;
  /** Bytes of the body that are to come; -1 while the length is not known. */
  private left = -1;
  private keptBytes = 0;

  constructor(private readonly prefix: Prefix) {}

  find(bytes: Uint8Array, from: number): number {
    let at = from;
    while (this.left < 0 && at < bytes.length) this.readHeader(bytes[at++]);
    if (this.left < 0) return -1;
    const end = at + this.left;
    if (end > bytes.length) {
      this.left -= bytes.length - at;
      return -1;
    }
    this.keptBytes = this.headerBytes;
    this.reset();
    return end;
  }

  strip(frame: BufferList): BufferList {
    return this.prefix.header === 'keep' ? frame : frame.consume(this.keptBytes);
  }

  atEnd(frame: BufferList): never {
    throw cutShort('lengthPrefixed', frame.length);
  }

  reset(): void {
    this.headerBytes = 0;
    this.value = 0;
    this.left = -1;
  }

  private readHeader(byte: number): void {
    const { bytes, endian, offset } = this.prefix;
    const place = this.headerBytes++ - offset;
    if (place < 0) return;
    if (bytes === 'varint') {
      this.value += (byte & 0x7f) * 2 ** (7 * place);
      if (byte >= 0x80) {
        if (place === VARINT_BYTES - 1) throw malformed(`the varint has more than ${VARINT_BYTES} bytes`);
        return;
      }
    } else {
      this.value = endian === 'big' ? this.value * 256 + byte : this.value + byte * 2 ** (8 * place);
      if (place < bytes - 1) return;
    }
    this.left = this.bodyBytes();
  }

  /** The length is settled before a byte of the body is kept. */
  private bodyBytes(): number {
    const { adjustBytes, maxBytes } = this.prefix;
    const lengthBytes = this.value + adjustBytes;
    if (lengthBytes < 0) throw malformed(`the length is ${this.value}, and adjustBytes is ${adjustBytes}`);
    if (lengthBytes > maxBytes) throw tooLong('lengthPrefixed', maxBytes);
    return lengthBytes;
  }
}

function malformed(explanation: string): IoError {
  return new IoError('EPROTO', 'lengthPrefixed', undefined, explanation);
}

/** Messages that all have the same length. */
export class FixedLength implements Boundary {
  private left: number;

  constructor(private readonly lengthBytes: number) {
    this.left = lengthBytes;
  }

  find(bytes: Uint8Array, from: number): number {
    const end = from + this.left;
    if (end > bytes.length) {
      this.left -= bytes.length - from;
      return -1;
    }
    this.reset();
    return end;
  }

  strip(frame: BufferList): BufferList {
    return frame;
  }

  atEnd(frame: BufferList): never {
    throw cutShort('fixed', frame.length);
  }

  reset(): void {
    this.left = this.lengthBytes;
  }
}
