/**
 * Polls of io_uring(7) over the things of the model (io_uring/poll.c and io_uring.c of Linux 6.18, with DEFER_TASKRUN):
 * submission, completion, overflow, multishot, and cancelling in the midst of what is under way. It has the methods of
 * a ring, so what drives a ring can be driven through orders of completion that a kernel shows once a year.
 */
import type { RingSize } from '../../sys/uring/setup.js';
import type { PollRing, UserData } from '../../sys/uring/ring.js';
import { Refusal } from './refusal.js';
import type { OpenFile } from './things/open-file.js';
import { ALWAYS, EPOLLIN, EPOLLPRI, EPOLLRDHUP } from './things/readiness.js';
import type { Watcher, WatcherList } from './watcher-list.js';

/** What every poll asks for, asked or not. */
const UNASKED = ALWAYS | EPOLLRDHUP;
const EPOLLRDBAND = 0x80;
/** The bits of the wake by which a socket says that something has arrived. */
const ARRIVAL = EPOLLIN | EPOLLPRI | EPOLLRDBAND;
/** Work that one call does, unless it is asked for more completions. */
const WORK_PER_CALL = 20;

const ENOENT = 2;
const EBADF = 9;
const ETIME = 62;
const ECANCELED = 125;

interface Completion {
  readonly user: UserData;
  readonly result: number;
  readonly hasMore: boolean;
}

/** A poll at the lists of its file. */
class Poll {
  readonly watches: Watch[] = [];
  /** The bits of the wake that began the work that is queued; 0: look again. */
  stash = 0;
  /** Wakes since the work was queued, that one included; 0: none is queued. */
  wakes = 0;
  isCancelled = false;

  constructor(
    readonly ring: ModelRing,
    readonly user: UserData,
    readonly file: OpenFile,
    readonly events: number,
    readonly isMultishot: boolean,
  ) {}

  get readiness(): number {
    return this.file.pollable!.readiness() & (this.events | UNASKED);
  }

  wake(bits: number): void {
    if (this.wakes++ > 0) return;
    this.stash = bits;
    // One that completes once has heard enough.
    if (!this.isMultishot && bits !== 0) this.leave();
    this.ring.putOff(this);
  }

  leave(): void {
    for (const watch of this.watches.splice(0)) watch.list?.remove(watch);
  }
}

class Watch implements Watcher {
  list: WatcherList | undefined = undefined;

  constructor(
    private readonly poll: Poll,
    private readonly about: number,
  ) {}

  heard(): boolean {
    const { poll, about } = this;
    // Ends and errors come without bits, and have everybody look again.
    if ((poll.file.pollable!.readiness() & UNASKED) !== 0) {
      poll.wake(0);
      return false;
    }
    const bits = about === EPOLLIN ? ARRIVAL : about;
    // The kernel takes the bit of urgent data for its own here: nobody is woken for that alone.
    if ((bits & poll.events & ~EPOLLPRI) !== 0) poll.wake(bits & poll.events);
    return false;
  }

  abandoned(): void {
    this.poll.wake(0);
  }
}

export interface ModelRingOptions {
  /** Which of so many pieces of work is done next; the first, as the kernel does, if it is not given. */
  readonly choose?: (count: number) => number;
}

export class ModelRing implements PollRing {
  readonly submissions: number;
  readonly completions: number;
  private readonly queue: (() => void)[] = [];
  private readonly ring: Completion[] = [];
  private readonly overflown: Completion[] = [];
  private readonly work: Poll[] = [];
  private readonly polls = new Set<Poll>();
  private readonly choose: (count: number) => number;

  /** @param fileAt what a descriptor stands for; it throws EBADF. */
  constructor(
    size: RingSize,
    private readonly fileAt: (fd: number) => OpenFile,
    options: ModelRingOptions = {},
  ) {
    this.submissions = size.submissions;
    this.completions = size.completions;
    this.choose = options.choose ?? (() => 0);
  }

  /** Polls that are armed: each holds its file open. */
  get armed(): number {
    return this.polls.size;
  }

  get prepared(): number {
    return this.queue.length;
  }

