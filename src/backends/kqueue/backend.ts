/**
 * kqueue(2). Changes are gathered and travel in the call that waits: one kevent() a turn, with room for an answer to
 * each, because a kernel stops at the first error that it finds no room for and drops the changes after it.
 */
import { slotOf, type Token } from '../../base/token.js';
import { EBADF, EINTR, EINVAL, ENOENT, ENOTSUP, EPIPE } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { KeventArray } from '../../sys/poll/kevent-array.js';
import { layoutFault, nativeKqueue, type KqueueCalls } from '../../sys/poll/kqueue.js';
import {
  ERROR,
  BOTH_END,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Backend,
  type BackendOptions,
  type Interest,
  type RegistrationMode,
  type WakeHandle,
} from '../contract.js';
import { newCounters } from '../kit/counters.js';
import { EventBatch } from '../kit/event-batch.js';
import { DEFAULT_MAX_EVENTS } from '../kit/batch-size.js';
import { REGISTRATION_MODES } from '../kit/modes.js';
import { closedError, DEAF_WRITER, ONESHOT, Registrations } from '../kit/registrations.js';
import { ChangeList, GUARD } from './change-list.js';
import { DeafWriters } from './deaf-writers.js';
import { FailedChanges } from './failed-changes.js';
import { directionOf, readinessOf } from './flags.js';
import type { WatchedFiles } from '../sources/knote-sources.js';
import { NativeSources } from './native-sources.js';
import { addUserEvent, triggerUserEvent, WAKE_IDENT, WAKE_SLOT } from '../../sys/poll/user-event.js';

const NAME = 'kqueue';
/** Changes of one kevent() where `maxEvents` is less. */
const LEAST_CHANGES = 64;

export class KqueueBackend implements Backend {
  readonly name = NAME;
  readonly modes = REGISTRATION_MODES;
  readonly counters = newCounters();
  readonly events: EventBatch;
  readonly wakeHandle: WakeHandle;
  readonly sources: NativeSources;
  /** Errors that only say that a filter had gone with its descriptor: ENOENT and EBADF of a removal or a disabling. */
  absorbedErrors = 0;

  private readonly registrations: Registrations;
  private readonly changes: ChangeList;
  private readonly array: KeventArray;
  private readonly failures: FailedChanges;
  private readonly deafWriters: DeafWriters;
  private kq: number;

  /** @throws IoError EMFILE, ENFILE, ENOMEM; EINVAL: structures travel in another layout than `calls.system` says. */
  constructor(
    options: BackendOptions = {},
    private readonly calls: KqueueCalls = nativeKqueue(),
    files?: WatchedFiles,
  ) {
    const { system } = calls;
    const maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
    this.registrations = new Registrations(NAME, fd => calls.isOpen(fd));
    this.events = new EventBatch(maxEvents, this.registrations);
    const length = Math.max(maxEvents, LEAST_CHANGES);
    this.changes = new ChangeList(system, this.registrations, length);
    this.array = new KeventArray(system.layout, length);
    this.failures = new FailedChanges(this.registrations, this.events);
    this.deafWriters = new DeafWriters(this.registrations, system.constants);
    const fault = layoutFault(calls);
    if (fault !== undefined) throw new IoError(EINVAL, 'kqueue', calls.provider, fault);
    this.kq = calls.kqueue();
    if (this.kq < 0) throw new IoError(this.lastErrno(), 'kqueue', calls.provider);
    try {
      addUserEvent(calls, this.kq);
    } catch (error) {
      this.close();
      throw error;
    }
    this.wakeHandle = { call: 'kevent', fd: this.kq, ident: WAKE_IDENT, low: WAKE_SLOT, high: 0 };
    const loan = calls.lend?.(this.kq) ?? 0;
    this.sources = new NativeSources(this, { kq: this.kq, loan }, this.registrations, this.events, calls, files);
  }

