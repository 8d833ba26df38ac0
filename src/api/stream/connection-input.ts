/** What a user reads a connection by. */
import type { BufferList } from '../../core/memory/buffer-list.js';
import type { WaitOptions } from '../waiting.js';

/** The inbound direction of a connection. */
export interface ConnectionInput extends AsyncIterable<BufferList> {
  /** Bytes received so far. */
  readonly bytesReceived: number;
  /**
   * What to do with bytes that arrive: the path without promises. Setting it starts receiving. The list and its bytes
   * hold during the call only; what is to last is taken out (`chunk.take()`), moved on (`other.send(chunk)`) or copied
   * (`chunk.copy()`). Use of the list after the call throws.
   *
   * @throws TypeError no function.
   * @throws IoError EBUSY: a `read` is under way, or a transfer has the connection; EBADF: it was moved to another
   *   thread; ENOBUFS: more came after `end()` than is kept for a late reader, and was thrown away.
   */
  get onData(): ((chunk: BufferList) => void) | undefined;
  set onData(handler: ((chunk: BufferList) => void) | undefined);
  /**
   * The peer sent its last byte. Without this handler a connection with `onData` closes itself then.
   * @throws TypeError no function.
   */
  get onEnd(): (() => void) | undefined;
  set onEnd(handler: (() => void) | undefined);
  /**
   * The next bytes, as many as came; null at the end of the stream. The chunk is yours, for as long as you keep it.
   * While nobody reads, nothing is received, and the peer is held back by TCP itself.
   *
   * @param options aborting its `signal` takes no byte: what comes later is for the next reader.
   * @throws IoError EBUSY: two ways of reading at once; EBADF: the connection was moved to another thread.
   * @throws IoError (by the promise) ECONNRESET, ETIMEDOUT; ECANCELED if the connection is closed here meanwhile.
   */
  read(options?: WaitOptions): Promise<BufferList | null>;
  /**
   * Receives once, straight into memory of your own.
   *
   * @param bytes at least one byte long; it must be left alone until the promise settles.
   * @param options aborting its `signal` takes no byte, and `bytes` is yours again at once.
   * @returns how many bytes came; 0 at the end of the stream.
   * @throws IoError as `read`.
   * @throws TypeError no Uint8Array; RangeError an empty one, since 0 could not be told from the end.
   */
  readInto(bytes: Uint8Array, options?: WaitOptions): Promise<number>;
  /**
   * `for await (const chunk of connection)`: `read` until the end. Each chunk is yours. Leaving the loop early only
   * stops reading: what was not received yet stays for the next reader.
   */
  [Symbol.asyncIterator](): AsyncIterator<BufferList>;
  /**
   * Puts back bytes that were read and not used: the next read, handler or transfer gets them first.
   *
   * @param bytes moved: the list is empty afterwards. A chunk of `onData` may be put back within its call.
   * @throws TypeError no list; IoError EBUSY: a read or a transfer is under way; EBADF: the connection was moved to
   *   another thread.
   */
  unread(bytes: BufferList): void;
  /** Stops receiving: what the peer sends stays in the kernel, which holds the peer back. */
  pause(): void;
  /** Receives again. */
  resume(): void;
}
