/**
 * A kqueue that is told what to answer: it keeps the lists that it is given, refuses the changes that it is told to
 * refuse, by the rules of a kernel for errors, receipts and missing room, and has the events ready that it is given.
 */
import { EBADF } from '../../src/sys/ffi/errno.js';
import type { KeventArray } from '../../src/sys/poll/kevent-array.js';
import { kqueueSystems, type KqueueSystem } from '../../src/sys/poll/kevent-layout.js';
import type { KqueueCalls } from '../../src/sys/poll/kqueue.js';

export interface Entry {
  ident: number;
  filter: number;
  flags: number;
  fflags: number;
  data: number;
  low: number;
  high: number;
}

export interface Call {
  changes: Entry[];
  eventCount: number;
  timeoutNs: number;
}

export interface ScriptOptions {
  system?: KqueueSystem;
  /** xnu adds EV_ERROR to the flags of the change; FreeBSD leaves it alone there. */
  keepsFlags?: boolean;
  /** Loses user data when it is triggered without. */
  damage?: (event: Entry) => Entry;
}

const QUEUE = 9_000;

export class ScriptedKqueue implements KqueueCalls {
  readonly provider = 'a script';
  readonly system: KqueueSystem;
  /** Calls on the queue of the backend; those of the test of the layout come before it is opened. */
  calls: Call[] = [];
  /** errno for a change, 0 to accept it. */
  refuse: (change: Entry) => number = () => 0;
  /** Ready now; each call that harvests takes what it has room for. */
  ready: Entry[] = [];
  /** errno that the next call fails with, after it made its changes. */
  failure = 0;
  open = true;
  /** What the kernel stores for each filter. */
  readonly filters = new Map<string, Entry>();
  private lastErrno = 0;

  constructor(private readonly options: ScriptOptions = {}) {
    this.system = options.system ?? kqueueSystems['freebsd-12'];
  }

  kqueue(): number {
    this.calls = [];
    this.filters.clear();
    this.ready = [];
    return QUEUE;
  }

  kevent(
    kq: number,
    changes: KeventArray | undefined,
    changeCount: number,
    events: KeventArray | undefined,
    eventCount: number,
    timeoutNs: number,
  ): number {
    const { constants } = this.system;
    const list = Array.from({ length: changeCount }, (_, index) => entryOf(changes!, index));
    this.calls.push({ changes: list, eventCount, timeoutNs });
    if (kq !== QUEUE) return this.fail(EBADF);
    let answers = 0;
    for (const change of list) {
      const errno = this.refuse(change);
      if (errno === 0) this.apply(change);
      if (errno === 0 && (change.flags & constants.EV_RECEIPT) === 0) continue;
      if (answers === eventCount) return errno === 0 ? 0 : this.fail(errno);
      const flags = constants.EV_ERROR | (this.options.keepsFlags === true ? change.flags : 0);
      store(events!, answers++, { ...change, flags, data: errno });
    }
    if (this.failure !== 0) {
      const failure = this.failure;
      this.failure = 0;
      return this.fail(failure);
    }
    if (answers > 0) return answers;
    const harvest = this.ready.splice(0, eventCount);
    harvest.forEach((event, index) => store(events!, index, this.options.damage?.(event) ?? event));
    return harvest.length;
  }

  errno(): number {
    return this.lastErrno;
  }

  hostErrno(errno: number): number {
    return errno;
  }

  close(): void {
    // Nothing is held.
  }

  isOpen(): boolean {
    return this.open;
  }

  /** Makes a filter ready, with the user data that the kernel stored for it last. */
  fire(ident: number, filter: number, flags = 0, fflags = 0, data = 0): void {
    const stored = this.filters.get(`${filter}/${ident}`)!;
    this.ready.push({ ...stored, flags, fflags, data });
  }

  /** The lists of changes of the calls since the last time. */
  takeChanges(): Entry[][] {
    return this.calls.splice(0).map(call => call.changes);
  }

  private apply(change: Entry): void {
    const { EV_ADD, EV_DELETE, EVFILT_USER, NOTE_TRIGGER } = { ...this.system.constants };
    const key = `${change.filter}/${change.ident}`;
    if ((change.flags & EV_DELETE) !== 0) this.filters.delete(key);
    else if ((change.flags & EV_ADD) !== 0 || this.filters.has(key)) this.filters.set(key, change);
    if (change.filter === EVFILT_USER && (change.fflags & NOTE_TRIGGER) !== 0 && this.filters.has(key)) {
      this.ready.push({ ...change, fflags: 0 });
    }
  }

  private fail(errno: number): number {
    this.lastErrno = errno;
    return -1;
  }
}

function entryOf(array: KeventArray, index: number): Entry {
  return {
    ident: array.ident(index),
    filter: array.filter(index),
    flags: array.flags(index),
    fflags: array.fflags(index),
    data: array.data(index),
    low: array.udataLow(index),
    high: array.udataHigh(index),
  };
}

function store(array: KeventArray, index: number, entry: Entry): void {
  array.set(index, entry.ident, entry.filter, entry.flags, entry.fflags, entry.data, entry.low, entry.high);
}
