/** EVFILT_TIMER on the model's clock. */
import type { KqueueConstants } from '../../../sys/poll/kqueue-constants.js';
import type { Alarm, VirtualClock } from '../clock.js';
import type { Kevent } from '../kevent.js';
import type { Filter, Knote } from '../knote.js';
import { bsdErrno, Refusal } from '../refusal.js';

/** The kernel counts from when it came up, in 31 bits of seconds: a time beyond overflows, and lies in the past. */
const LONGEST_SECONDS = 2 ** 31 - 1;

export class TimerFilter implements Filter {
  readonly watchesDescriptor = false;
  private alarm: Alarm | undefined = undefined;
  private periodNs = 0;
  private nextNs = 0;

  constructor(private readonly clock: VirtualClock) {}

  attach(knote: Knote): void {
    const delayNs = this.delayNs(knote);
    const { constants } = knote.queue.profile.system;
    const relative = (knote.askedFflags & constants.NOTE_ABSTIME) === 0;
    if (relative || knote.queue.profile.absoluteTimerClears) knote.flags |= constants.EV_CLEAR;
    this.start(knote, delayNs);
  }

  detach(): void {
    this.clock.cancel(this.alarm);
  }

  event(knote: Knote): boolean {
    return knote.data !== 0;
  }

  change(knote: Knote, change: Kevent): void {
    const { constants } = knote.queue.profile.system;
    if ((change.flags & constants.EV_ADD) === 0 || !knote.queue.profile.addRestartsTimer) return;
    this.clock.cancel(this.alarm);
    // A program that adds it again does not want what expired under the old terms.
    if (knote.queued) knote.queue.dequeue(knote);
    knote.active = false;
    knote.data = 0;
    knote.askedFflags = change.fflags;
    knote.askedData = change.data;
    try {
      this.start(knote, this.delayNs(knote));
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      knote.flags |= constants.EV_ERROR;
      knote.data = bsdErrno(error.code);
    }
  }

  report(knote: Knote): Kevent {
    const event = knote.kevent;
    if ((knote.flags & knote.queue.profile.system.constants.EV_CLEAR) !== 0) {
      knote.data = 0;
      knote.fflags = 0;
    }
    return event;
  }

  /** @throws Refusal EINVAL */
  private delayNs(knote: Knote): number {
    const { constants } = knote.queue.profile.system;
    const { NOTE_ABSTIME, NOTE_SECONDS, NOTE_MSECONDS, NOTE_USECONDS, NOTE_NSECONDS, EV_ONESHOT } = constants;
    if (knote.askedData < 0) throw new Refusal('EINVAL');
    if (knote.askedData === 0 && (knote.flags & EV_ONESHOT) === 0) knote.askedData = 1;
    const known = NOTE_SECONDS | NOTE_MSECONDS | NOTE_USECONDS | NOTE_NSECONDS | NOTE_ABSTIME;
    if ((knote.askedFflags & ~known) !== 0) throw new Refusal('EINVAL');
    const unitNs = unitOf(knote.askedFflags & ~NOTE_ABSTIME, constants);
    const seconds = (knote.askedData * unitNs) / 1e9;
    const absolute = (knote.askedFflags & NOTE_ABSTIME) !== 0;
    if (absolute)
      return Math.max(0, this.clock.sinceBootNs(Math.min(seconds, LONGEST_SECONDS) * 1e9) - this.clock.nowNs);
    return seconds + this.clock.nowNs / 1e9 >= LONGEST_SECONDS ? 0 : knote.askedData * unitNs;
  }

  private start(knote: Knote, delayNs: number): void {
    const { NOTE_ABSTIME, EV_ONESHOT } = knote.queue.profile.system.constants;
    const repeats = (knote.askedFflags & NOTE_ABSTIME) === 0 && (knote.flags & EV_ONESHOT) === 0;
    this.periodNs = repeats ? delayNs : 0;
    this.nextNs = this.clock.nowNs + delayNs;
    this.arm(knote);
  }

  private arm(knote: Knote): void {
    this.alarm = this.clock.set(this.nextNs, () => {
      this.alarm = undefined;
      knote.data++;
      if (this.periodNs > 0 && (knote.flags & knote.queue.profile.system.constants.EV_ONESHOT) === 0) {
        this.nextNs += this.periodNs;
        this.arm(knote);
      }
      knote.activate();
    });
  }
}

function unitOf(fflags: number, constants: KqueueConstants): number {
  switch (fflags) {
    case 0:
    case constants.NOTE_MSECONDS:
      return 1e6;
    case constants.NOTE_SECONDS:
      return 1e9;
    case constants.NOTE_USECONDS:
      return 1e3;
    case constants.NOTE_NSECONDS:
      return 1;
    default:
      throw new Refusal('EINVAL');
  }
}
