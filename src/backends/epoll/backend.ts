/**
 * epoll(7), Linux.
 *
 * An entry of the kernel belongs to an open file description, so it is deleted before the descriptor is closed. A
 * registration without interest has no entry at all: the kernel would report hang-ups and errors of it for ever. New
 * registrations go to the kernel at once, since it alone knows whether it takes them; later changes wait for the flush.
 */
import { type Token } from '../../base/token.js';
import { EBADF, ENOENT, EPERM } from '../../sys/ffi/errno.js';
import {
  EPOLL_CTL_ADD,
  EPOLL_CTL_DEL,
  EPOLL_CTL_MOD,
  EPOLLET,
  EPOLLIN,
  EpollEventArray,
  epollCtl,
  epollWait,
  openEpoll,
} from '../../sys/poll/epoll.js';
import { close, isOpen } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import {
  ERROR,
  READABLE,
  type Backend,
  type BackendOptions,
  type Interest,
  type RegistrationMode,
} from '../contract.js';
import { newCounters, waitMs } from '../kit/counters.js';
import { EventBatch } from '../kit/event-batch.js';
import { DEFAULT_MAX_EVENTS } from '../kit/batch-size.js';
import { REGISTRATION_MODES } from '../kit/modes.js';
import { closedError, EXCLUSIVE, ONESHOT, Registrations } from '../kit/registrations.js';
import { Waker, wakeBackend } from '../kit/wake.js';
import { epollEvents, readinessOf } from './flags.js';

const NAME = 'epoll';
/** User data of the waker, a slot that no table gives out. */
const WAKE_SLOT = 0xffffffff;
/** `place` of a registration: whether the kernel has an entry for it. */
const IN_KERNEL = 1;
const NOT_IN_KERNEL = -1;
/** A child that has just been forked holds duplicates until it calls exec, which takes milliseconds. */
const STALE_WAITS = 1000;

export class EpollBackend implements Backend {
  readonly name = NAME;
  readonly modes = REGISTRATION_MODES;
  readonly counters = newCounters();
  readonly events: EventBatch;

  private readonly registrations = new Registrations(NAME);
  private readonly array: EpollEventArray;
  private readonly change = new EpollEventArray(1);
  private readonly waker: Waker;
  private epfd: number;
  /** Waits in a row that brought events of the dead. */
  private staleWaits = 0;

  constructor(options: BackendOptions = {}) {
    const maxEvents = options.maxEvents ?? DEFAULT_MAX_EVENTS;
    this.events = new EventBatch(maxEvents, this.registrations);
    this.array = new EpollEventArray(maxEvents);
    this.epfd = openEpoll();
    try {
      this.waker = new Waker();
    } catch (error) {
      close(this.epfd);
      throw error;
    }
    try {
      this.watchWaker(this.epfd);
    } catch (failure) {
      this.close();
      throw failure;
    }
  }

  get wakeHandle() {
    return this.waker.handle;
  }

