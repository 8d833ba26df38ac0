/** Ends of processes, children or not. */
import { describeBy } from '../../base/inspection.js';
import os from 'node:os';
import { STATUS_UNKNOWN } from '../../backends/sources/contract.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { checkCallback, checkInteger } from '../../base/arguments.js';
import { currentReactor } from '../thread-reactor.js';
import { EventWatch } from './event-watch.js';

/** How a process ended. All three are undefined where the system would not tell; see `watchProcess`. */
export interface ProcessEnd {
  /** What it gave to exit(3), 0 to 255; undefined if a signal ended it. */
  readonly exitCode: number | undefined;
  /** The signal that ended it: 'SIGKILL'. */
  readonly signal: string | undefined;
  /** Both in one, as wait(2) has it. */
  readonly status: number | undefined;
}

/**
 * Watches for the end of a process, once. It is not reaped: that stays its parent's (Node's, for what child_process
 * made).
 *
 * How it ended is known of every process on FreeBSD and on Linux from 6.15 on. Before that, Linux and macOS tell it of
 * children alone, and Linux only as long as Node has not reaped them: use the child's own 'exit' event for those.
 *
 * @returns a watch with one event, closed after it.
 * @throws RangeError a number that is no process id.
 * @throws IoError ESRCH: no such process (any more); EINVAL: a thread of one; ENOSYS: Linux before 5.3; EMFILE. See
 *   pidfd_open(2), kqueue(2) (EVFILT_PROC, NOTE_EXIT).
 */
export function watchProcess(pid: number, onEnd?: (end: ProcessEnd) => void): ProcessWatch {
  checkInteger('pid', pid, 1, 0x7fffffff);
  checkCallback('onEnd', onEnd);
  return new ProcessWatch(currentReactor(), pid, onEnd);
}

export class ProcessWatch extends EventWatch<ProcessEnd> {
  /** @internal Made by `watchProcess`. */
  constructor(
    reactor: Reactor,
    readonly pid: number,
    onEnd: ((end: ProcessEnd) => void) | undefined,
  ) {
    super(reactor, `process ${pid}`, onEnd);
    this.begin(reactor.driver.sources.process(pid));
  }

  protected override onTaken(status: number): void {
    this.tellLast(processEnd(status));
  }

  protected override merge(earlier: ProcessEnd): ProcessEnd {
    return earlier;
  }
}
describeBy('ProcessWatch', ProcessWatch.prototype, watch => watch.describe());

/** @param status of wait(2), or STATUS_UNKNOWN. */
function processEnd(status: number): ProcessEnd {
  if (status === STATUS_UNKNOWN) return { exitCode: undefined, signal: undefined, status: undefined };
  const number = status & 0x7f;
  if (number === 0) return { exitCode: (status >> 8) & 0xff, signal: undefined, status };
  const named = Object.entries(os.constants.signals).find(([, value]) => value === number);
  return { exitCode: undefined, signal: named?.[0] ?? `signal ${number}`, status };
}
