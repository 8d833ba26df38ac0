/** pipe(2) as FreeBSD has it: two ends with a buffer each, from which that end reads. */
import type { Filter, Knote } from '../knote.js';
import { WatcherList } from '../watcher-list.js';
import { Refusal } from '../refusal.js';
import { ByteQueue } from './byte-queue.js';
import { OpenFile, type DescriptorFilter } from './open-file.js';
import { EPOLLERR, EPOLLHUP, EPOLLIN, EPOLLOUT, type Pollable } from './readiness.js';

/** Writes up to this go in whole or not at all; room for it is what WRITE waits for. */
export const PIPE_BUF = 512;
/** As recorded: what the reading end holds at first, and the writing end, and what they grow to. */
const LARGE_BYTES = 16_384;
const SMALL_BYTES = 4096;
const LARGEST_BYTES = 32_768;

/** Bytes on their way, and those who watch either end of the way. */
export class PipeBuffer {
  readonly bytes = new ByteQueue();
  readonly watchers = new WatcherList();
  /** One of the ends is gone. */
  isOver = false;
  /** The end that reads from it is open. */
  isPresent = true;

  constructor(private capacity: number) {}

  get room(): number {
    return this.capacity - this.bytes.length;
  }

  read(mostBytes: number): Uint8Array {
    const isOver = this.bytes.length === 0 && this.isOver;
    if (this.bytes.length === 0 && !isOver) {
      this.tellOfRoom();
      throw new Refusal('EAGAIN');
    }
    const bytes = this.bytes.take(mostBytes);
    this.tellOfRoom();
    return bytes;
  }

  write(bytes: Uint8Array): number {
    if (this.isOver || !this.isPresent) throw new Refusal('EPIPE');
    while (this.capacity < this.bytes.length + bytes.length && this.capacity < LARGEST_BYTES) this.capacity *= 2;
    const whole = bytes.length <= PIPE_BUF;
    const count = whole && this.room < bytes.length ? 0 : Math.min(this.room, bytes.length);
    this.bytes.push(bytes.subarray(0, count));
    if (this.bytes.length > 0) this.watchers.notify();
    if (count === 0 && bytes.length > 0) throw new Refusal('EAGAIN');
    return count;
  }

  /** Also after a read that brought nothing. */
  private tellOfRoom(): void {
    if (this.room >= PIPE_BUF) this.watchers.notify();
  }
}

export class PipeEnd extends OpenFile {
  private constructor(
    private readonly own: PipeBuffer,
    private readonly other: PipeBuffer,
    private readonly direction: 'read' | 'write' | 'both',
    private readonly refusesDeadPeer: boolean,
  ) {
    super();
  }

  /** @returns [the end to read from, the end to write to] */
  static pair(twoWay: boolean, refusesDeadPeer: boolean): [PipeEnd, PipeEnd] {
    const large = new PipeBuffer(LARGE_BYTES);
    const small = new PipeBuffer(SMALL_BYTES);
    return [
      new PipeEnd(large, small, twoWay ? 'both' : 'read', refusesDeadPeer),
      new PipeEnd(small, large, twoWay ? 'both' : 'write', refusesDeadPeer),
    ];
  }

  read(mostBytes: number): Uint8Array {
    if (this.direction === 'write') throw new Refusal('EBADF');
    return this.own.read(mostBytes);
  }

  write(bytes: Uint8Array): number {
    if (this.direction === 'read') throw new Refusal('EBADF');
    return this.other.write(bytes);
  }

  filterFor(kind: DescriptorFilter): Filter {
    if (kind === 'READ') return this.direction === 'write' ? new SilentFilter() : new PipeReadFilter(this.own);
    if (kind !== 'WRITE') throw new Refusal('EINVAL');
    if (this.direction === 'read') return new SilentFilter();
    if (!this.other.isPresent && this.refusesDeadPeer) throw new Refusal('EPIPE');
    return new PipeWriteFilter(this.other);
  }

  override get pollable(): Pollable {
    const { own, other, direction } = this;
    return {
      readiness: () => {
        let bits = 0;
        if (direction !== 'write' && own.bytes.length > 0) bits |= EPOLLIN;
        if (direction !== 'write' && own.isOver) bits |= EPOLLHUP;
        const readerGone = other.isOver || !other.isPresent;
        if (direction === 'write' && (readerGone || other.room >= PIPE_BUF)) bits |= EPOLLOUT;
        if (direction === 'write' && readerGone) bits |= EPOLLERR;
        return bits;
      },
      sources: [
        { list: own.watchers, about: EPOLLIN },
        { list: other.watchers, about: EPOLLOUT },
      ],
    };
  }

  closed(): void {
    this.own.isOver = true;
    this.own.watchers.notify();
    if (this.other.isPresent) {
      this.other.isOver = true;
      this.other.watchers.notify();
    }
    this.own.watchers.abandon();
    this.own.isPresent = false;
  }
}

/** A direction that the end does not have: accepted, and never ready. */
class SilentFilter implements Filter {
  readonly watchesDescriptor = true;

  attach(): void {
    // There is nothing to hear of.
  }

  detach(): void {
    // Nothing knows of it.
  }

  event(): boolean {
    return false;
  }
}

export class PipeReadFilter implements Filter {
  readonly watchesDescriptor = true;

  constructor(
    private readonly buffer: PipeBuffer,
    /** A reader of a FIFO that opened it before any writer has no end to see. */
    private readonly seesEnd: () => boolean = () => true,
  ) {}

  attach(knote: Knote): void {
    this.buffer.watchers.add(knote);
  }

  detach(knote: Knote): void {
    knote.list?.remove(knote);
  }

  event(knote: Knote): boolean {
    const { EV_EOF } = knote.queue.profile.system.constants;
    knote.data = this.buffer.bytes.length;
    if (this.buffer.isOver && this.seesEnd()) {
      knote.flags |= EV_EOF;
      return true;
    }
    knote.flags &= ~EV_EOF;
    return knote.data > 0;
  }
}

export class PipeWriteFilter implements Filter {
  readonly watchesDescriptor = true;

  constructor(private readonly buffer: PipeBuffer) {}

  attach(knote: Knote): void {
    if (this.buffer.isPresent) this.buffer.watchers.add(knote);
  }

  detach(knote: Knote): void {
    knote.list?.remove(knote);
  }

  event(knote: Knote): boolean {
    const { EV_EOF } = knote.queue.profile.system.constants;
    knote.data = this.buffer.isPresent ? this.buffer.room : 0;
    if (!this.buffer.isPresent || this.buffer.isOver) {
      knote.flags |= EV_EOF;
      return true;
    }
    knote.flags &= ~EV_EOF;
    return knote.data >= PIPE_BUF;
  }
}
