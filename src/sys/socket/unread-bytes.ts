/**
 * How much the kernel holds for a descriptor that nobody has received yet: FIONREAD, which Linux also calls SIOCINQ.
 */
import { declare } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

const FIONREAD = platform === 'linux' ? 0x541b : 0x4004667f;
type Ioctl = (fd: number, request: number, type: 'uintptr_t', address: number) => number;
const ioctl = declare<Ioctl>('ioctl', 'int', ['int', 'ulong', '...']);
const block = new NativeBlock(8);

/** @returns undefined where the system does not say: a listening socket, a closed descriptor. */
export function unreadBytes(fd: number): number | undefined {
  return ioctl(fd, FIONREAD, 'uintptr_t', block.address) === 0 ? block.i32[0] : undefined;
}
