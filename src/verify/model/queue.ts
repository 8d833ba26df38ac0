/**
 * A kqueue: what kqueue_register and kqueue_scan of FreeBSD's kern_event.c do with changes and events. Where other
 * systems differ, the profile says so.
 */
import type { Kevent } from './kevent.js';
import { Knote, type Filter, type KnoteQueue } from './knote.js';
import { WatcherList } from './watcher-list.js';
import type { Profile } from './profile.js';
import { Refusal } from './refusal.js';

/** Bits that only the kernel sets. */
const SYSTEM_FLAGS = 0xf000;
const LARGEST_DESCRIPTOR = 2n ** 31n - 1n;

/** Where a queue finds out what a filter number means for an ident. */
export interface FilterSource {
  /** @throws Refusal EINVAL: no such filter. */
  kindOf(filterNumber: number): 'descriptor' | 'other';
  /** @throws Refusal EBADF, EINVAL, ENODEV... */
  filterFor(filterNumber: number, ident: bigint): Filter;
  /** @throws Refusal EBADF */
  checkDescriptor(ident: bigint, queue: ModelQueue): void;
}

export class ModelQueue implements KnoteQueue {
  /** The queues that watch this one. */
  readonly watchers = new WatcherList();
  private readonly knotes = new Map<string, Knote>();
  /** Those that a harvest looks at, the next one first. */
  private ready: Knote[] = [];

  constructor(
    readonly profile: Profile,
    private readonly source: FilterSource,
  ) {}

  /** Events that a harvest would look at. */
  get pending(): number {
    return this.ready.length;
  }

  enqueue(knote: Knote): void {
    knote.queued = true;
    this.ready.push(knote);
    this.watchers.notify();
  }

  dequeue(knote: Knote): void {
    knote.queued = false;
    this.ready.splice(this.ready.indexOf(knote), 1);
  }

  /**
   * Makes one change. As in the kernel, an entry is written on meanwhile, which shows where it is given back as an
   * error or a receipt.
   *
   * @throws Refusal
   */
  register(change: Kevent): void {
    const { constants } = this.profile.system;
    const { EV_ADD, EV_ENABLE, EV_DISABLE, EV_DELETE, EV_KEEPUDATA = 0, EV_FORCEONESHOT = 0 } = constants;
    change.flags &= ~SYSTEM_FLAGS;
    const { flags } = change;
    if ((flags & EV_ENABLE) !== 0 && (flags & EV_DISABLE) !== 0) throw new Refusal('EINVAL');
    const kind = this.source.kindOf(change.filter);
    if ((flags & EV_ADD) !== 0 && (flags & EV_KEEPUDATA) !== 0) throw new Refusal('EINVAL');
    if (kind === 'descriptor') {
      if (change.ident > LARGEST_DESCRIPTOR) throw new Refusal('EBADF');
      this.source.checkDescriptor(change.ident, this);
    }
    const knote = this.knotes.get(keyOf(change.filter, change.ident));
    if (knote === undefined) {
      if ((flags & EV_ADD) === 0) throw new Refusal('ENOENT');
      this.add(change);
      return;
    }
    if ((flags & EV_DELETE) !== 0) {
      this.drop(knote);
      return;
    }
    if ((flags & EV_FORCEONESHOT) !== 0) {
      knote.flags |= constants.EV_ONESHOT;
      knote.activate();
    }
    if ((flags & EV_ENABLE) !== 0 || (this.profile.addEnables && (flags & (EV_ADD | EV_DISABLE)) === EV_ADD)) {
      knote.disabled = false;
    } else if ((flags & EV_DISABLE) !== 0) {
      knote.disabled = true;
    }
    if ((flags & EV_KEEPUDATA) === 0) knote.udata = change.udata;
    if (knote.filter.change !== undefined) {
      knote.filter.change(knote, change);
    } else {
      knote.askedFflags = change.fflags;
      knote.askedData = change.data;
    }
    this.look(knote);
  }

