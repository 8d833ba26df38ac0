/**
 * Bytes that a connection received before anybody read them, or that were put back. They come before what the kernel
 * has.
 */
import { BufferList } from '../../../core/memory/buffer-list.js';
import { LATE_READER_BYTES } from '../../../core/limits.js';
import { IoError } from '../../../sys/ffi/io-error.js';

export class UnreadBytes {
  private readonly list = new BufferList();

  get length(): number {
    return this.list.length;
  }

  /** No more is received for the sake of one who may read late. */
  get isFull(): boolean {
    return this.list.length >= LATE_READER_BYTES;
  }

  hasRoomFor(chunk: BufferList): boolean {
    return this.list.length + chunk.length <= LATE_READER_BYTES;
  }

  /** A copy: many small chunks share memory, and no chunk of the thread's pool is held. */
  add(chunk: Iterable<Uint8Array>): void {
    for (const part of chunk) this.list.appendCopy(part);
  }

  /** Moves a list to the front. */
  putBack(bytes: BufferList): void {
    this.list.prepend(bytes);
  }

  take(mostBytes = Infinity): BufferList {
    return this.list.split(Math.min(mostBytes, this.list.length));
  }

  release(): void {
    this.list.release();
  }
}

/** What one who reads too late is told. */
export function thrownAway(title: string): IoError {
  const explanation = `more than ${LATE_READER_BYTES} bytes came after end() while nobody read: they were thrown away`;
  return new IoError('ENOBUFS', 'read', title, explanation);
}
