/**
 * A sendfile(2) with FreeBSD's seven arguments on this machine: it takes its arguments apart as that kernel does, moves the
 * bytes that it is told to, and answers what it is told to.
 */
import { readSync } from 'node:fs';
import { MSG_DONTWAIT, MSG_NOSIGNAL } from '../../src/sys/ffi/constants.js';
import { EAGAIN, EPIPE } from '../../src/sys/ffi/errno.js';
import { close, pipe, read, write } from '../../src/sys/file/io.js';
import { errno } from '../../src/sys/ffi/libc.js';
import { NativeBlock, storeWord } from '../../src/sys/ffi/memory.js';
import { send } from '../../src/sys/socket/socket.js';

export interface Answer {
  /** Bytes of header, file and trailer that go out. */
  readonly sentBytes: number;
  /** 0 for none. */
  readonly errno: number;
  /** Whether the count is left as it was. */
  readonly leavesCount?: boolean;
}

export interface Asked {
  readonly offset: number;
  readonly lengthBytes: number;
  readonly flags: number;
  readonly headers: string[];
  readonly trailers: string[];
}

/** Bytes at any address of this process, by the way of a pipe. */
export class MemoryWindow {
  private readonly ends = pipe();
  private readonly block = new NativeBlock(4096);

  load(address: number, lengthBytes: number): Buffer {
    const bytes = Buffer.alloc(lengthBytes);
    for (let loaded = 0; loaded < lengthBytes;) {
      const piece = Math.min(lengthBytes - loaded, this.block.lengthBytes);
      write(this.ends[1], address + loaded, piece);
      read(this.ends[0], this.block.address, piece);
      bytes.set(this.block.bytes.subarray(0, piece), loaded);
      loaded += piece;
    }
    return bytes;
  }

  store(address: number, value: number): void {
    storeWord(this.block.u32, 0, value);
    write(this.ends[1], this.block.address, 8);
    read(this.ends[0], address, 8);
  }

  close(): void {
    this.ends.forEach(close);
  }
}

export class FreebsdKernel {
  readonly asked: Asked[] = [];
  errno = 0;
  private readonly memory = new MemoryWindow();

  /** @param answer what to do about each call; of a file that ends early less is there than is asked for. */
  constructor(private readonly answer: (asked: Asked, availableBytes: number) => Answer) {}

  readonly call = (
    file: number,
    socket: number,
    offset: number,
    lengthBytes: number,
    framing: number,
    sentAddress: number,
    flags: number,
  ): number => {
    const headers = framing === 0 ? [] : this.iovecs(framing);
    const trailers = framing === 0 ? [] : this.iovecs(framing + 16);
    const asked = { offset, lengthBytes, flags, headers: headers.map(String), trailers: trailers.map(String) };
    this.asked.push(asked);
    const content = this.fileBytes(file, offset, lengthBytes);
    // At the end of the file the headers are dropped and the trailers are not.
    const all = Buffer.concat(content.length === 0 ? trailers : [...headers, content, ...trailers]);
    const { sentBytes, errno, leavesCount } = this.answer(asked, all.length);
    const taken = this.pushOut(socket, all.subarray(0, sentBytes));
    if (leavesCount !== true) this.memory.store(sentAddress, taken);
    this.errno = taken < sentBytes ? EAGAIN : errno;
    return this.errno === 0 ? 0 : -1;
  };

  close(): void {
    this.memory.close();
  }

  private fileBytes(file: number, offset: number, lengthBytes: number): Buffer {
    if (offset < 0) return Buffer.alloc(0);
    const bytes = Buffer.alloc(lengthBytes === 0 ? 1 << 20 : lengthBytes);
    try {
      return bytes.subarray(0, readSync(file, bytes, 0, bytes.length, offset));
    } catch {
      // No file, or one that is closed: what the kernel says of it comes from the script.
      return Buffer.alloc(0);
    }
  }

  private iovecs(address: number): Buffer[] {
    const range = this.memory.load(address, 16);
    const table = Number(range.readBigUInt64LE(0));
    return Array.from({ length: range.readInt32LE(8) }, (_, index) => {
      const entry = this.memory.load(table + index * 16, 16);
      return this.memory.load(Number(entry.readBigUInt64LE(0)), Number(entry.readBigUInt64LE(8)));
    });
  }

  /** @returns how many the socket took. */
  private pushOut(socket: number, bytes: Buffer): number {
    if (bytes.length === 0) return 0;
    const block = new NativeBlock(bytes.length);
    block.bytes.set(bytes);
    const sent = send(socket, block.address, bytes.length, MSG_NOSIGNAL | MSG_DONTWAIT);
    if (sent >= 0) return sent;
    // A TCP socket takes bytes for a peer that is gone once; the Unix socket in its place does not.
    return errno() === EPIPE ? bytes.length : 0;
  }
}
