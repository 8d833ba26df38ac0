/** kqueue(2) and kevent(2): of the C library, or of the shared object that POLLUX_KQUEUE_LIBRARY names. */
import os from 'node:os';
import process from 'node:process';
import koffi from 'koffi';
import type { LibraryHandle } from 'koffi';
import { O_CLOEXEC } from '../ffi/constants.js';
import { EINVAL, ENOENT } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { closeLent, isOpen, setCloseOnExec } from '../file/io.js';
import { KeventArray } from './kevent-array.js';
import { possibleSystems, type KqueueSystem } from './kevent-layout.js';
import { errno, libcName } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { holder, lend, owners } from '../file/owned-descriptors.js';
import { kernelRelease, platform } from '../ffi/platform.js';
import { localAddress } from '../socket/socket.js';
import { isSocket } from '../socket/stream.js';

/** What the backend calls: a kernel, a library, or a model of one. */
export interface KqueueCalls {
  readonly system: KqueueSystem;
  /** The library or model that answers, for messages: 'libc.so.7', a path, 'model freebsd-14'. */
  readonly provider: string;
  /** A new queue, close-on-exec; or -1. */
  kqueue(): number;
  /**
   * kevent(2).
   *
   * @param timeoutNs -1 for ever.
   * @returns the number of events, or -1.
   */
  kevent(
    kq: number,
    changes: KeventArray | undefined,
    changeCount: number,
    events: KeventArray | undefined,
    eventCount: number,
    timeoutNs: number,
  ): number;
  /** errno of the last call that returned -1, as the system numbers it. */
  errno(): number;
  /** An errno of the system as this machine numbers it: the same, unless the system is a model of another one. */
  hostErrno(errno: number): number;
  /** Other threads are about to be told its number. @returns what the loan is called. Absent where there are none. */
  lend?(kq: number): number;
  close(kq: number): void;
  isOpen(fd: number): boolean;
  /** Whether WRITE of this descriptor is not told that the peer has closed. Absent where there are no such ones. */
  isDeafWriter?(fd: number): boolean;
}

type NativeKevent = (
  kq: number,
  changes: number,
  changeCount: number,
  events: number,
  eventCount: number,
  timeout: number,
) => number;

/** A day: a longer wait ends early, and the caller waits again. Some kernels refuse what is beyond 2^31 seconds. */
const LONGEST_WAIT_NS = 86_400e9;

class NativeKqueue implements KqueueCalls {
  private readonly timespec = new NativeBlock(16);

  constructor(
    readonly system: KqueueSystem,
    readonly provider: string,
    private readonly nativeKqueue: () => number,
    /** FreeBSD 14 and NetBSD: opens and marks the queue in one step. */
    private readonly nativeKqueue1: ((flags: number) => number) | undefined,
    private readonly nativeKevent: NativeKevent,
  ) {}

  kqueue(): number {
    const open = this.nativeKqueue;
    const openClosedOnExec = this.nativeKqueue1;
    const kq = openClosedOnExec === undefined ? open() : openClosedOnExec(O_CLOEXEC);
    if (kq >= 0) owners[kq] = holder;
    if (kq >= 0 && openClosedOnExec === undefined) setCloseOnExec(kq);
    return kq;
  }

  kevent(
    kq: number,
    changes: KeventArray | undefined,
    changeCount: number,
    events: KeventArray | undefined,
    eventCount: number,
    timeoutNs: number,
  ): number {
    let timeout = 0;
    if (timeoutNs >= 0) {
      const boundedNs = Math.min(timeoutNs, LONGEST_WAIT_NS);
      const seconds = Math.floor(boundedNs / 1e9);
      storeWord(this.timespec.u32, 0, seconds);
      storeWord(this.timespec.u32, 2, Math.floor(boundedNs - seconds * 1e9));
      timeout = this.timespec.address;
    }
    return this.nativeKevent(
      kq,
      changes === undefined ? 0 : changes.address,
      changeCount,
      events === undefined ? 0 : events.address,
      eventCount,
      timeout,
    );
  }

  errno(): number {
    return errno();
  }

  hostErrno(number: number): number {
    return number;
  }

  lend(kq: number): number {
    return lend(kq);
  }

  close(kq: number): void {
    closeLent(kq);
  }

  isOpen(fd: number): boolean {
    return isOpen(fd);
  }

  readonly isDeafWriter = tellsReadersAlone ? isUnixSocket : undefined;
}

/** FreeBSD 15 wakes WRITE of a Unix stream when the peer's buffer has room, and not any more once there is no peer. */
const tellsReadersAlone = platform === 'freebsd' && Number.parseInt(os.release(), 10) >= 15;

function isUnixSocket(fd: number): boolean {
  return isSocket(fd) && localAddress(fd).family === 'unix';
}

