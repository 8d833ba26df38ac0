/**
 * poll(2), everywhere. A wait hands the whole array to the kernel and reads the whole array back: its cost is O(n) in
 * the registrations that are armed, ready or not. Changes cost nothing but a store.
 *
 * Edges are imitated: a direction that was reported leaves the array, and comes back when a call on it would have
 * blocked (`wouldBlock`).
 */
import type { Token } from '../../base/token.js';
import { EBADF } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { isSocket } from '../../sys/socket/stream.js';
import { poll, POLLIN, POLLNVAL } from '../../sys/poll/poll.js';
import type { Backend, BackendOptions, Interest, RegistrationMode } from '../contract.js';
import { newCounters, waitMs } from '../kit/counters.js';
import { EventBatch } from '../kit/event-batch.js';
import { DEFAULT_MAX_EVENTS } from '../kit/batch-size.js';
import { REGISTRATION_MODES } from '../kit/modes.js';
import { closedError, EDGE, ONESHOT, Registrations, SOCKET } from '../kit/registrations.js';
import { Waker, wakeBackend } from '../kit/wake.js';
import { ArmedSet } from './armed-set.js';
import { pollEvents, readinessOf } from './flags.js';
import { WaitingLine } from '../kit/waiting-line.js';

const NAME = 'poll';
/** The waker's place in the array. */
const WAKE_INDEX = 0;

export class PollBackend implements Backend {
  readonly name = NAME;
  readonly modes = REGISTRATION_MODES;
  readonly counters = newCounters();
  readonly events: EventBatch;

  private readonly registrations = new Registrations(NAME);
  private readonly armed = new ArmedSet(this.registrations);
  private readonly line = new WaitingLine();
  private readonly waker: Waker;
  private closed = false;

  constructor(options: BackendOptions = {}) {
    this.events = new EventBatch(options.maxEvents ?? DEFAULT_MAX_EVENTS, this.registrations);
    this.waker = new Waker();
    this.armed.addFixed(this.waker.fd, POLLIN);
  }

  get wakeHandle() {
    return this.waker.handle;
  }

  register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    if (this.closed) throw closedError(NAME, 'register');
    const table = this.registrations;
    const token = table.add(fd, interest, mode);
    const slot = table.slot(token, 'register');
    this.counters.changesAsked++;
    this.counters.systemCalls++;
    try {
      // That it is closed poll itself would only tell at the next wait.
      if (isSocket(fd)) table.mode[slot] |= SOCKET;
    } catch (error) {
      table.remove(slot);
      if (error instanceof IoError) throw new IoError(error.errno, 'register', `descriptor ${fd} with ${NAME}`);
      throw error;
    }
    this.apply(slot, interest);
    return token;
  }

  modify(token: Token, interest: Interest): void {
    const table = this.registrations;
    const slot = table.slot(token, 'modify');
    table.checkInterest(interest);
    this.counters.changesAsked++;
    // A direction that waits for wouldBlock stays out of the array; a direction newly asked for goes in.
    const reported = (table.mode[slot] & EDGE) !== 0 ? table.wanted[slot] & ~table.applied[slot] : 0;
    table.wanted[slot] = interest;
    this.apply(slot, interest & ~reported);
  }

  unregister(token: Token): void {
    const table = this.registrations;
    const slot = table.slot(token, 'unregister');
    this.counters.changesAsked++;
    this.apply(slot, 0);
    this.events.blank(slot);
    table.remove(slot);
  }

  wouldBlock(token: Token, interest: Interest): void {
    const table = this.registrations;
    const slot = table.slot(token, 'wouldBlock');
    if ((table.mode[slot] & EDGE) !== 0) this.apply(slot, table.applied[slot] | (table.wanted[slot] & interest));
  }

  wait(timeoutNs: number): number {
    if (this.closed) throw closedError(NAME, 'wait');
    const { counters, events, armed } = this;
    events.clear();
    counters.waits++;
    counters.systemCalls++;
    let ready = poll(armed.array, armed.count, waitMs(timeoutNs));
    if (ready > 0 && armed.array.takeRevents(WAKE_INDEX) !== 0) {
      ready--;
      counters.wakes++;
      counters.systemCalls++;
      this.waker.drain();
    }
    if (ready > 0) this.harvest(ready);
    counters.events += events.count;
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
    if (this.closed) return;
    this.closed = true;
    this.waker.close();
  }

  /** Reads the `ready` entries that have revents, as many as the batch takes. */
  private harvest(ready: number): void {
    if (ready > this.events.capacity) {
      this.harvestInTurn();
      return;
    }
    const { armed, line } = this;
    if (!line.isEmpty) line.clear();
    // Downwards: an entry that a oneshot or an edge takes out is replaced by the last one, which has been read by then.
    for (let index = armed.count - 1, left = ready; left > 0 && index > WAKE_INDEX; index--) {
      const revents = armed.array.takeRevents(index);
      if (revents === 0) continue;
      left--;
      this.report(armed.slot(index), revents);
    }
  }

  /** More is ready than the batch takes: everybody joins the line, and the first are served. */
  private harvestInTurn(): void {
    const { armed, line, events } = this;
    for (let index = WAKE_INDEX + 1; index < armed.count; index++) {
      if (armed.array.revents(index) !== 0) line.join(armed.slot(index));
    }
    while (events.count < events.capacity) {
      const slot = line.take();
      // Nobody is left only if poll counted more than it marked.
      if (slot < 0) return;
      const revents = armed.array.takeRevents(this.registrations.place[slot]);
      // No longer ready since it joined.
      if (revents !== 0) this.report(slot, revents);
    }
  }

  private report(slot: number, revents: number): void {
    const { registrations: table, events } = this;
    const readiness = readinessOf(revents, table.wanted[slot]);
    events.add(slot, readiness, 0, (revents & POLLNVAL) !== 0 ? EBADF : 0);
    const mode = table.mode[slot];
    if ((revents & POLLNVAL) !== 0 || (mode & ONESHOT) !== 0) {
      table.wanted[slot] = 0;
      this.arm(slot, 0);
    } else if ((mode & EDGE) !== 0) {
      this.arm(slot, table.applied[slot] & ~readiness);
    }
  }

  private apply(slot: number, interest: Interest): void {
    if (interest === this.registrations.applied[slot]) return;
    this.counters.changesSent++;
    this.arm(slot, interest);
  }

  private arm(slot: number, interest: Interest): void {
    this.registrations.applied[slot] = interest;
    this.armed.arm(slot, pollEvents(interest, this.registrations.mode[slot]));
    if (interest === 0) this.line.leave(slot);
  }
}
