/** EVFILT_SIGNAL: counts deliveries, also of signals that are ignored. */
import type { Filter, Knote } from '../knote.js';
import type { WatcherList } from '../watcher-list.js';

/** The watchers of signals to one process. A hint is a signal's number. */
export class SignalFilter implements Filter {
  readonly watchesDescriptor = false;

  constructor(private readonly receivers: WatcherList) {}

  attach(knote: Knote): void {
    knote.flags |= knote.queue.profile.system.constants.EV_CLEAR;
    this.receivers.add(knote);
  }

  detach(knote: Knote): void {
    this.receivers.remove(knote);
  }

  event(knote: Knote, hint: number): boolean {
    if (hint !== 0 && knote.ident === BigInt(hint)) knote.data++;
    return knote.data !== 0;
  }
}
