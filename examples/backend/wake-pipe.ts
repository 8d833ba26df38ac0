/** A pipe that ends a wait: any thread writes to one end, and the backend watches the other. */
import { constants } from 'node:fs';
import koffi from 'koffi';
import { IoError, writeHandle, type WakeHandle } from 'pollux/backends';

/** The same on Linux, macOS and the BSDs. */
const F_SETFD = 2;
const F_SETFL = 4;
const FD_CLOEXEC = 1;

const library = koffi.load(null);
const pipe = library.func('int pipe(int *ends)') as (ends: Int32Array) => number;
const fcntl = library.func('int fcntl(int fd, int command, ...)') as (...values: (number | 'int')[]) => number;
const read = library.func('long read(int fd, void *bytes, size_t length)') as (
  fd: number,
  bytes: Uint8Array,
  length: number,
) => number;
const close = library.func('int close(int fd)') as (fd: number) => number;

const drained = new Uint8Array(4096);

export class WakePipe {
  /** What other threads are given. */
  readonly handle: WakeHandle;
  /** What the backend watches. */
  readonly readEnd: number;
  private readonly writeEnd: number;

  constructor() {
    const ends = new Int32Array(2);
    if (pipe(ends) < 0) throw new IoError(koffi.errno(), 'pipe');
    [this.readEnd, this.writeEnd] = ends;
    for (const fd of ends) {
      fcntl(fd, F_SETFD, 'int', FD_CLOEXEC);
      // A full pipe must not block the thread that wakes, nor an empty one the backend.
      fcntl(fd, F_SETFL, 'int', constants.O_NONBLOCK);
    }
    this.handle = writeHandle(this.writeEnd);
  }

  /** Takes all wakes so far out of the pipe: what stays in it would end the next wait too. */
  drain(): void {
    while (read(this.readEnd, drained, drained.length) === drained.length);
  }

  close(): void {
    close(this.writeEnd);
    close(this.readEnd);
  }
}
