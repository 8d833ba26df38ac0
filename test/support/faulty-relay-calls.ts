/** The kernel's part of a join with faults at given calls, and pipes that are short. */
import fc from 'fast-check';
import type { RelayCalls } from '../../src/core/transfers/relay/relay-conduits.js';
import { PipePool } from '../../src/core/transfers/relay/pipe-pool.js';
import { EAGAIN, EINTR, EINVAL, ENOMEM, EPERM } from '../../src/sys/ffi/errno.js';
import { IoError } from '../../src/sys/ffi/io-error.js';
import { errno as lastErrno } from '../../src/sys/ffi/libc.js';
import { nativePipes, nativeSplice, type PipeCalls } from '../../src/sys/socket/splice.js';
import { pipeStream, socketStream, type StreamCalls } from '../../src/sys/socket/stream.js';

/** What one call does. `share` is how much of what it was asked for it does at most, from 0 to 1. */
export interface Fault {
  readonly kind: 'pass' | 'short' | 'EAGAIN' | 'EINTR' | 'EINVAL' | 'ENOMEM' | 'EPERM';
  readonly share: number;
}

export const PASS: Fault = { kind: 'pass', share: 1 };
const NUMBERS = { EAGAIN, EINTR, EINVAL, ENOMEM, EPERM };
/** Only splice is refused: of a stream these are no errors that a socket has. */
const REFUSALS: readonly Fault['kind'][] = ['EINVAL', 'ENOMEM', 'EPERM'];

/** Any of these, as often as not none. */
export function faultsOf(kinds: readonly Fault['kind'][]): fc.Arbitrary<Fault> {
  return fc.record({
    kind: fc.constantFrom<Fault['kind']>('pass', 'pass', ...kinds),
    share: fc.double({ min: 0, max: 1, noNaN: true }),
  });
}

/** Which refusals the pool meets. */
export interface PipeFaults {
  /** Opening fails with this from the n-th pipe on. */
  readonly openFails?: { readonly from: number; readonly code: 'EMFILE' | 'ENFILE' };
  /** Answers to opening and to enlarging a pipe, in their order; when they are used up, all pass. */
  readonly opens?: readonly ('pass' | 'EMFILE' | 'ENFILE')[];
  readonly resizes?: readonly ('pass' | 'EPERM' | 'EBUSY' | 'EINVAL')[];
  /** Enlarging fails with EPERM, and the pipes that are had hold so much. */
  readonly smallBytes?: number;
}

export interface FaultyRelay {
  readonly calls: RelayCalls;
  /** Calls that the script has answered. */
  readonly answered: () => number;
  readonly pipesOpened: () => number;
  /** Calls by name. */
  readonly counts: { receive: number; send: number; splice: number };
}

/**
 * @param faults answers to the calls in their order; when they are used up, every call passes.
 * @param outOfPipe answers to those that splice out of a pipe, before the others.
 * @param intoPipe answers to those that splice into one, before the others.
 */
export function faultyRelay(
  faults: readonly Fault[] = [],
  pipeFaults: PipeFaults = {},
  outOfPipe: readonly Fault[] = [],
  intoPipe: readonly Fault[] = [],
): FaultyRelay {
  const readEnds = new Set<number>();
  let drained = 0;
  let filled = 0;
  let answered = 0;
  let opened = 0;
  let asked = 0;
  let resized = 0;
  let injected = 0;
  const counts = { receive: 0, send: 0, splice: 0 };
  const errno = () => (injected !== 0 ? injected : lastErrno());

  const run = (
    lengthBytes: number,
    canRefuse: boolean,
    call: (lengthBytes: number) => number,
    first?: Fault,
  ): number => {
    const fault = first ?? faults[answered++] ?? PASS;
    injected = 0;
    if (fault.kind === 'pass') return call(lengthBytes);
    if (fault.kind === 'short') return call(Math.max(1, Math.floor(lengthBytes * fault.share)));
    if (REFUSALS.includes(fault.kind) && !canRefuse) return call(lengthBytes);
    injected = NUMBERS[fault.kind];
    return -1;
  };

  const faulty = (stream: StreamCalls): StreamCalls => ({
    ...stream,
    errno,
    receive: (fd, address, lengthBytes) => {
      counts.receive++;
      return run(lengthBytes, false, bytes => stream.receive(fd, address, bytes));
    },
    send: (fd, address, lengthBytes) => {
      counts.send++;
      return run(lengthBytes, false, bytes => stream.send(fd, address, bytes));
    },
  });
  const native = nativeSplice();
  const pipes: PipeCalls = {
    ...nativePipes,
    open: () => {
      const { openFails } = pipeFaults;
      if (openFails !== undefined && opened >= openFails.from) throw new IoError(openFails.code, 'pipe');
      const code = pipeFaults.opens?.[asked++] ?? 'pass';
      if (code !== 'pass') throw new IoError(code, 'pipe');
      opened++;
      const ends = nativePipes.open();
      readEnds.add(ends[0]);
      return ends;
    },
    resize: (fd, lengthBytes) => {
      const code = pipeFaults.resizes?.[resized++] ?? 'pass';
      if (code !== 'pass') throw new IoError(code, 'fcntl', `descriptor ${fd}`);
      if (pipeFaults.smallBytes === undefined) return nativePipes.resize(fd, lengthBytes);
      nativePipes.resize(fd, pipeFaults.smallBytes);
      throw new IoError('EPERM', 'fcntl', `descriptor ${fd}`);
    },
  };
  return {
    counts,
    answered: () => answered,
    pipesOpened: () => opened,
    calls: {
      socketStream: faulty(socketStream),
      pipeStream: faulty(pipeStream),
      splice: native && {
        errno,
        splice: (from, to, lengthBytes) => {
          counts.splice++;
          const first = readEnds.has(from) ? outOfPipe[drained++] : intoPipe[filled++];
          return run(lengthBytes, true, bytes => native.splice(from, to, bytes), first);
        },
      },
      pipes: new PipePool(pipes),
      socketSplice: undefined,
    },
  };
}
