/**
 * io_uring_setup(2), down a ladder: what a kernel lacks is dropped, and said. A kernel that knows a flag knows
 * those that came before it, so the newest goes first.
 */
import { EINVAL } from '../ffi/errno.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { NativeBlock } from '../ffi/memory.js';
import { close } from '../file/io.js';
import { holder, owners } from '../file/owned-descriptors.js';
import {
  IO_URING_SETUP,
  IORING_FEAT_EXT_ARG,
  IORING_FEAT_NODROP,
  IORING_FEAT_SINGLE_MMAP,
  IORING_SETUP_CQSIZE,
  IORING_SETUP_DEFER_TASKRUN,
  IORING_SETUP_NO_SQARRAY,
  IORING_SETUP_SINGLE_ISSUER,
  IORING_SETUP_SUBMIT_ALL,
  PARAM_CQ_ENTRIES,
  PARAM_FEATURES,
  PARAM_FLAGS,
  PARAMS_BYTES,
} from './abi.js';

type Setup = (number: number, entries: number, paramsAddress: number) => number;
const nativeSetup = declare<Setup>('syscall', 'int', ['long', 'uint', 'uintptr_t']);

/** What the ladder climbs down. */
interface Rung {
  readonly flag: number;
  readonly name: string;
  /** The first kernel that has it. */
  readonly since: string;
}

/** Newest first. */
const LADDER: readonly Rung[] = [
  { flag: IORING_SETUP_NO_SQARRAY, name: 'NO_SQARRAY', since: '6.6' },
  { flag: IORING_SETUP_DEFER_TASKRUN, name: 'DEFER_TASKRUN', since: '6.1' },
  { flag: IORING_SETUP_SINGLE_ISSUER, name: 'SINGLE_ISSUER', since: '6.0' },
  { flag: IORING_SETUP_SUBMIT_ALL, name: 'SUBMIT_ALL', since: '5.18' },
  { flag: IORING_SETUP_CQSIZE, name: 'CQSIZE', since: '5.5' },
];

/** Without these a ring can lose completions, or can't wait for a time. */
const NEEDED: readonly { readonly feature: number; readonly name: string; readonly since: string }[] = [
  { feature: IORING_FEAT_SINGLE_MMAP, name: 'SINGLE_MMAP', since: '5.4' },
  { feature: IORING_FEAT_NODROP, name: 'NODROP', since: '5.5' },
  { feature: IORING_FEAT_EXT_ARG, name: 'EXT_ARG', since: '5.11' },
];

/** What the ladder came to. */
export interface LadderOutcome {
  /** What the last attempt returned: a descriptor, or a negative errno. */
  readonly result: number;
  /** The flags of the last attempt. */
  readonly flags: number;
  /** What was dropped, newest first, each with its reason. */
  readonly dropped: readonly string[];
}

/** A ring that was just set up. */
export interface RingSetup extends Omit<LadderOutcome, 'result'> {
  readonly fd: number;
  readonly features: number;
  /** struct io_uring_params as the kernel filled it. */
  readonly params: Uint32Array;
}

export interface RingSize {
  /** Room for submissions, a power of two. */
  readonly submissions: number;
  /** Room for completions, a power of two, more than that for submissions. */
  readonly completions: number;
}

/** Tries with all flags, then with one fewer each time that the kernel says EINVAL. */
export function descend(attempt: (flags: number) => number): LadderOutcome {
  let flags = LADDER.reduce((sum, rung) => sum | rung.flag, 0);
  let result = attempt(flags);
  const dropped: string[] = [];
  for (const { flag, name, since } of LADDER) {
    if (result !== -EINVAL) break;
    flags &= ~flag;
    dropped.push(`${name} (EINVAL: it came with Linux ${since})`);
    result = attempt(flags);
  }
  return { result, flags, dropped };
}

/**
 * A ring's descriptor, close-on-exec; mapping it is the caller's next step.
 *
 * @throws IoError ENOSYS, EPERM (a sandbox, kernel.io_uring_disabled), ENOMEM (RLIMIT_MEMLOCK), EMFILE, ENFILE.
 */
export function setUpRing(size: RingSize): RingSetup {
  const block = new NativeBlock(PARAMS_BYTES);
  const params = block.u32;
  const { result, flags, dropped } = descend(wanted => {
    params.fill(0);
    params[PARAM_FLAGS] = wanted;
    params[PARAM_CQ_ENTRIES] = size.completions;
    const fd = nativeSetup(IO_URING_SETUP, size.submissions, block.address);
    if (fd >= 0) owners[fd] = holder;
    return fd >= 0 ? fd : -errno();
  });
  if (result < 0) throw new IoError(-result, 'io_uring_setup', `${size.submissions} submissions`);
  const features = params[PARAM_FEATURES];
  const missing = NEEDED.find(({ feature }) => (features & feature) === 0);
  if (missing !== undefined) {
    close(result);
    const since = `the kernel lacks ${missing.name}, which came with Linux ${missing.since}`;
    throw new IoError('ENOSYS', 'io_uring_setup', 'a ring', since);
  }
  return { fd: result, flags, features, dropped, params };
}

/** The names of setup flags, as in the manual without their prefix. */
export function setupFlagNames(flags: number): string[] {
  return LADDER.filter(({ flag }) => (flags & flag) !== 0).map(({ name }) => name);
}
