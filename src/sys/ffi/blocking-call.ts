/** Calls that may wait for a disk: they run on a thread of libuv's pool, and this one goes on. */
import { queueMicrotask } from '../../base/runtime-functions.js';
import { EINTR, ENOSYS } from './errno.js';
import { declareBlocking, errno, hasFunction, type Returned } from './libc.js';
import type { NativeBlock } from './memory.js';

/** Told in a later turn of the loop what a call returned; below 0 it is an errno with its sign turned. */
export type Done = (result: number) => void;

/**
 * A function of the C library that returns -1 with errno, for use on a pool thread. A call that a signal interrupted is
 * made again. Where the library has no such function the answer is ENOSYS, as from a kernel that lacks it.
 *
 * A block in place of an address is held until `done`; memory behind a plain address is the caller's to keep until
 * then. A call under way keeps the process alive.
 */
export function blockingCall<Args extends (number | NativeBlock)[]>(
  name: string,
  result: 'int' | 'int64_t',
  types: string[],
): (...argumentsAndDone: [...Args, Done]) => void {
  if (!hasFunction(name)) return (...given) => queueMicrotask(() => (given[given.length - 1] as Done)(-ENOSYS));
  const call = declareBlocking<number[]>(name, result, types);
  return (...given) => {
    const done = given[given.length - 1] as Done;
    const begin = (): void => {
      const args = given.slice(0, -1) as Args;
      call(...args.map(argument => (typeof argument === 'number' ? argument : argument.address)), returned);
    };
    const returned: Returned = (failure, value) => {
      if (failure !== null) throw failure;
      const code = value < 0 ? errno() : 0;
      if (code === EINTR) begin();
      else done(code === 0 ? value : -code);
    };
    begin();
  };
}
