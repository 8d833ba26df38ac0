/**
 * The C library, and the only way to call it: nothing outside src/sys imports koffi.
 *
 * Addresses travel as JavaScript numbers (user space ends below 2^47, so they are exact), declared as uintptr_t: that
 * costs no more than an integer, where a typed array costs 15 to 30 ns. Calls that return ssize_t are declared int
 * wherever Pollux itself bounds the length below 2 GiB.
 */
import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { arch, platform, type Platform } from './platform.js';

/** Every name that a C library goes by here, tried in turn; null asks the running program, which has it linked in. */
const libraryNames: Record<Platform, readonly (string | null)[]> = {
  linux: ['libc.so.6', `libc.musl-${arch === 'x64' ? 'x86_64' : 'aarch64'}.so.1`, null],
  freebsd: ['libc.so.7', null],
  openbsd: [null],
  netbsd: ['libc.so.12', null],
  darwin: ['libSystem.B.dylib', null],
  unsupported: [],
};

let library: LibraryHandle | undefined;
let libraryName = '';

function load(): LibraryHandle {
  if (library !== undefined) return library;
  const failures: string[] = [];
  for (const name of libraryNames[platform]) {
    try {
      library = koffi.load(name);
      libraryName = name ?? 'the running program';
      return library;
    } catch (error) {
      failures.push((error as Error).message);
    }
  }
  throw new Error(
    platform === 'unsupported'
      ? `Pollux has no backend for ${process.platform}: it needs Linux, FreeBSD, macOS, OpenBSD or NetBSD`
      : `no C library found: ${failures.join('; ')}`,
  );
}

/** The file that the C library was found in: 'libc.so.6' is glibc, 'libc.musl-x86_64.so.1' is musl. */
export function libcName(): string {
  load();
  return libraryName;
}

/**
 * A function of the C library. `types` are koffi's; a last '...' makes the call variadic, whose extra arguments are
 * then given as pairs of type and value (on arm64 macOS they travel on the stack, so a variadic function must be
 * declared so).
 *
 * Where the function is missing, the module can still be imported: the call throws and says what is missing.
 */
export function declare<F extends (...args: never[]) => number>(name: string, result: string, types: string[]): F {
  try {
    return load().func(name, result, types) as unknown as F;
  } catch (error) {
    const missing = library === undefined ? (error as Error) : new Error(`${libraryName} has no function ${name}`);
    const refuse = (): never => {
      throw missing;
    };
    return refuse as unknown as F;
  }
}

/**
 * Told in a later turn of the loop what a call on a pool thread returned; its errno is `errno()` until the next call.
 */
export type Returned = (failure: Error | null, result: number) => void;

/**
 * A function of the C library that runs on a thread of libuv's pool, so that it may block. Memory that it is given
 * has to stay where it is until `returned`, which keeps the process alive until then.
 */
export function declareBlocking<Args extends number[]>(
  name: string,
  result: string,
  types: string[],
): (...argumentsAndReturned: [...Args, Returned]) => void {
  const call = declare(name, result, types) as { async?: (...args: [...Args, Returned]) => void };
  // Where the function is missing, the call itself says so.
  return call.async ?? (call as unknown as () => never);
}

/** Whether the C library has a function of this name. */
export function hasFunction(name: string): boolean {
  try {
    load().func(name, 'int', []);
    return true;
  } catch {
    return false;
  }
}

/** errno of the last call in this thread. Ask right after the call. */
export const errno: () => number = koffi.errno;
