/** A registration inside the kernel, and the filter that it belongs to. */
import type { Kevent } from './kevent.js';
import type { Profile } from './profile.js';
import type { Watcher, WatcherList } from './watcher-list.js';

/** What a filter knows of the thing that it watches (struct filterops of the BSDs). */
export interface Filter {
  /** Whether the ident is a descriptor. */
  readonly watchesDescriptor: boolean;
  /** The queue itself is what is watched. */
  readonly watchesQueue?: boolean;
  /** @throws Refusal */
  attach(knote: Knote): void;
  detach(knote: Knote): void;
  /**
   * Looks at the thing: sets data, fflags and EV_EOF of the knote.
   *
   * @param hint what happened, in the filter's own terms; 0 when somebody only asks.
   * @returns whether there is something to report.
   */
  event(knote: Knote, hint: number): boolean;
  /** A later change of the knote, in place of storing its fflags and data. */
  change?(knote: Knote, change: Kevent): void;
  /** What is reported, in place of the knote as it is. */
  report?(knote: Knote): Kevent;
}

/** The kqueue of a knote, as the knote and its filter know it. */
export interface KnoteQueue {
  readonly profile: Profile;
  enqueue(knote: Knote): void;
  dequeue(knote: Knote): void;
  /** Adds a knote of the kernel's own making, whatever is there under its name. @throws Refusal */
  adopt(filter: Filter, change: Kevent): Knote;
}

export class Knote implements Watcher {
  flags: number;
  fflags = 0;
  data = 0;
  udata: bigint;
  /** What the user asked for; `fflags` and `data` are what is reported. */
  askedFflags: number;
  askedData: number;

  disabled = false;
  /** There is something to report, as far as is known. */
  active = false;
  /** It stands in the queue of those that a harvest looks at. */
  queued = false;
  /** A harvest throws it away without a report. */
  dropped = false;
  list: WatcherList | undefined = undefined;

  constructor(
    readonly queue: KnoteQueue,
    readonly filter: Filter,
    readonly ident: bigint,
    readonly filterNumber: number,
    change: Kevent,
    keptFlags: number,
  ) {
    this.flags = change.flags & keptFlags;
    this.udata = change.udata;
    this.askedFflags = change.fflags;
    this.askedData = change.data;
  }

  get kevent(): Kevent {
    const { ident, filterNumber: filter, flags, fflags, data, udata } = this;
    return { ident, filter, flags, fflags, data, udata };
  }

  /** Disabled knotes hear of it too. */
  heard(hint: number): boolean {
    if (this.filter.event(this, hint)) this.activate();
    return false;
  }

  /** What is left is reported once more at most. */
  abandoned(): void {
    const { EV_EOF, EV_ONESHOT } = this.queue.profile.system.constants;
    this.flags |= EV_EOF | EV_ONESHOT;
  }

  activate(): void {
    this.active = true;
    if (!this.queued && !this.disabled) this.queue.enqueue(this);
  }
}
