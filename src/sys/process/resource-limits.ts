/** Bounds that the system sets: resource limits of the process, and settings of the kernel. Nothing here is cached. */
import { readFileSync } from 'node:fs';
import { errno, declare, hasFunction } from '../ffi/libc.js';
import { IoError } from '../ffi/io-error.js';
import { NativeBlock } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';

/** The one number of each limit that differs by system. */
const RESOURCES = { openFiles: platform === 'linux' ? 7 : 8, lockedMemory: platform === 'linux' ? 8 : 6 } as const;

export type Resource = keyof typeof RESOURCES;

/** Infinity where there is no bound. */
export interface ResourceLimit {
  /** What holds now; the process may raise it up to `hard`. Node and Bun do so by themselves as they start. */
  readonly soft: number;
  readonly hard: number;
}

const getrlimit = declare<(resource: number, address: number) => number>('getrlimit', 'int', ['int', 'uintptr_t']);
type ReadSetting = (name: string, value: number, lengthAddress: number, newValue: number, newLength: number) => number;
const sysctlbyname = declare<ReadSetting>('sysctlbyname', 'int', [
  'str',
  'uintptr_t',
  'uintptr_t',
  'uintptr_t',
  'size_t',
]);

/** RLIM_INFINITY is all ones on Linux and the largest signed number elsewhere; no real limit comes near either. */
const UNBOUNDED = 2 ** 62;

/** getrlimit(2): open descriptors as a count, locked memory in bytes. @throws IoError EINVAL. */
export function resourceLimit(resource: Resource): ResourceLimit {
  const block = new NativeBlock(16);
  if (getrlimit(RESOURCES[resource], block.address) < 0) throw new IoError(errno(), 'getrlimit', resource);
  const word = (offset: number) => {
    const value = Number(block.view.getBigUint64(offset, true));
    return value >= UNBOUNDED ? Infinity : value;
  };
  return { soft: word(0), hard: word(8) };
}

/**
 * A numeric setting of the kernel by its sysctl(8) name; settings of several numbers give all of them.
 *
 * @returns undefined where this kernel has no such setting, or shows it to nobody.
 */
export function kernelSetting(name: string): number[] | undefined {
  return platform === 'linux' ? procSetting(name) : sysctlSetting(name);
}

/** How many local ports connections to one address and port can have; undefined where the system does not tell. */
export function localPorts(): number | undefined {
  const range =
    platform === 'linux'
      ? kernelSetting('net.ipv4.ip_local_port_range')
      : [kernelSetting('net.inet.ip.portrange.first')?.[0], kernelSetting('net.inet.ip.portrange.last')?.[0]];
  const [first, last] = range ?? [];
  return first === undefined || last === undefined ? undefined : last - first + 1;
}

function procSetting(name: string): number[] | undefined {
  try {
    const values = readFileSync(`/proc/sys/${name.replaceAll('.', '/')}`, 'latin1')
      .trim()
      .split(/\s+/)
      .map(Number);
    return values.every(Number.isFinite) ? values : undefined;
  } catch {
    // An older kernel, one built without it, or a sandbox without /proc: to the caller all the same.
    return undefined;
  }
}

function sysctlSetting(name: string): number[] | undefined {
  if (!hasFunction('sysctlbyname')) return undefined; // OpenBSD knows its settings by number only.
  const value = new NativeBlock(8);
  const length = new NativeBlock(8);
  length.u32[0] = 8;
  if (sysctlbyname(name, value.address, length.address, 0, 0) < 0) return undefined;
  return [length.u32[0] === 8 ? Number(value.view.getBigInt64(0, true)) : value.i32[0]];
}