  /** Takes up to `mostEvents` events, each level event once. */
  harvest(mostEvents: number): Kevent[] {
    const { constants } = this.profile.system;
    const events: Kevent[] = [];
    // A knote that is reported by level goes behind those that stand here now.
    let toSee = this.ready.length;
    while (toSee > 0 && events.length < mostEvents && this.ready.length > 0) {
      toSee--;
      const knote = this.ready.shift()!;
      if (knote.disabled) {
        knote.queued = false;
        continue;
      }
      if (knote.dropped) {
        knote.queued = false;
        this.forget(knote);
        continue;
      }
      const oneshot = (knote.flags & constants.EV_ONESHOT) !== 0;
      if (oneshot && !this.profile.rechecksOneshot) {
        knote.queued = false;
        events.push(knote.kevent);
        this.forget(knote);
        continue;
      }
      if (!knote.filter.event(knote, 0)) {
        knote.queued = false;
        knote.active = false;
        continue;
      }
      if (oneshot) {
        knote.queued = false;
        events.push(knote.filter.report?.(knote) ?? knote.kevent);
        this.forget(knote);
        continue;
      }
      events.push(this.report(knote));
    }
    return events;
  }

  /** The descriptor is closed: its knotes go without a word. */
  forgetDescriptor(fd: number, filterNumbers: readonly number[]): void {
    for (const filter of filterNumbers) {
      const knote = this.knotes.get(keyOf(filter, BigInt(fd)));
      if (knote !== undefined) this.drop(knote);
    }
  }

  close(): void {
    for (const knote of [...this.knotes.values()]) this.drop(knote);
  }

  private add(change: Kevent): void {
    const { EV_ADD, EV_DELETE, EV_ENABLE, EV_DISABLE, EV_FORCEONESHOT = 0 } = this.profile.system.constants;
    const asked = { ...change };
    change.fflags = 0;
    change.data = 0;
    const filter = this.source.filterFor(change.filter, change.ident);
    const kept = ~(EV_ADD | EV_DELETE | EV_ENABLE | EV_DISABLE | EV_FORCEONESHOT);
    const knote = new Knote(this, filter, change.ident, change.filter, asked, kept);
    knote.disabled = (change.flags & EV_DISABLE) !== 0;
    filter.attach(knote);
    this.knotes.set(keyOf(change.filter, change.ident), knote);
    this.look(knote);
  }

  adopt(filter: Filter, change: Kevent): Knote {
    const knote = new Knote(this, filter, change.ident, change.filter, change, ~0);
    filter.attach(knote);
    this.knotes.set(keyOf(change.filter, change.ident), knote);
    return knote;
  }

  private look(knote: Knote): void {
    if (!knote.disabled && knote.filter.event(knote, 0)) knote.active = true;
    if (knote.active && !knote.disabled && !knote.queued) this.enqueue(knote);
  }

  private report(knote: Knote): Kevent {
    const { EV_CLEAR, EV_DISPATCH } = this.profile.system.constants;
    const { filter } = knote;
    const event = filter.report === undefined ? knote.kevent : filter.report(knote);
    if ((knote.flags & (EV_CLEAR | EV_DISPATCH)) === 0) {
      this.ready.push(knote);
      return event;
    }
    if (filter.report === undefined && (knote.flags & EV_CLEAR) !== 0) {
      knote.data = 0;
      knote.fflags = 0;
    }
    if ((knote.flags & EV_DISPATCH) !== 0) knote.disabled = true;
    knote.queued = false;
    knote.active = false;
    return event;
  }

  private drop(knote: Knote): void {
    if (knote.queued) this.dequeue(knote);
    this.forget(knote);
  }

  private forget(knote: Knote): void {
    knote.filter.detach(knote);
    // A process tracked from birth has two knotes under one name; the older one is found first.
    const key = keyOf(knote.filterNumber, knote.ident);
    if (this.knotes.get(key) === knote) this.knotes.delete(key);
  }
}

function keyOf(filter: number, ident: bigint): string {
  return `${filter}:${ident}`;
}
