/** A native array of struct kevent in the layout of one system, read and written by index. */
import type { KeventLayout } from './kevent-layout.js';
import { NativeBlock } from '../ffi/memory.js';

const WORD_RANGE = 2 ** 32;

export class KeventArray {
  readonly address: number;
  readonly bytes: Uint8Array;
  private readonly words: Uint32Array;
  private readonly signedWords: Int32Array;
  private readonly shorts: Uint16Array;
  private readonly stride: number;
  private readonly filterWord: number;
  private readonly fflagsWord: number;
  private readonly dataWord: number;
  private readonly udataWord: number;
  private readonly flagsWord: number;
  /** Whether filter and flags share one 32-bit word. */
  private readonly packed: boolean;

  constructor(
    readonly layout: KeventLayout,
    readonly capacity: number,
  ) {
    const block = new NativeBlock(capacity * layout.sizeBytes);
    this.address = block.address;
    this.bytes = block.bytes;
    this.words = block.u32;
    this.signedWords = block.i32;
    this.shorts = new Uint16Array(block.bytes.buffer);
    this.stride = layout.sizeBytes / 4;
    this.filterWord = layout.filter / 4;
    this.flagsWord = layout.flags / 4;
    this.fflagsWord = layout.fflags / 4;
    this.dataWord = layout.data / 4;
    this.udataWord = layout.udata / 4;
    this.packed = layout.filterBytes === 2;
  }

  /** @param data a signed integer up to 2^53; user data is two unsigned 32-bit words. */
  set(
    index: number,
    ident: number,
    filter: number,
    flags: number,
    fflags: number,
    data: number,
    udataLow: number,
    udataHigh: number,
  ): void {
    const { words } = this;
    const base = index * this.stride;
    words[base] = ident;
    words[base + 1] = Math.floor(ident / WORD_RANGE);
    if (this.packed) {
      words[base + this.filterWord] = (filter & 0xffff) | (flags << 16);
    } else {
      words[base + this.filterWord] = filter;
      words[base + this.flagsWord] = flags;
    }
    words[base + this.fflagsWord] = fflags;
    words[base + this.dataWord] = data;
    words[base + this.dataWord + 1] = Math.floor(data / WORD_RANGE);
    words[base + this.udataWord] = udataLow;
    words[base + this.udataWord + 1] = udataHigh;
  }

  addFlags(index: number, flags: number): void {
    if (this.packed) this.words[index * this.stride + this.filterWord] |= flags << 16;
    else this.words[index * this.stride + this.flagsWord] |= flags;
  }

  ident(index: number): number {
    const base = index * this.stride;
    return this.words[base] + this.words[base + 1] * WORD_RANGE;
  }

  filter(index: number): number {
    const word = this.signedWords[index * this.stride + this.filterWord];
    return this.packed ? (word << 16) >> 16 : word;
  }

  flags(index: number): number {
    const base = index * this.stride;
    return this.packed ? this.shorts[(base + this.filterWord) * 2 + 1] : this.words[base + this.flagsWord];
  }

  fflags(index: number): number {
    return this.words[index * this.stride + this.fflagsWord];
  }

  data(index: number): number {
    const word = index * this.stride + this.dataWord;
    return this.words[word] + this.signedWords[word + 1] * WORD_RANGE;
  }

  udataLow(index: number): number {
    return this.words[index * this.stride + this.udataWord];
  }

  udataHigh(index: number): number {
    return this.words[index * this.stride + this.udataWord + 1];
  }
}
