/** A registration inside the kernel, the filter that it belongs to, and the list of those that watch one thing. */
import type { Kevent } from './kevent.js';
import type { Profile } from './profile.js';

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

export class Knote {
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
  /** Where it hears of changes; undefined when the thing is gone. */
  list: KnoteList | undefined = undefined;

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

  activate(): void {
    this.active = true;
    if (!this.queued && !this.disabled) this.queue.enqueue(this);
  }
}

export class KnoteList {
  /** The newest first: that is the order in which they hear of something. */
  private readonly knotes: Knote[] = [];

  get isEmpty(): boolean {
    return this.knotes.length === 0;
  }

  add(knote: Knote): void {
    this.knotes.unshift(knote);
    knote.list = this;
  }

  remove(knote: Knote): void {
    const index = this.knotes.indexOf(knote);
    if (index >= 0) this.knotes.splice(index, 1);
    knote.list = undefined;
  }

  /** Something happened: disabled knotes hear of it too. */
  notify(hint = 0): void {
    for (const knote of [...this.knotes]) {
      if (knote.list === this && knote.filter.event(knote, hint)) knote.activate();
    }
  }

  /** The thing goes away: what is left is reported once more at most. */
  abandon(): void {
    for (const knote of this.knotes.splice(0)) {
      const { EV_EOF, EV_ONESHOT } = knote.queue.profile.system.constants;
      knote.list = undefined;
      knote.flags |= EV_EOF | EV_ONESHOT;
    }
  }
}
