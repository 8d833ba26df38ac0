/** Sources of the kqueue backend: filters in its own queue, harvested by the wait that harvests the descriptors. */
import { slotOf, type Token } from '../../base/token.js';
import { EBADF, ENOENT } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { KeventArray } from '../../sys/poll/kevent-array.js';
import type { KqueueCalls } from '../../sys/poll/kqueue.js';
import { tableId } from '../../sys/file/owned-descriptors.js';
import { READABLE, type Backend } from '../contract.js';
import type { EventBatch } from '../kit/event-batch.js';
import type { Registrations } from '../kit/registrations.js';
import { NOTHING, type Source, type UserHandle, type UserSource } from '../sources/contract.js';
import { changeKnote, type Knote } from '../../sys/poll/knote.js';
import { KnoteSources, reportOf, type WatchedFiles } from '../sources/knote-sources.js';
import { QueueSource } from '../sources/queue-sources.js';
import { WAKE_IDENT } from '../../sys/poll/user-event.js';

/** A kqueue, and what it is lent to other threads as; 0 where they can't reach it. */
interface LentQueue {
  readonly kq: number;
  readonly loan: number;
}

export class NativeSources extends KnoteSources {
  readonly means = 'kqueue filters';
  /** By slot. */
  private readonly knotes = new Map<number, Knote>();
  /** Filter and ident of those in the queue, where each can be once. */
  private readonly taken = new Set<string>();
  private nextIdent = WAKE_IDENT + 1;

  constructor(
    private readonly backend: Backend,
    private readonly queue: LentQueue,
    private readonly table: Registrations,
    private readonly events: EventBatch,
    calls: KqueueCalls,
    files?: WatchedFiles,
  ) {
    super(calls, files);
  }

  user(): UserSource {
    const { EV_ADD, EV_CLEAR, EVFILT_USER } = this.constants;
    const ident = this.freshIdent(EVFILT_USER);
    const token = this.add(
      { ident, filter: EVFILT_USER, flags: EV_ADD | EV_CLEAR, fflags: 0, data: 0 },
      'a user event',
    );
    const slot = slotOf(token);
    return new NativeUserSource(this.backend, token, {
      call: 'kevent',
      fd: this.queue.kq,
      table: tableId,
      loan: this.queue.loan,
      ident,
      low: slot,
      high: this.table.generation[slot],
    });
  }

  /** Reads the `index`-th event of a harvest, which is about the source in `slot`. */
  takeEvent(array: KeventArray, index: number, slot: number): void {
    const { events } = this;
    const filter = array.filter(index);
    const report = reportOf(filter, array.fflags(index), array.data(index), this.constants);
    const entry = this.table.eventIndex[slot];
    // Two harvests of one wait: what is counted adds up, what is a set unites.
    const before = entry < 0 ? 0 : events.data[entry];
    const counts = filter === this.constants.EVFILT_TIMER || filter === this.constants.EVFILT_SIGNAL;
    events.add(slot, READABLE, counts ? before + report : before | report, 0);
  }

  /** Ends the source in `slot`. @returns an errno that is news, or 0. */
  remove(slot: number): number {
    const knote = this.knotes.get(slot)!;
    this.knotes.delete(slot);
    this.taken.delete(keyOf(knote));
    const removal = { ...knote, flags: this.constants.EV_DELETE, fflags: 0, data: 0 };
    const { counters } = this.backend;
    counters.changesSent++;
    counters.systemCalls++;
    const failure = changeKnote(this.calls, this.queue.kq, removal, 0, 0);
    // What fires once has gone with its event, and what watches a descriptor with that.
    return failure === ENOENT || failure === EBADF ? 0 : failure;
  }

  protected override place(knote: Knote, title: string): Source {
    // A second watch of the same process or signal would take the first one's place.
    if (this.taken.has(keyOf(knote))) return new QueueSource(this.backend, this.calls, knote, title);
    return new NativeSource(this.backend, this.add(knote, title), knote.filter === this.constants.EVFILT_PROC);
  }

  protected override freshIdent(filter: number): number {
    for (;;) {
      const ident = this.nextIdent;
      this.nextIdent = ident === 0x7fffffff ? WAKE_IDENT + 1 : ident + 1;
      if (!this.taken.has(keyOf({ filter, ident }))) return ident;
    }
  }

  private add(knote: Knote, title: string): Token {
    const { table } = this;
    const token = table.addSource();
    const slot = slotOf(token);
    const { counters } = this.backend;
    counters.changesAsked++;
    counters.changesSent++;
    counters.systemCalls++;
    const failure = changeKnote(this.calls, this.queue.kq, knote, slot, table.generation[slot]);
    if (failure !== 0) {
      table.remove(slot);
      throw new IoError(failure, 'kevent', title);
    }
    this.knotes.set(slot, knote);
    this.taken.add(keyOf(knote));
    return token;
  }
}

function keyOf({ filter, ident }: Pick<Knote, 'filter' | 'ident'>): string {
  return `${filter}/${ident}`;
}

class NativeSource implements Source {
  constructor(
    private readonly backend: Backend,
    readonly token: Token,
    /** A process that ended well has the status 0. */
    private readonly zeroCounts: boolean,
  ) {}

  take(data: number): number {
    return data === 0 && !this.zeroCounts ? NOTHING : data;
  }

  close(): void {
    this.backend.unregister(this.token);
  }
}

class NativeUserSource extends NativeSource implements UserSource {
  constructor(
    backend: Backend,
    token: Token,
    readonly handle: UserHandle,
  ) {
    super(backend, token, false);
  }
}
