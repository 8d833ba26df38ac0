/**
 * Whether a ring works here: one is made, and does once each thing that the backend does with one. A sandbox may
 * let the setup pass and refuse the rest, or let all calls pass and no operation.
 */
import { errnoName } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { close, pipe } from '../../sys/file/io.js';
import { EPOLLIN, EPOLLOUT } from '../../sys/poll/epoll.js';
import { Ring, type UserData } from '../../sys/uring/ring.js';
import { setupFlagNames } from '../../sys/uring/setup.js';

const ECANCELED_RESULT = 'ECANCELED';
const STEP_NS = 1e9;
const NOP: UserData = { low: 1, high: 0xffffffff };
const IGNORED: UserData = { low: 2, high: 0 };

/** What a ring of this kernel has and lacks. */
export interface RingFindings {
  /** Setup flags that it took. */
  readonly flags: readonly string[];
  /** Those that it lacks, each with its reason. */
  readonly dropped: readonly string[];
}

/** @throws IoError what was refused, and in which step. */
export function testRing(): RingFindings {
  const ring = new Ring({ submissions: 4, completions: 8 });
  try {
    const descriptors = pipe();
    try {
      tryOperations(ring, ...descriptors);
    } finally {
      for (const fd of descriptors) close(fd);
    }
    return { flags: setupFlagNames(ring.setup.flags), dropped: ring.setup.dropped };
  } finally {
    ring.close();
  }
}

function tryOperations(ring: Ring, reader: number, writer: number): void {
  ring.prepareNop(NOP);
  expectCompletion(ring, 'a no-op', NOP, 0);
  const once: UserData = { low: 3, high: 7 };
  ring.preparePoll(writer, EPOLLOUT, once.low, once.high);
  expectCompletion(ring, 'a poll', once, EPOLLOUT);
  const armed: UserData = { low: 4, high: 8 };
  ring.prepareMultishotPoll(reader, EPOLLIN, armed.low, armed.high);
  ring.prepareCancel(armed.low, armed.high, IGNORED);
  expectCompletion(ring, 'cancelling a multishot poll', armed, ECANCELED_RESULT);
}

/** The one completion that there must be now. */
function expectCompletion(ring: Ring, step: string, user: UserData, wanted: number | string): void {
  const refused = ring.enter(1, STEP_NS);
  if (ring.count === 0) throw new IoError(refused === 0 ? 'EIO' : refused, 'io_uring_enter', step);
  const result = ring.result(0);
  const isItsOwn = ring.low(0) === user.low && ring.high(0) === user.high;
  ring.seen(ring.count);
  const got = result < 0 ? errnoName(-result) : result;
  if (!isItsOwn || got !== wanted) {
    throw new IoError(result < 0 ? -result : 'EIO', 'io_uring_enter', step, `expected ${wanted}, got ${got}`);
  }
}
