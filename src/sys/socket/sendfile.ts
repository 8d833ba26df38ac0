/**
 * sendfile(2): bytes of a file to a stream socket without a copy through the process. Linux, FreeBSD and macOS have
 * calls of that name with other arguments and other ways to say how much went; here they are one.
 */
import { ENOSYS } from '../ffi/errno.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

/** A table of struct iovec: where it lies and how many entries count. */
export interface IovecRange {
  readonly address: number;
  readonly count: number;
}

export interface SendfileCalls {
  /** Whether `header` may go along in the call, as the first bytes. */
  readonly takesHeader: boolean;
  /** Whether a call answers EBUSY rather than wait for the disk. */
  readonly refusesToWait: boolean;
  /**
   * errno of the last call; 0 if it went well. Bytes may have gone all the same: the socket took no more (EAGAIN), a
   * signal came (EINTR), the next page is not in memory (EBUSY).
   */
  readonly failure: number;
  /**
   * Sends bytes of the file, which needs no position and whose position stays.
   *
   * @param offset in the file.
   * @param lengthBytes at least 1 and below 2 GiB; where the file ends earlier, fewer go, and that is no failure.
   * @param header goes first; only where `takesHeader`, and not at the end of the file: there FreeBSD drops it.
   * @returns bytes that the socket took, those of the header included, whether or not there was a failure.
   */
  send(socket: number, file: number, offset: number, lengthBytes: number, header?: IovecRange): number;
}

type LinuxCall = (socket: number, file: number, offsetAddress: number, lengthBytes: number) => number;

export class LinuxSendfile implements SendfileCalls {
  readonly takesHeader = false;
  readonly refusesToWait = false;
  failure = 0;
  private readonly offset = new NativeBlock(8);

  constructor(
    private readonly call: LinuxCall,
    private readonly errno: () => number,
  ) {}

  send(socket: number, file: number, offset: number, lengthBytes: number): number {
    storeWord(this.offset.u32, 0, offset);
    const sent = this.call(socket, file, this.offset.address, lengthBytes);
    this.failure = sent < 0 ? this.errno() : 0;
    return Math.max(sent, 0);
  }
}

type FreebsdCall = (
  file: number,
  socket: number,
  offset: number,
  lengthBytes: number,
  headersAndTrailers: number,
  sentAddress: number,
  flags: number,
) => number;

/** Fail with EBUSY where a page would have to be read from the disk. */
export const SF_NODISKIO = 1;
/** struct sf_hdtr: pointer and count of the headers, pointer and count of the trailers, in 64-bit words. */
const SF_HDTR_BYTES = 32;

export class FreebsdSendfile implements SendfileCalls {
  readonly takesHeader = true;
  readonly refusesToWait = true;
  failure = 0;
  private readonly sent = new NativeBlock(8);
  private readonly headersAndTrailers = new NativeBlock(SF_HDTR_BYTES);

  constructor(
    private readonly call: FreebsdCall,
    private readonly errno: () => number,
  ) {}

  send(socket: number, file: number, offset: number, lengthBytes: number, header?: IovecRange): number {
    return this.sendFramed(socket, file, offset, lengthBytes, SF_NODISKIO, header, undefined);
  }

  /**
   * The whole call. A trailer is sent also where the file ended early, and right behind what there was of it, so a
   * trailer in the call is only for files that nobody can shorten.
   *
   * @param lengthBytes of the file; 0 is up to its end.
   */
  sendFramed(
    socket: number,
    file: number,
    offset: number,
    lengthBytes: number,
    flags: number,
    header: IovecRange | undefined,
    trailer: IovecRange | undefined,
  ): number {
    const { sent, headersAndTrailers } = this;
    let framing = 0;
    if (header !== undefined || trailer !== undefined) {
      const { u32 } = headersAndTrailers;
      storeWord(u32, 0, header?.address ?? 0);
      storeWord(u32, 2, header?.count ?? 0);
      storeWord(u32, 4, trailer?.address ?? 0);
      storeWord(u32, 6, trailer?.count ?? 0);
      framing = headersAndTrailers.address;
    }
    // Not every refusal writes the count.
    storeWord(sent.u32, 0, 0);
    const result = this.call(file, socket, offset, lengthBytes, framing, sent.address, flags);
    this.failure = result < 0 ? this.errno() : 0;
    return sent.u32[0] + sent.u32[1] * 2 ** 32;
  }
}

type DarwinCall = (
  file: number,
  socket: number,
  offset: number,
  lengthAddress: number,
  headersAndTrailers: number,
  flags: number,
) => number;

/** macOS counts the header against the length, where FreeBSD does not: it is left to a send of its own. */
export class DarwinSendfile implements SendfileCalls {
  readonly takesHeader = false;
  readonly refusesToWait = false;
  failure = 0;
  private readonly length = new NativeBlock(8);

  constructor(
    private readonly call: DarwinCall,
    private readonly errno: () => number,
  ) {}

  send(socket: number, file: number, offset: number, lengthBytes: number): number {
    const { u32 } = this.length;
    storeWord(u32, 0, lengthBytes);
    const result = this.call(file, socket, offset, this.length.address, 0, 0);
    this.failure = result < 0 ? this.errno() : 0;
    const sent = u32[0] + u32[1] * 2 ** 32;
    // The count is valid with EAGAIN and EINTR; a refusal of the arguments leaves the length as it was.
    return result < 0 && sent === lengthBytes ? 0 : sent;
  }
}

/** Kernels without the call: the caller learns to use buffers. */
class NoSendfile implements SendfileCalls {
  readonly takesHeader = false;
  readonly refusesToWait = false;
  readonly failure = ENOSYS;

  send(): number {
    return 0;
  }
}

let chosen: SendfileCalls | undefined;

/** sendfile of this machine. */
export function nativeSendfile(): SendfileCalls {
  chosen ??= load();
  return chosen;
}

function load(): SendfileCalls {
  switch (platform) {
    case 'linux':
      return new LinuxSendfile(declare('sendfile', 'int', ['int', 'int', 'uintptr_t', 'size_t']), errno);
    case 'freebsd':
      return new FreebsdSendfile(
        declare('sendfile', 'int', ['int', 'int', 'int64_t', 'size_t', 'uintptr_t', 'uintptr_t', 'int']),
        errno,
      );
    case 'darwin':
      return new DarwinSendfile(
        declare('sendfile', 'int', ['int', 'int', 'int64_t', 'uintptr_t', 'uintptr_t', 'int']),
        errno,
      );
    default:
      return new NoSendfile();
  }
}
