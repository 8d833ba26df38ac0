/** EVFILT_PROC: fork, exec and exit of processes, and of the children of those that are tracked. */
import type { Filter, Knote } from '../knote.js';
import { Refusal } from '../refusal.js';
import { NOTE_EXIT, NOTE_FORK, type ModelProcess } from '../processes.js';

const NOTE_TRACK = 0x1;
const NOTE_CHILD = 0x4;

export class ProcessFilter implements Filter {
  readonly watchesDescriptor = false;
  private over = false;

  constructor(private readonly process: ModelProcess | undefined) {}

  attach(knote: Knote): void {
    const { process } = this;
    const wantsExit = (knote.askedFflags & NOTE_EXIT) !== 0;
    if (process === undefined || process.reaped || (process.hasExited && !wantsExit)) throw new Refusal('ESRCH');
    knote.flags |= knote.queue.profile.system.constants.EV_CLEAR;
    process.watchers.add(knote);
    if (process.hasExited && this.event(knote, NOTE_EXIT)) knote.activate();
  }

  detach(knote: Knote): void {
    this.process?.watchers.remove(knote);
  }

  event(knote: Knote, hint: number): boolean {
    // Its end is told once, and what remains is only asked again where oneshots are.
    if (this.over) return hint === 0 && knote.queue.profile.rechecksOneshot;
    if (hint !== 0) knote.fflags = (knote.fflags | (knote.askedFflags & hint)) >>> 0;
    if (hint === NOTE_EXIT) {
      const { EV_EOF, EV_ONESHOT } = knote.queue.profile.system.constants;
      knote.flags |= EV_EOF | EV_ONESHOT;
      this.over = true;
      if ((knote.fflags & NOTE_EXIT) !== 0) knote.data = this.process!.waitStatus;
      if (knote.fflags === 0) knote.dropped = true;
      return true;
    }
    if (hint === NOTE_FORK && (knote.askedFflags & NOTE_TRACK) !== 0) this.track(knote);
    return knote.fflags !== 0;
  }

  /** Two knotes for the child: one says that it was born, the other watches it as its parent is watched. */
  private track(knote: Knote): void {
    const child = this.process!.youngest!;
    const { queue } = knote;
    const { EV_ONESHOT } = queue.profile.system.constants;
    const change = {
      ident: BigInt(child.pid),
      filter: knote.filterNumber,
      flags: knote.flags,
      fflags: knote.askedFflags,
      data: this.process!.pid,
      udata: knote.udata,
    };
    const born = new ProcessFilter(child);
    const birth = queue.adopt(born, { ...change, flags: change.flags | EV_ONESHOT, fflags: 0 });
    birth.fflags = NOTE_CHILD;
    birth.data = this.process!.pid;
    birth.activate();
    queue.adopt(new ProcessFilter(child), change);
  }
}
