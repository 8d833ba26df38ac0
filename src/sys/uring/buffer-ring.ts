/**
 * A ring of provided buffers: memory that the kernel receives into when bytes come, and not when they are asked for.
 * It takes the buffers in the order in which they were added, and fills each to its end before it takes the next.
 */
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import {
  BUF_BYTES,
  BUF_ID_HALF,
  BUF_LENGTH_WORD,
  BUF_REG_BYTES,
  BUF_REG_ENTRIES,
  BUF_REG_GROUP_AND_FLAGS,
  BUF_TAIL_HALF,
  IORING_REGISTER_PBUF_RING,
  IOU_PBUF_RING_INC,
  IO_URING_REGISTER,
} from './abi.js';
import { mapBufferRing } from './memory.js';

type Register = (number: number, fd: number, opcode: number, address: number, count: number) => number;
const nativeRegister = declare<Register>('syscall', 'int', ['long', 'int', 'uint', 'uintptr_t', 'uint']);

const PAGE_BYTES = 4096;
/** Group 0, which a submission names that names none. */
const GROUP_AND_FLAGS = IOU_PBUF_RING_INC << 16;

export class BufferRing {
  private readonly words: Uint32Array;
  private readonly halves: Uint16Array;
  /** Buffers added so far. Wraps as the kernel's own. */
  private tail = 0;

  /**
   * @param fd of the ring whose receives take these buffers.
   * @param capacity a power of two.
   * @throws IoError EINVAL: a kernel before 6.12; ENOMEM; EPERM: a sandbox.
   */
  constructor(
    fd: number,
    readonly capacity: number,
  ) {
    const lengthBytes = Math.ceil((capacity * BUF_BYTES) / PAGE_BYTES) * PAGE_BYTES;
    const { address, memory } = mapBufferRing(fd, lengthBytes);
    this.words = new Uint32Array(memory);
    this.halves = new Uint16Array(memory);
    const argument = new NativeBlock(BUF_REG_BYTES);
    storeWord(argument.u32, 0, address);
    argument.u32[BUF_REG_ENTRIES] = capacity;
    argument.u32[BUF_REG_GROUP_AND_FLAGS] = GROUP_AND_FLAGS;
    if (nativeRegister(IO_URING_REGISTER, fd, IORING_REGISTER_PBUF_RING, argument.address, 1) < 0) {
      throw new IoError(errno(), 'io_uring_register', `${capacity} provided buffers`);
    }
  }

  /** Hands a buffer to the kernel, with the next `publish`. @param id what completions call it. */
  add(id: number, address: number, lengthBytes: number): void {
    const place = this.tail & (this.capacity - 1);
    const word = (place * BUF_BYTES) / 4;
    storeWord(this.words, word, address);
    this.words[word + BUF_LENGTH_WORD] = lengthBytes;
    // The half behind it is the ring's tail in the first place, and unused in the others.
    this.halves[(place * BUF_BYTES) / 2 + BUF_ID_HALF] = id;
    this.tail = (this.tail + 1) & 0xffff;
  }

  publish(): void {
    Atomics.store(this.halves, BUF_TAIL_HALF, this.tail);
  }
}