  register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    if (this.kq < 0) throw closedError(NAME, 'register');
    const table = this.registrations;
    const token = table.add(fd, interest, mode);
    const slot = table.slot(token, 'register');
    table.place[slot] = 0;
    this.counters.changesAsked++;
    this.counters.systemCalls++;
    const failure = !this.calls.isOpen(fd) ? EBADF : this.lacks(interest) ? ENOTSUP : 0;
    if (failure !== 0) {
      table.remove(slot);
      throw new IoError(failure, 'register', `descriptor ${fd} with ${NAME}`);
    }
    if (this.calls.isDeafWriter?.(fd) === true) table.mode[slot] |= DEAF_WRITER;
    if (interest !== 0) table.markDirty(slot);
    return token;
  }

  modify(token: Token, interest: Interest): void {
    const table = this.registrations;
    const slot = table.slot(token, 'modify');
    table.checkInterest(interest);
    if (table.isSource(slot)) throw new IoError(EINVAL, 'modify', `token ${token} of ${NAME}`, 'it is no descriptor');
    if (this.lacks(interest)) throw new IoError(ENOTSUP, 'modify', `token ${token} of ${NAME}`);
    this.counters.changesAsked++;
    this.failures.forget(slot);
    table.wanted[slot] = interest;
    if (interest !== table.applied[slot]) table.markDirty(slot);
  }

  unregister(token: Token): void {
    const table = this.registrations;
    const slot = table.slot(token, 'unregister');
    this.counters.changesAsked++;
    const failure = this.kq < 0 ? 0 : this.remove(slot);
    this.events.blank(slot);
    table.remove(slot);
    if (failure !== 0) throw new IoError(failure, 'unregister', `token ${token} of ${NAME}`);
  }

  wouldBlock(): void {
    // The kernel knows.
  }

  wait(timeoutNs: number): number {
    if (this.kq < 0) throw closedError(NAME, 'wait');
    if (Number.isNaN(timeoutNs)) throw new RangeError('timeoutNs: NaN; allowed: -1 (for ever), 0 and more');
    const { counters, events, failures, registrations: table, changes } = this;
    events.clear();
    counters.waits++;
    this.deafWriters.beginWait();
    const { wakes } = counters;
    failures.report();
    // A change that fails may leave another one to make, so a round may follow; each takes something away, so they end.
    for (;;) {
      this.gatherChanges();
      const room = events.capacity - events.count;
      if (table.dirtyCount > 0 || changes.count > room) {
        // More than the answers of one harvest have room for. Receipts keep this call from harvesting.
        this.sendForReceipts();
        failures.report();
        continue;
      }
      if (room === 0) break;
      const count = this.call(room, events.count > 0 || failures.any ? 0 : timeoutNs);
      if (count < 0) {
        const failure = this.lastErrno();
        // Every change was made; sending them again would lose what happened since.
        if (failure === EINTR) break;
        // Another's by now, if it is anything: not ours to close.
        if (failure === EBADF && changes.count === 0) this.kq = -1;
        if (changes.count === 0) throw new IoError(failure, 'kevent', NAME);
        this.sendForReceipts();
        failures.report();
        continue;
      }
      if (this.harvest(count)) {
        failures.report();
        continue;
      }
      if (!this.deafWriters.needRound()) break;
      // What is found in the next round joins what there is.
      this.disarmOneshots();
      if (counters.wakes !== wakes) timeoutNs = 0;
    }
    this.disarmOneshots();
    counters.events += events.count;
    return events.count;
  }

  wake(): void {
    this.counters.systemCalls++;
    triggerUserEvent(this.calls, this.kq);
  }

  has(token: Token): boolean {
    return this.registrations.has(token);
  }

  close(): void {
    if (this.kq < 0) return;
    this.calls.close(this.kq);
    this.kq = -1;
  }

  private lastErrno(): number {
    return this.calls.hostErrno(this.calls.errno());
  }

  /** FreeBSD and NetBSD have no filter for out-of-band data. */
  private lacks(interest: Interest): boolean {
    return (interest & PRIORITY) !== 0 && this.calls.system.constants.EVFILT_EXCEPT === undefined;
  }

  /** Fills the change list from the registrations that are dirty, as far as it has room. */
  private gatherChanges(): void {
    const { registrations: table, changes, counters } = this;
    changes.clear();
    let done = 0;
    while (done < table.dirtyCount && changes.hasRoom) {
      const slot = table.takeDirty(done++);
      if (slot >= 0 && changes.addDifference(slot)) counters.changesSent++;
    }
    table.dropDirty(done);
  }

  private call(room: number, timeoutNs: number): number {
    const { changes } = this;
    if (room < changes.count) throw new RangeError(`room for ${room} events is less than ${changes.count} changes`);
    this.counters.systemCalls++;
    const list = changes.count > 0 ? changes.array : undefined;
    return this.calls.kevent(this.kq, list, changes.count, this.array, room, timeoutNs);
  }

  /**
   * Sends the change list, and harvests its answers alone.
   *
   * @throws IoError ENOMEM, EBADF: the kernel did not take the list.
   */
  private sendForReceipts(): void {
    this.changes.askReceipts();
    const count = this.call(this.changes.count, 0);
    if (count < 0 && this.lastErrno() !== EINTR) throw new IoError(this.lastErrno(), 'kevent', NAME);
    this.harvest(count);
  }

  /** @returns an errno that is news, or 0. */
  private remove(slot: number): number {
    const { changes, array, registrations: table } = this;
    if (table.isSource(slot)) return this.sources.remove(slot);
    if (table.place[slot] === 0) return 0;
    const { EV_ERROR } = this.calls.system.constants;
    changes.clear();
    changes.addRemoval(slot);
    this.counters.changesSent++;
    changes.askReceipts();
    const count = this.call(changes.count, 0);
    if (count < 0) return this.lastErrno();
    let news = 0;
    for (let index = 0; index < count; index++) {
      if ((array.flags(index) & EV_ERROR) === 0 || array.data(index) === 0) continue;
      const failure = this.calls.hostErrno(array.data(index));
      if (failure === ENOENT || failure === EBADF) this.absorbedErrors++;
      else news = failure;
    }
    return news;
  }

  /** Reads what a call returned. @returns whether a change failed, in which case nothing was harvested. */
  private harvest(count: number): boolean {
    const { array, calls, counters, registrations: table } = this;
    const { constants } = calls.system;
    let failed = false;
    this.deafWriters.beginHarvest();
    for (let index = 0; index < count; index++) {
      const slot = array.udataLow(index);
      const flags = array.flags(index);
      if (slot === WAKE_SLOT) {
        counters.wakes++;
        continue;
      }
      const isError = (flags & constants.EV_ERROR) !== 0;
      // A receipt: the change was made.
      if (isError && array.data(index) === 0) continue;
      failed ||= isError;
      if (!table.isAlive(slot, array.udataHigh(index))) {
        counters.staleEvents++;
        continue;
      }
      const direction = directionOf(array.filter(index), constants);
      if (direction === READABLE && !isError && this.deafWriters.takeRead(slot, flags)) {
        counters.staleEvents++;
        continue;
      }
      if (direction === 0 && !isError) this.sources.takeEvent(array, index, slot);
      else if (isError) this.takeFailure(slot, direction, calls.hostErrno(array.data(index)));
      else this.takeEvent(index, slot, direction, flags);
    }
    return failed;
  }

  private takeEvent(index: number, slot: number, direction: Interest, flags: number): void {
    const { array, calls, events, registrations: table } = this;
    const { constants } = calls.system;
    if (direction === WRITABLE) this.deafWriters.takeWrite(slot, flags);
    // The kernel's own oneshot: the reader of a pipe has gone, and the filter goes with this report.
    const isLast = (flags & constants.EV_ONESHOT) !== 0;
    if (isLast) table.place[slot] &= ~direction;
    if (isLast || (table.mode[slot] & ONESHOT) !== 0) table.applied[slot] &= ~direction;
    const wanted = table.wanted[slot];
    if ((wanted & direction) === 0) return;
    if (isLast) table.wanted[slot] &= ~direction;
    const fflags = (flags & constants.EV_EOF) !== 0 && direction !== PRIORITY ? array.fflags(index) : 0;
    const errno = isLast ? EPIPE : fflags === 0 ? 0 : calls.hostErrno(fflags);
    const readiness = isLast ? direction | BOTH_END | ERROR : readinessOf(direction, flags, errno, wanted, constants);
    events.add(slot, readiness, 0, errno);
    const entry = table.eventIndex[slot];
    // Bytes to read go before room to write where both are reported.
    if (direction === READABLE || (events.readiness[entry] & READABLE) === 0) events.data[entry] = array.data(index);
  }

  /** Takes a change that the kernel refused off the books. */
  private takeFailure(slot: number, direction: Interest, errno: number): void {
    const table = this.registrations;
    const arming = (table.wanted[slot] & direction) !== 0;
    table.place[slot] &= direction === READABLE ? ~(READABLE | GUARD) : ~direction;
    table.applied[slot] &= ~direction;
    if (!arming && (errno === ENOENT || errno === EBADF)) {
      this.absorbedErrors++;
      return;
    }
    // A pipe without reader is refused where other systems report it: that is an event, and no failure of the change.
    const gone = errno === EPIPE && direction === WRITABLE;
    this.failures.add(slot, gone ? WRITABLE | BOTH_END | ERROR : ERROR, errno);
    table.wanted[slot] = gone ? table.wanted[slot] & ~WRITABLE : 0;
    if (table.wanted[slot] !== table.applied[slot]) table.markDirty(slot);
  }

  /** The first event of a oneshot registration disarms all its directions, those that were not reported by a change. */
  private disarmOneshots(): void {
    const { events, registrations: table } = this;
    for (let index = 0; index < events.count; index++) {
      const slot = slotOf(events.tokens[index]);
      if ((table.mode[slot] & ONESHOT) === 0) continue;
      table.wanted[slot] = 0;
      if (table.applied[slot] !== 0) table.markDirty(slot);
    }
  }
}
