/** How much of what was sent the peer has not taken yet. */
import { SOL_SOCKET } from '../ffi/constants.js';
import { declare } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';
import { getIntOption } from './socket.js';

/** SIOCOUTQ of Linux; FIONWRITE of FreeBSD, _IOR('f', 119, int). */
const REQUESTS: Partial<Record<typeof platform, number>> = { linux: 0x5411, freebsd: 0x40046677 };
/** Of macOS. */
const SO_NWRITE = 0x1024;

const request = REQUESTS[platform];
type Ioctl = (fd: number, request: number, type: 'uintptr_t', address: number) => number;
const ioctl = declare<Ioctl>('ioctl', 'int', ['int', 'ulong', '...']);
const block = new NativeBlock(8);

/**
 * Bytes in the kernel's send buffer: not sent yet, or sent and not acknowledged. Of a Unix socket those that the peer
 * has not read, with what the kernel needs to keep them.
 *
 * @returns 0 also where the system does not say: it has no such call, or the descriptor is no socket.
 */
export function unsentBytes(fd: number): number {
  if (platform === 'darwin') {
    try {
      return getIntOption(fd, SOL_SOCKET, SO_NWRITE);
    } catch {
      return 0;
    }
  }
  if (request === undefined) return 0;
  return ioctl(fd, request, 'uintptr_t', block.address) === 0 ? block.i32[0] : 0;
}
