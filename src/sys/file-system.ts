/** What kind of file system a file lies in. */
import { declare } from './libc.js';
import { NativeBlock } from './memory.js';
import { platform } from './platform.js';

const fstatfs = declare<(fd: number, address: number) => number>('fstatfs', 'int', ['int', 'uintptr_t']);

/**
 * Linux: file systems whose files are made up as they are read, and whose sizes therefore say nothing: proc, sysfs, debugfs,
 * tracefs, cgroup, cgroup2, securityfs, configfs (linux/magic.h).
 */
const MADE_UP = new Set([0x9fa0, 0x62656572, 0x64626720, 0x74726163, 0x27e0eb, 0x63677270, 0x73636673, 0x62656570]);

/** struct statfs is 120 bytes on 64-bit Linux and begins with its type. */
const statfs = new NativeBlock(256);

/** Whether the size of a file in the same file system says nothing of its content. Known for Linux only. */
export function isMadeUp(fd: number): boolean {
  return platform === 'linux' && fstatfs(fd, statfs.address) === 0 && MADE_UP.has(statfs.u32[0]);
}