  preparePoll(fd: number, events: number, low: number, high: number): void {
    this.preparePollOf({ low, high }, fd, events, false);
  }

  prepareMultishotPoll(fd: number, events: number, low: number, high: number): void {
    this.preparePollOf({ low, high }, fd, events, true);
  }

  prepareCancel(low: number, high: number, ignored: UserData): void {
    this.prepare(() => {
      const poll = [...this.polls].find(({ user }) => user.low === low && user.high === high);
      if (poll === undefined) return this.complete(ignored, -ENOENT, false);
      poll.isCancelled = true;
      poll.wake(0);
    });
  }

  enter(minComplete: number): number {
    const submissions = this.queue.splice(0);
    for (const run of submissions) run();
    // Work is done after the submitting, and again before the waiting.
    const rounds = submissions.length > 0 ? 2 : 1;
    for (let left = rounds * Math.max(minComplete, WORK_PER_CALL); left > 0 && this.work.length > 0; left--) {
      this.runWork(this.work.splice(this.choose(this.work.length), 1)[0]);
    }
    while (this.overflown.length > 0 && this.ring.length < this.completions) this.ring.push(this.overflown.shift()!);
    return this.ring.length < minComplete ? ETIME : 0;
  }

  get count(): number {
    return this.ring.length;
  }

  get hasOverflown(): boolean {
    return this.overflown.length > 0;
  }

  low(index: number): number {
    return this.ring[index].user.low;
  }

  high(index: number): number {
    return this.ring[index].user.high;
  }

  result(index: number): number {
    return this.ring[index].result;
  }

  hasMore(index: number): boolean {
    return this.ring[index].hasMore;
  }

  seen(count: number): void {
    this.ring.splice(0, count);
  }

  close(): void {
    for (const poll of this.polls) poll.leave();
    this.polls.clear();
  }

  abandon(): void {
    this.close();
  }

  /** For polls. */
  putOff(poll: Poll): void {
    this.work.push(poll);
  }

  private prepare(run: () => void): void {
    if (this.queue.length === this.submissions) throw new RangeError('the ring is full');
    this.queue.push(run);
  }

  private preparePollOf(user: UserData, fd: number, events: number, isMultishot: boolean): void {
    this.prepare(() => {
      let file: OpenFile;
      try {
        file = this.fileAt(fd);
      } catch (error) {
        if (!(error instanceof Refusal)) throw error;
        return this.complete(user, -EBADF, false);
      }
      const poll = new Poll(this, user, file, events, isMultishot);
      const holds = poll.readiness;
      if (holds !== 0 && !isMultishot) return this.complete(user, holds, false);
      this.arm(poll);
      if (holds !== 0) poll.wake(holds);
    });
  }

  private arm(poll: Poll): void {
    this.polls.add(poll);
    for (const { list, about } of poll.file.pollable!.sources) {
      const watch = new Watch(poll, about);
      poll.watches.push(watch);
      list.add(watch);
    }
  }

  private runWork(poll: Poll): void {
    const { wakes, stash, user } = poll;
    poll.wakes = 0;
    if (poll.isCancelled) return this.end(poll, -ECANCELED);
    // The bits of the first wake hold for that one alone.
    const result = wakes > 1 || stash === 0 ? poll.readiness : stash;
    if (!poll.isMultishot) {
      if (result !== 0) return this.end(poll, result);
      // It was woken, and somebody else was faster: it waits anew.
      poll.leave();
      return this.arm(poll);
    }
    if (result === 0) return;
    if (this.ring.length < this.completions && this.overflown.length === 0) {
      this.ring.push({ user, result, hasMore: true });
    } else {
      this.end(poll, result);
    }
  }

  private end(poll: Poll, result: number): void {
    poll.leave();
    this.polls.delete(poll);
    this.complete(poll.user, result, false);
  }

  /** The last completion of a submission is never dropped: it waits where there is no room. */
  private complete(user: UserData, result: number, hasMore: boolean): void {
    const hasRoom = this.ring.length < this.completions && this.overflown.length === 0;
    (hasRoom ? this.ring : this.overflown).push({ user, result, hasMore });
  }
}
