/**
 * SO_SPLICE: FreeBSD's and OpenBSD's kernels move what one TCP socket receives to another, without a call per piece.
 * FreeBSD 15.0 was recorded (test/fixtures/kqueue/so-splice-freebsd-15.jsonl). FreeBSD 14.0 has no such option.
 */
import { SOL_SOCKET } from '../ffi/constants.js';
import { EINVAL, ENOTCONN } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';
import { getOption, remoteAddress, setOption } from './socket.js';

/** An object, so that a test can be the kernel. One way each; both sockets are TCP and connected. */
export interface SocketSpliceCalls {
  /**
   * Has the kernel move bytes from now on, what waits at the source already included. Meanwhile the source is never
   * readable. It becomes so when the splice is over and there is something to receive: bytes beyond `maxBytes`, the
   * end, an error. Nothing tells that just `maxBytes` were moved.
   *
   * @param maxBytes 0 for no limit.
   * @returns 0, or why not: ENOPROTOOPT no such option here, EPROTONOSUPPORT not TCP, ENOTCONN, EBUSY spliced already,
   *   EINVAL a socket to itself. After some refusals FreeBSD says EBUSY of the source for ever, which serves as before.
   */
  begin(source: number, sink: number, maxBytes: number): number;
  /** Ends it; nothing if it is over. What has not been moved is to be received as ever. */
  end(source: number): void;
  /** Bytes moved since the last `begin`, also after the end. */
  movedBytes(source: number): number;
}

export const SO_SPLICE = 0x1023;
/** struct splice: int fd, off_t max, struct timeval idle, on 64-bit systems. */
const SPLICE_BYTES = 32;
const FD_WORD = 0;
const MAX_WORD = 2;
const NO_DESCRIPTOR = -1;

type SetOption = (fd: number, level: number, name: number, value: Uint8Array) => void;
type GetOption = (fd: number, level: number, name: number) => Uint8Array;

export class SocketSplice implements SocketSpliceCalls {
  private readonly structure = new NativeBlock(SPLICE_BYTES);

  constructor(
    private readonly set: SetOption,
    private readonly get: GetOption,
    private readonly isConnected: (fd: number) => boolean = () => true,
  ) {}

  begin(source: number, sink: number, maxBytes: number): number {
    // FreeBSD takes it, and the bytes are gone.
    if (source === sink) return EINVAL;
    // Refused by the kernel for this, the source could never be spliced again.
    if (!this.isConnected(sink)) return ENOTCONN;
    return this.splice(source, sink, maxBytes);
  }

  end(source: number): void {
    // ENOTCONN: it ended by itself.
    this.splice(source, NO_DESCRIPTOR, 0);
  }

  movedBytes(source: number): number {
    const bytes = this.get(source, SOL_SOCKET, SO_SPLICE);
    return Number(new DataView(bytes.buffer, bytes.byteOffset).getBigInt64(0, true));
  }

  /** @returns the errno, 0 for none. */
  private splice(source: number, sink: number, maxBytes: number): number {
    const { structure } = this;
    structure.i32[FD_WORD] = sink;
    storeWord(structure.u32, MAX_WORD, maxBytes);
    try {
      this.set(source, SOL_SOCKET, SO_SPLICE, structure.bytes);
      return 0;
    } catch (error) {
      if (error instanceof IoError) return error.errno;
      throw error;
    }
  }
}

/** SO_SPLICE of this machine; undefined on systems that never had it. Whether the kernel has it is told by `begin`. */
export function nativeSocketSplice(): SocketSpliceCalls | undefined {
  if (platform !== 'freebsd' && platform !== 'openbsd') return undefined;
  return new SocketSplice(setOption, getOption, isConnected);
}

function isConnected(fd: number): boolean {
  try {
    remoteAddress(fd);
    return true;
  } catch (error) {
    if (error instanceof IoError && error.errno === ENOTCONN) return false;
    throw error;
  }
}