let chosen: KqueueCalls | undefined;
let chosenFrom: string | undefined;

/**
 * kqueue of this machine. Which library and which layout is found out once, and again when POLLUX_KQUEUE_LIBRARY
 * changes.
 *
 * @throws IoError ENOSYS: this kernel has no kqueue and no library is named; ENOENT: the library can't be loaded or
 *   lacks a symbol; EINVAL: it answers in none of the layouts known here.
 */
export function nativeKqueue(): KqueueCalls {
  const library = process.env.POLLUX_KQUEUE_LIBRARY || undefined;
  if (chosen !== undefined && chosenFrom === library) return chosen;
  if (library === undefined && platform === 'linux') {
    throw new IoError('ENOSYS', 'kqueue', undefined, `there is no kqueue on ${kernelRelease}`);
  }
  chosen = load(library);
  chosenFrom = library;
  return chosen;
}

function load(library: string | undefined): KqueueCalls {
  const provider = library ?? libcName();
  let handle: LibraryHandle;
  try {
    // Null is the running program, which has the C library linked in.
    handle = koffi.load(library ?? null);
  } catch (error) {
    throw new IoError(ENOENT, 'kqueue', provider, `the library can't be loaded: ${(error as Error).message}`);
  }
  const failures: string[] = [];
  let missing = false;
  for (const system of possibleSystems()) {
    let calls: NativeKqueue;
    try {
      const { symbol, countType } = system;
      const kevent = ['int', 'uintptr_t', countType, 'uintptr_t', countType, 'uintptr_t'];
      calls = new NativeKqueue(
        system,
        provider,
        handle.func('kqueue', 'int', []) as () => number,
        optional(handle, 'kqueue1'),
        handle.func(symbol, 'int', kevent),
      );
    } catch (error) {
      missing = true;
      failures.push(`it has no function kqueue or ${system.symbol}: ${(error as Error).message}`);
      continue;
    }
    const failure = layoutFault(calls);
    if (failure === undefined) return calls;
    failures.push(`${system.name}: ${failure}`);
  }
  throw new IoError(missing ? ENOENT : EINVAL, 'kqueue', provider, [...new Set(failures)].join('; '));
}

function optional(handle: LibraryHandle, name: string): ((flags: number) => number) | undefined {
  try {
    return handle.func(name, 'int', ['int']) as (flags: number) => number;
  } catch {
    return undefined;
  }
}

/** Two user events, so that the distance from one entry to the next is checked too. */
const TEST_EVENTS = 2;
const TEST_IDENT = 0x5eed;
const TEST_LOW = 0x89abcdef;
const TEST_HIGH = 0x01234567;

/**
 * Registers user events with known user data and reads them back.
 *
 * @returns what is wrong with the layout, or undefined if it is right.
 * @throws IoError EMFILE, ENFILE, ENOMEM: no queue could be opened.
 */
export function layoutFault(calls: KqueueCalls): string | undefined {
  const kq = calls.kqueue();
  if (kq < 0) throw new IoError(calls.hostErrno(calls.errno()), 'kqueue', calls.provider);
  try {
    const { constants, layout } = calls.system;
    const changes = new KeventArray(layout, TEST_EVENTS);
    const events = new KeventArray(layout, TEST_EVENTS * 2);
    for (const [flags, fflags] of [
      [constants.EV_ADD | constants.EV_CLEAR, 0],
      [0, constants.NOTE_TRIGGER],
    ]) {
      for (let index = 0; index < TEST_EVENTS; index++) {
        const ident = TEST_IDENT + index;
        changes.set(index, ident, constants.EVFILT_USER, flags, fflags, 0, TEST_LOW + index, TEST_HIGH);
      }
      if (calls.kevent(kq, changes, TEST_EVENTS, undefined, 0, 0) < 0) {
        return `a user event is refused with errno ${calls.errno()} in the layout ${layout.name} of ${layout.sizeBytes} bytes`;
      }
    }
    const count = calls.kevent(kq, undefined, 0, events, TEST_EVENTS * 2, 0);
    if (count !== TEST_EVENTS) {
      return `${TEST_EVENTS} user events were triggered and ${count} came back in the layout ${layout.name} of ${layout.sizeBytes} bytes`;
    }
    for (let index = 0; index < TEST_EVENTS; index++) {
      const which = events.ident(index) - TEST_IDENT;
      if (
        (which !== 0 && which !== 1) ||
        events.filter(index) !== constants.EVFILT_USER ||
        events.udataLow(index) !== TEST_LOW + which ||
        events.udataHigh(index) !== TEST_HIGH
      ) {
        return `a user event came back with another ident, filter or user data in the layout ${layout.name} of ${layout.sizeBytes} bytes`;
      }
    }
    return undefined;
  } finally {
    calls.close(kq);
  }
}
