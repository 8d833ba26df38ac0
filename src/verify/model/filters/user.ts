/** EVFILT_USER: nothing is watched, somebody triggers it. */
import type { Kevent } from '../kevent.js';
import type { Filter, Knote } from '../knote.js';

const NOTE_TRIGGER = 0x01000000;
const CONTROL_MASK = 0xc0000000;
const FLAGS_MASK = 0x00ffffff;
const NOTE_FFAND = 0x40000000;
const NOTE_FFOR = 0x80000000;
const NOTE_FFCOPY = 0xc0000000;

export class UserFilter implements Filter {
  readonly watchesDescriptor = false;
  private triggered = false;

  attach(): void {
    // NOTE_TRIGGER in the change that makes the knote triggers nothing.
  }

  detach(): void {
    // Nothing knows of it.
  }

  event(): boolean {
    return this.triggered;
  }

  change(knote: Knote, change: Kevent): void {
    if ((change.fflags & NOTE_TRIGGER) !== 0) this.triggered = true;
    const control = (change.fflags & CONTROL_MASK) >>> 0;
    const bits = change.fflags & FLAGS_MASK;
    change.fflags = bits;
    switch (control) {
      case NOTE_FFAND:
        knote.askedFflags &= bits;
        break;
      case NOTE_FFOR:
        knote.askedFflags |= bits;
        break;
      case NOTE_FFCOPY:
        knote.askedFflags = bits;
        break;
    }
    knote.askedData = change.data;
    if ((change.flags & knote.queue.profile.system.constants.EV_CLEAR) !== 0) this.clear(knote);
  }

  report(knote: Knote): Kevent {
    const event = { ...knote.kevent, fflags: knote.askedFflags, data: knote.askedData };
    if ((knote.flags & knote.queue.profile.system.constants.EV_CLEAR) !== 0) this.clear(knote);
    return event;
  }

  private clear(knote: Knote): void {
    this.triggered = false;
    knote.data = 0;
    knote.fflags = 0;
  }
}
