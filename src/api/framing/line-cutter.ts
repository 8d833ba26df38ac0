/**
 * Cutting lines of text. A block of whole lines is decoded at once and cut as text, which costs a quarter of decoding
 * each line. A line that is kept keeps its block alive, so blocks are short.
 */
import { BufferList } from '../../core/memory/buffer-list.js';
import { firstRange, NOTHING, type Cutter } from './cutter.js';
import type { Unterminated } from './delimiter.js';
import { cutShort, tooLong } from './framing-options.js';

/** Text in which a newline is one byte that is part of no other character. */
export type LineEncoding = 'utf8' | 'latin1' | 'ascii';

export interface LineRules {
  readonly encoding: LineEncoding;
  readonly maxBytes: number;
  readonly unterminated: Unterminated;
}

const BLOCK_BYTES = 8192;
const LF = 10;
const CR = 13;

export class LineCutter implements Cutter<string> {
  /** What has arrived of a line that no newline has ended. */
  private readonly begun = new BufferList();
  private chunk = NOTHING;
  /** The first range of the chunk, and how much of it has been cut. */
  private range: Buffer | undefined = undefined;
  private offset = 0;
  /** Whole lines of the range from `offset` on. Those before `textAt` have been handed out. */
  private text = '';
  private textAt = 0;
  private blockEnd = 0;
  private readonly blockBytes: number;

  constructor(private readonly rules: LineRules) {
    // No line of a block can be too long.
    this.blockBytes = Math.min(BLOCK_BYTES, rules.maxBytes + 1);
  }

  get isWithin(): boolean {
    return this.begun.length > 0;
  }

  give(chunk: BufferList): void {
    this.chunk = chunk;
    this.range = undefined;
  }

  next(): string | undefined {
    if (this.textAt < this.text.length) return this.nextOfBlock();
    while (this.chunk.length > 0) {
      const range = (this.range ??= this.nextRange());
      if (this.begun.length === 0 && this.openBlock(range)) return this.nextOfBlock();
      const at = range.indexOf(LF, this.offset);
      if (at >= 0) return this.cut(range, at);
      this.begun.appendCopy(range.subarray(this.offset));
      this.leaveRange(range);
      // The last byte may be the CR of the line's end.
      if (this.begun.length > this.rules.maxBytes + 1) throw tooLong('lines', this.rules.maxBytes);
    }
    this.chunk = NOTHING;
    return undefined;
  }

  end(): string | undefined {
    if (!this.isWithin) return undefined;
    const { unterminated, maxBytes, encoding } = this.rules;
    if (unterminated === 'error') throw cutShort('lines', this.begun.length);
    if (this.begun.length > maxBytes) throw tooLong('lines', maxBytes);
    return this.begun.take().toString(encoding);
  }

  rest(): BufferList {
    this.skipHandedOut();
    this.chunk.consume(this.offset);
    this.offset = 0;
    this.range = undefined;
    const rest = this.begun.take().append(this.chunk);
    this.chunk = NOTHING;
    return rest;
  }

  private nextOfBlock(): string {
    const { text, textAt } = this;
    const at = text.indexOf('\n', textAt);
    this.textAt = at + 1;
    if (at + 1 === text.length) this.closeBlock();
    return text.slice(textAt, at > textAt && text.charCodeAt(at - 1) === CR ? at - 1 : at);
  }

  /** Decodes the whole lines that the next bytes have. @returns false: there are none. */
  private openBlock(range: Buffer): boolean {
    const most = Math.min(this.offset + this.blockBytes, range.length);
    const last = range.lastIndexOf(LF, most - 1);
    if (last < this.offset) return false;
    this.blockEnd = last + 1;
    this.text = range.toString(this.rules.encoding, this.offset, this.blockEnd);
    this.textAt = 0;
    return true;
  }

  private closeBlock(): void {
    this.offset = this.blockEnd;
    this.text = '';
    this.textAt = 0;
    if (this.offset === this.range!.length) this.leaveRange(this.range!);
  }

  /** The line that ends at `at`, of which a part may have arrived before. */
  private cut(range: Buffer, at: number): string {
    const { encoding, maxBytes } = this.rules;
    const { begun, offset } = this;
    const last = at > offset ? range[at - 1] : begun.length > 0 ? begun.byteAt(begun.length - 1) : 0;
    const lengthBytes = begun.length + at - offset - (last === CR ? 1 : 0);
    if (lengthBytes > maxBytes) throw tooLong('lines', maxBytes);
    let line: string;
    if (begun.length === 0) {
      line = range.toString(encoding, offset, offset + lengthBytes);
    } else {
      if (at > offset) begun.appendCopy(range.subarray(offset, at));
      line = begun.split(lengthBytes).toString(encoding);
      begun.release();
    }
    this.offset = at + 1;
    if (this.offset === range.length) this.leaveRange(range);
    return line;
  }

  private nextRange(): Buffer {
    this.offset = 0;
    return firstRange(this.chunk);
  }

  private leaveRange(range: Buffer): void {
    this.chunk.consume(range.length);
    this.range = undefined;
    this.offset = 0;
  }

  /** Text may have another length than its bytes, so lines are counted. */
  private skipHandedOut(): void {
    for (let at = this.text.indexOf('\n'); at >= 0 && at < this.textAt; at = this.text.indexOf('\n', at + 1)) {
      this.offset = this.range!.indexOf(LF, this.offset) + 1;
    }
    this.text = '';
    this.textAt = 0;
  }
}
