/** struct kevent of each system and version (LP64, little-endian), and which one runs here. */
import os from 'node:os';
import {
  freebsdConstants,
  macosConstants,
  netbsdConstants,
  openbsdConstants,
  type KqueueConstants,
} from './kqueue-constants.js';
import { platform } from '../ffi/platform.js';

/** Size and offsets in bytes. */
export interface KeventLayout {
  readonly name: string;
  readonly sizeBytes: number;
  readonly ident: number;
  readonly filter: number;
  readonly flags: number;
  readonly fflags: number;
  readonly data: number;
  readonly udata: number;
  /** Widths of the two fields that NetBSD made wider. */
  readonly filterBytes: 2 | 4;
  readonly flagsBytes: 2 | 4;
}

/** What has to be known of a system to talk to its kqueue. */
export interface KqueueSystem {
  readonly name: KqueueSystemName;
  readonly layout: KeventLayout;
  readonly constants: KqueueConstants;
  /** The symbol of kevent(2) with this layout. */
  readonly symbol: 'kevent' | '__kevent50' | '__kevent100';
  /** The C type of the lengths of the two lists. */
  readonly countType: 'int' | 'size_t';
}

export type KqueueSystemName = 'freebsd-12' | 'freebsd-11' | 'macos' | 'openbsd' | 'netbsd-10' | 'netbsd-11';

/** The layout of 1999, which most have kept. */
const short: Omit<KeventLayout, 'name' | 'sizeBytes'> = {
  ident: 0,
  filter: 8,
  flags: 10,
  fflags: 12,
  data: 16,
  udata: 24,
  filterBytes: 2,
  flagsBytes: 2,
};

/** NetBSD's: filter and flags have 32 bits, and `data` is aligned after them. */
const wide: Omit<KeventLayout, 'name' | 'sizeBytes'> = {
  ident: 0,
  filter: 8,
  flags: 12,
  fflags: 16,
  data: 24,
  udata: 32,
  filterBytes: 4,
  flagsBytes: 4,
};

function system(
  name: KqueueSystemName,
  sizeBytes: number,
  shape: Omit<KeventLayout, 'name' | 'sizeBytes'>,
  constants: KqueueConstants,
  symbol: KqueueSystem['symbol'] = 'kevent',
  countType: KqueueSystem['countType'] = 'int',
): KqueueSystem {
  return { name, layout: { name, sizeBytes, ...shape }, constants, symbol, countType };
}

export const kqueueSystems: Readonly<Record<KqueueSystemName, KqueueSystem>> = {
  'freebsd-12': system('freebsd-12', 64, short, freebsdConstants),
  'freebsd-11': system('freebsd-11', 32, short, freebsdConstants),
  macos: system('macos', 32, short, macosConstants),
  openbsd: system('openbsd', 32, short, openbsdConstants),
  'netbsd-10': system('netbsd-10', 40, wide, netbsdConstants, '__kevent50', 'size_t'),
  'netbsd-11': system('netbsd-11', 72, wide, netbsdConstants, '__kevent100', 'size_t'),
};

/**
 * The systems that a library on this machine may speak for, likeliest first. On Linux a library that was named by
 * POLLUX_KQUEUE_LIBRARY has FreeBSD's numbers, with or without `ext`.
 */
export function possibleSystems(): readonly KqueueSystem[] {
  const release = Number.parseInt(os.release(), 10);
  switch (platform) {
    case 'freebsd':
      return [kqueueSystems[release < 12 ? 'freebsd-11' : 'freebsd-12']];
    case 'darwin':
      return [kqueueSystems.macos];
    case 'openbsd':
      return [kqueueSystems.openbsd];
    case 'netbsd':
      return [kqueueSystems[release < 11 ? 'netbsd-10' : 'netbsd-11']];
    default:
      return [kqueueSystems['freebsd-12'], kqueueSystems['freebsd-11']];
  }
}
