/** Messages that end with a sequence of bytes. A delimiter may arrive in pieces; no byte is compared twice for that. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { Boundary } from './cutter.js';
import { cutShort, tooLong } from './framing-options.js';

/** What becomes of bytes at the end of the stream that no delimiter follows. */
export const UNTERMINATED = ['message', 'error'] as const;
/** What becomes of the bytes behind the last delimiter, at the end of the stream. */
export type Unterminated = (typeof UNTERMINATED)[number];

export class Delimiter implements Boundary {
  /** For each count of bytes that match: how many still match where the next byte does not (Knuth, Morris, Pratt). */
  private readonly fallbacks: Uint32Array;
  private matched = 0;
  /** Bytes of the message and of its delimiter that have arrived. */
  private seenBytes = 0;

  /** @param delimiter of at least one byte, which stays as it is. */
  constructor(
    private readonly delimiter: Uint8Array,
    private readonly maxBytes: number,
    private readonly unterminated: Unterminated,
  ) {
    this.fallbacks = fallbacksOf(delimiter);
  }

  find(bytes: Uint8Array, from: number): number {
    const end = this.delimiter.length === 1 ? bytes.indexOf(this.delimiter[0], from) + 1 : this.match(bytes, from);
    const isFound = end > 0;
    this.seenBytes += (isFound ? end : bytes.length) - from;
    // As long as it may be the beginning of a delimiter, it is no part of the message.
    const lengthBytes = this.seenBytes - (isFound ? this.delimiter.length : this.matched);
    if (lengthBytes > this.maxBytes) throw tooLong('delimited', this.maxBytes);
    if (!isFound) return -1;
    this.reset();
    return end;
  }

  strip(frame: BufferList): BufferList {
    return frame.split(frame.length - this.delimiter.length);
  }

  atEnd(frame: BufferList): BufferList {
    if (this.unterminated === 'error') throw cutShort('delimited', frame.length);
    return frame;
  }

  reset(): void {
    this.matched = 0;
    this.seenBytes = 0;
  }

  /** @returns the index behind the delimiter; 0 if it does not end here. */
  private match(bytes: Uint8Array, from: number): number {
    const { delimiter, fallbacks } = this;
    let { matched } = this;
    for (let at = from; at < bytes.length; at++) {
      if (matched === 0) {
        at = bytes.indexOf(delimiter[0], at);
        if (at < 0) break;
      }
      while (matched > 0 && bytes[at] !== delimiter[matched]) matched = fallbacks[matched];
      if (bytes[at] === delimiter[matched]) matched++;
      if (matched === delimiter.length) return at + 1;
    }
    this.matched = matched;
    return 0;
  }
}

function fallbacksOf(delimiter: Uint8Array): Uint32Array {
  const fallbacks = new Uint32Array(delimiter.length + 1);
  for (let at = 1, matched = 0; at < delimiter.length; at++) {
    while (matched > 0 && delimiter[at] !== delimiter[matched]) matched = fallbacks[matched];
    if (delimiter[at] === delimiter[matched]) matched++;
    fallbacks[at + 1] = matched;
  }
  return fallbacks;
}
