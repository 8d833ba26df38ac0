/** Native addresses of JavaScript memory, and little blocks of memory that calls fill. */
import koffi from 'koffi';

/**
 * The address of the first byte of a view or buffer. It holds as long as the memory lives and is neither transferred
 * nor resized: V8 never moves the backing store of an ArrayBuffer. (A small array that V8 kept on its own heap is
 * moved off it by the very asking.) 0 for an empty or detached one.
 */
export function addressOf(view: ArrayBufferView | ArrayBuffer | SharedArrayBuffer): number {
  return view.byteLength === 0 ? 0 : Number(koffi.address(view));
}

/**
 * A zeroed block for structures that the kernel reads or fills, with its address and views to read them by index. The
 * owner keeps it referenced for as long as a call may use it; it is freed with its last reference.
 */
export class NativeBlock {
  readonly bytes: Uint8Array;
  readonly i32: Int32Array;
  readonly u32: Uint32Array;
  readonly view: DataView;
  readonly address: number;

  /** @param lengthBytes rounded up to a multiple of 8. */
  constructor(readonly lengthBytes: number) {
    const buffer = new ArrayBuffer(Math.ceil(lengthBytes / 8) * 8);
    this.bytes = new Uint8Array(buffer);
    this.i32 = new Int32Array(buffer);
    this.u32 = new Uint32Array(buffer);
    this.view = new DataView(buffer);
    this.address = addressOf(this.bytes);
  }
}

const WORD_RANGE = 2 ** 32;

/** Stores an address (or any integer below 2^53) as a little-endian 64-bit word at `index`, counted in 32-bit words. */
export function storeWord(u32: Uint32Array, index: number, value: number): void {
  u32[index] = value % WORD_RANGE;
  u32[index + 1] = Math.floor(value / WORD_RANGE);
}