  register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    if (this.epfd < 0) throw closedError(NAME, 'register');
    return this.start(this.registrations.add(fd, interest, mode), fd, interest);
  }

  registerExclusive(fd: number): Token {
    if (this.epfd < 0) throw closedError(NAME, 'register');
    const table = this.registrations;
    const token = table.add(fd, READABLE, 'level');
    // The entry is never changed, which the kernel would refuse: with one direction it is only added and deleted.
    table.mode[table.slot(token, 'register')] |= EXCLUSIVE;
    return this.start(token, fd, READABLE);
  }

  private start(token: Token, fd: number, interest: Interest): Token {
    const table = this.registrations;
    const slot = table.slot(token, 'register');
    this.counters.changesAsked++;
    const failure = interest !== 0 ? this.apply(slot) : isOpen(fd) ? 0 : EBADF;
    if (failure !== 0) {
      table.remove(slot);
      throw new IoError(failure, 'register', `descriptor ${fd} with ${NAME}`);
    }
    return token;
  }

  modify(token: Token, interest: Interest): void {
    const table = this.registrations;
    const slot = table.slot(token, 'modify');
    table.checkInterest(interest);
    this.counters.changesAsked++;
    table.wanted[slot] = interest;
    if (interest !== table.applied[slot]) table.markDirty(slot);
  }

  unregister(token: Token): void {
    const table = this.registrations;
    const slot = table.slot(token, 'unregister');
    this.counters.changesAsked++;
    table.wanted[slot] = 0;
    const failure = this.remove(slot);
    this.events.blank(slot);
    table.remove(slot);
    // A descriptor that was closed too early has taken its entry along.
    if (failure !== 0 && failure !== ENOENT && failure !== EBADF && failure !== EPERM) {
      throw new IoError(failure, 'unregister', `token ${token} of ${NAME}`);
    }
  }

  forget(token: Token): void {
    const table = this.registrations;
    const slot = table.slot(token, 'forget');
    this.counters.changesAsked++;
    this.events.blank(slot);
    table.remove(slot);
  }

  wouldBlock(): void {
    // The kernel knows.
  }

  wait(timeoutNs: number): number {
    if (this.epfd < 0) throw closedError(NAME, 'wait');
    const { counters, events, registrations: table, array } = this;
    events.clear();
    this.flush();
    const failed = events.count;
    counters.waits++;
    counters.events += failed;
    if (failed === events.capacity) return failed;
    counters.systemCalls++;
    const count = this.call(events.capacity - failed, failed > 0 ? 0 : waitMs(timeoutNs));
    const { staleEvents } = counters;
    for (let index = 0; index < count; index++) {
      const slot = array.low(index);
      if (!table.isAlive(slot, array.high(index))) {
        if (slot === WAKE_SLOT) counters.wakes++;
        else counters.staleEvents++;
        continue;
      }
      events.add(slot, readinessOf(array.events(index), table.wanted[slot]), 0, 0);
      if ((table.mode[slot] & ONESHOT) !== 0) {
        table.wanted[slot] = 0;
        table.applied[slot] = 0;
      }
    }
    counters.events += events.count - failed;
    if (counters.staleEvents === staleEvents) this.staleWaits = 0;
    else if (++this.staleWaits === STALE_WAITS) this.startAnew();
    return events.count;
  }

  wake(): void {
    this.counters.systemCalls++;
    wakeBackend(this.waker.handle);
  }

  has(token: Token): boolean {
    return this.registrations.has(token);
  }

  close(): void {
    if (this.epfd < 0) return;
    close(this.epfd);
    this.waker.close();
    this.epfd = -1;
  }

  /** @throws IoError EBADF, EINVAL: the number is not the queue's any more. What has it now is not ours to close. */
  private call(room: number, timeoutMs: number): number {
    try {
      return epollWait(this.epfd, this.array, room, timeoutMs);
    } catch (error) {
      this.epfd = -1;
      this.waker.close();
      throw error;
    }
  }

  private watchWaker(epfd: number): void {
    // By edge: each wake-up is one event, and nobody has to read the counter.
    this.change.set(0, EPOLLIN | EPOLLET, WAKE_SLOT, 0);
    if (epollCtl(epfd, EPOLL_CTL_ADD, this.waker.fd, this.change.address) < 0) {
      throw new IoError(errno(), 'epoll_ctl', 'the wake descriptor');
    }
  }

  /**
   * What was forgotten lives on by a duplicate: its entry is reported over and over, and without the number nothing
   * takes it out. The kernel's object is given up with it, and the living are entered in another by the next wait.
   */
  private startAnew(): void {
    this.staleWaits = 0;
    const table = this.registrations;
    let epfd = -1;
    try {
      epfd = openEpoll();
      this.watchWaker(epfd);
    } catch {
      // There is no room for it now: it is tried again after as many waits.
      if (epfd >= 0) close(epfd);
      return;
    }
    close(this.epfd);
    this.epfd = epfd;
    for (let slot = 0; slot < table.fd.length; slot++) {
      if (table.fd[slot] < 0 || table.place[slot] !== IN_KERNEL) continue;
      table.place[slot] = NOT_IN_KERNEL;
      table.applied[slot] = 0;
      table.markDirty(slot);
    }
  }

  /**
   * Brings the kernel up to date; what it refuses becomes an event. A batch without room leaves the rest for the next.
   */
  private flush(): void {
    const { registrations: table, events } = this;
    const asked = table.dirtyCount;
    let done = 0;
    while (done < asked && events.count < events.capacity) {
      const slot = table.takeDirty(done++);
      if (slot < 0 || table.wanted[slot] === table.applied[slot]) continue;
      const failure = table.wanted[slot] === 0 ? this.remove(slot) : this.apply(slot);
      if (failure !== 0) {
        table.wanted[slot] = 0;
        table.applied[slot] = 0;
        table.place[slot] = NOT_IN_KERNEL;
        events.add(slot, ERROR, 0, failure);
      }
    }
    table.dropDirty(done);
  }

  /** Adds or changes the kernel's entry. Returns 0 or an errno. */
  private apply(slot: number): number {
    const table = this.registrations;
    const wanted = table.wanted[slot];
    const known = table.place[slot] === IN_KERNEL;
    this.change.set(0, epollEvents(wanted, table.mode[slot]), slot, table.generation[slot]);
    const failure = this.control(known ? EPOLL_CTL_MOD : EPOLL_CTL_ADD, table.fd[slot]);
    if (failure !== 0) return failure;
    table.place[slot] = IN_KERNEL;
    table.applied[slot] = wanted;
    return 0;
  }

  private remove(slot: number): number {
    const table = this.registrations;
    table.applied[slot] = 0;
    if (table.place[slot] !== IN_KERNEL) return 0;
    table.place[slot] = NOT_IN_KERNEL;
    return this.control(EPOLL_CTL_DEL, table.fd[slot]);
  }

  private control(operation: number, fd: number): number {
    this.counters.systemCalls++;
    this.counters.changesSent++;
    return epollCtl(this.epfd, operation, fd, this.change.address) < 0 ? errno() : 0;
  }
}
