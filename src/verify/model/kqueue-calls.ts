/**
 * kqueue(2) and kevent(2) answered by the model, on the bytes of the profile's struct kevent: the backend runs on it
 * unchanged.
 */
import type { KeventArray } from '../../sys/poll/kevent-array.js';
import type { KqueueSystem } from '../../sys/poll/kevent-layout.js';
import type { KqueueCalls } from '../../sys/poll/kqueue.js';
import type { ModelKernel } from './kernel.js';
import type { Kevent } from './kevent.js';
import type { Timespec } from './kevent-call.js';
import { bsdErrno, hostErrnoOf, Refusal } from './refusal.js';
import { UnixSocket } from './things/unix-socket.js';

export class ModelKqueueCalls implements KqueueCalls {
  readonly system: KqueueSystem;
  readonly provider: string;
  private lastErrno = 0;

  constructor(private readonly kernel: ModelKernel) {
    const { name, source, system } = kernel.profile;
    this.system = system;
    this.provider = source === 'recorded' ? `model ${name}` : `model ${name} (from the manual)`;
  }

  kqueue(): number {
    return this.answer(() => this.kernel.kqueue());
  }

  kevent(
    kq: number,
    changes: KeventArray | undefined,
    changeCount: number,
    events: KeventArray | undefined,
    eventCount: number,
    timeoutNs: number,
  ): number {
    return this.answer(() => {
      const list = Array.from({ length: changeCount }, (_, index) => entryAt(changes!, index));
      const call = { changes: list, nevents: eventCount, timeout: timespecOf(timeoutNs) };
      const taken = this.kernel.kevent(kq, call).events!;
      taken.forEach((event, index) => store(events!, index, event));
      return taken.length;
    });
  }

  errno(): number {
    return this.lastErrno;
  }

  hostErrno(errno: number): number {
    return hostErrnoOf(errno);
  }

  close(kq: number): void {
    this.kernel.descriptors.close(kq);
  }

  isOpen(fd: number): boolean {
    return this.kernel.descriptors.has(fd);
  }

  isDeafWriter(fd: number): boolean {
    return !this.kernel.profile.tellsUnixWriteEnd && this.kernel.descriptors.at(fd) instanceof UnixSocket;
  }

  private answer(call: () => number): number {
    try {
      return call();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      this.lastErrno = bsdErrno(error.code);
      return -1;
    }
  }
}

const WORD = 2n ** 32n;

function entryAt(array: KeventArray, index: number): Kevent {
  return {
    ident: BigInt.asUintN(64, BigInt(array.ident(index))),
    filter: array.filter(index),
    flags: array.flags(index),
    fflags: array.fflags(index),
    data: array.data(index),
    udata: BigInt(array.udataLow(index)) + BigInt(array.udataHigh(index)) * WORD,
  };
}

function store(array: KeventArray, index: number, event: Kevent): void {
  const { ident, filter, flags, fflags, data, udata } = event;
  array.set(index, Number(ident), filter, flags, fflags, data, Number(udata % WORD), Number(udata / WORD));
}

function timespecOf(timeoutNs: number): Timespec | undefined {
  if (timeoutNs < 0) return undefined;
  const sec = Math.floor(timeoutNs / 1e9);
  return { sec, nsec: timeoutNs - sec * 1e9 };
}
