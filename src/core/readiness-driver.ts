/**
 * The driver over a readiness backend: try the call first; when it would block, the operation waits in the descriptor's
 * queue for that direction and an event retries it. Errors come from the retried call, never from the event. A descriptor
 * has one registration for its life, made when the first operation has to wait.
 */
import { NO_TOKEN, slotOf, type Token } from '../base/token.js';
import {
  END,
  ERROR,
  HANGUP,
  READABLE,
  WRITABLE,
  type Backend,
  type Interest,
  type Lifetime,
  type Readiness,
  type Trigger,
} from '../backends/contract.js';
import type { EventSources, Source } from '../backends/sources/contract.js';
import { eventSourcesOf } from '../backends/sources/choice.js';
import { IoError } from '../sys/io-error.js';
import type { Driver, DriverCounters, Watcher } from './driver.js';
import { BYTES_PER_TURN, FRUITLESS_EVENTS } from './limits.js';
import { AGAIN, Descriptor, DONE, WAIT, type Operation, type Outcome } from './operation.js';
import { appended, takeOff, without } from './operation-queue.js';

/** How descriptors are registered: the lifetime and trigger of DESIGN's table, as one word each. */
export type Mode = 'level' | 'edge' | 'oneshot';
export const MODES: readonly Mode[] = ['level', 'edge', 'oneshot'];

const BOTH = READABLE | WRITABLE;
/** A bit of `Descriptor.maybeReady` that is no readiness. */
const LISTED = 128;
const READ_CAUSES = READABLE | END | HANGUP | ERROR;
const WRITE_CAUSES = WRITABLE | HANGUP | ERROR;

class Watch {
  constructor(
    readonly token: Token,
    readonly watcher: Watcher,
  ) {}
}

export class ReadinessDriver implements Driver {
  readonly counters: DriverCounters = {
    systemCalls: 0,
    bytesReceived: 0,
    bytesSent: 0,
    fruitlessEvents: 0,
    spinsStopped: 0,
  };

  private readonly lifetime: Lifetime;
  private readonly trigger: Trigger;
  /** By slot of the backend's token. */
  private readonly registered: (Descriptor | Watch | undefined)[] = [];
  /** Edge mode: descriptors to try without an event, since their budget or a new operation cut them off. */
  private listed: Descriptor[] = [];
  private trying: Descriptor[] = [];
  /** The event to dispatch next; an exception of a callback leaves it in the middle of the batch. */
  private cursor = 0;
  /** Operations that are over and not yet told to their owners. */
  private finished: Operation[] = [];
  private telling: Operation[] = [];
  private told = 0;
  private openedSources: EventSources | undefined;

  constructor(
    readonly backend: Backend,
    readonly mode: Mode,
  ) {
    this.trigger = mode === 'edge' ? 'edge' : 'level';
    this.lifetime = mode === 'oneshot' ? 'oneshot' : 'persistent';
    if (!backend.traits.triggers.includes(this.trigger)) {
      throw new TypeError(`mode: '${mode}' needs the trigger '${this.trigger}', which backend '${backend.name}' lacks`);
    }
  }

  add(fd: number, isExclusive = false): Descriptor {
    if (isExclusive && this.backend.registerExclusive === undefined) {
      throw new IoError('ENOTSUP', 'register', `descriptor ${fd} with ${this.backend.name}`, 'it wakes all that wait');
    }
    const descriptor = new Descriptor(fd, isExclusive);
    descriptor.maybeReady = BOTH;
    return descriptor;
  }

  remove(descriptor: Descriptor): void {
    if (descriptor.token !== NO_TOKEN) {
      this.registered[slotOf(descriptor.token)] = undefined;
      this.backend.unregister(descriptor.token);
      descriptor.token = NO_TOKEN;
      descriptor.interest = 0;
    }
    descriptor.reads = takeOff(descriptor.reads);
    descriptor.writes = takeOff(descriptor.writes);
  }

  submit(descriptor: Descriptor, operation: Operation): boolean {
    if (operation.descriptor !== undefined) throw new TypeError('operation: it is under way already');
    const queue = operation.direction === 'read' ? descriptor.reads : descriptor.writes;
    if (queue === undefined) {
      const outcome = this.attemptFirst(descriptor, operation);
      if (outcome === DONE) return true;
      if (outcome === WAIT) this.blocked(descriptor, operation.direction === 'read' ? READABLE : WRITABLE);
    }
    operation.descriptor = descriptor;
    this.enqueue(descriptor, operation);
    return false;
  }

  start(descriptor: Descriptor, operation: Operation): void {
    if (operation.descriptor !== undefined) throw new TypeError('operation: it is under way already');
    operation.descriptor = descriptor;
    this.enqueue(descriptor, operation);
  }

  cancel(operation: Operation): void {
    const descriptor = operation.descriptor;
    if (descriptor === undefined) return;
    this.dequeue(descriptor, operation);
    operation.cancelled();
    this.ask(descriptor);
  }

  watch(fd: number, interest: Interest, lifetime: Lifetime, trigger: Trigger, watcher: Watcher): Token {
    const token = this.backend.register(fd, interest, lifetime, trigger);
    this.registered[slotOf(token)] = new Watch(token, watcher);
    return token;
  }

  rewatch(token: Token, interest: Interest): void {
    this.backend.modify(token, interest);
  }

  unwatch(token: Token): void {
    this.backend.unregister(token);
    this.registered[slotOf(token)] = undefined;
  }

  wouldBlock(token: Token, interest: Interest): void {
    this.backend.wouldBlock(token, interest);
  }

  get sources(): EventSources {
    return (this.openedSources ??= eventSourcesOf(this.backend));
  }

  followSource(source: Source, watcher: Watcher): void {
    this.registered[slotOf(source.token)] = new Watch(source.token, source.share?.(watcher) ?? watcher);
  }

  closeSource(source: Source): void {
    source.close();
    if (!this.backend.has(source.token)) this.registered[slotOf(source.token)] = undefined;
  }

  get hasWork(): boolean {
    return this.listed.length > 0 || this.finished.length > 0 || this.unfinishedDispatch;
  }

  wait(timeoutNs: number): number {
    // What an exception left over goes first: its registrations may report the same again only by level.
    if (!this.unfinishedDispatch) {
      this.cursor = 0;
      this.backend.wait(timeoutNs);
    }
    return this.backend.events.count - this.cursor;
  }

  dispatch(): void {
    const { events } = this.backend;
    const { counters } = this;
    const enough = counters.bytesReceived + counters.bytesSent + BYTES_PER_TURN;
    while (this.cursor < events.count && counters.bytesReceived + counters.bytesSent < enough) {
      const index = this.cursor++;
      const token = events.tokens[index];
      const owner = token === NO_TOKEN ? undefined : this.registered[slotOf(token)];
      // The backend blanks what was unregistered; a token that still differs is one that it failed to blank.
      if (owner === undefined || owner.token !== token) {
        this.backend.counters.staleEvents++;
      } else if (owner instanceof Descriptor) {
        this.onEvent(owner, events.readiness[index], events.errors[index]);
      } else {
        owner.watcher.onReady(events.readiness[index], events.data[index], events.errors[index]);
      }
    }
    if (this.trying.length > 0 || this.listed.length > 0) this.tryListed();
    if (this.telling.length > 0 || this.finished.length > 0) this.tellFinished();
  }

  close(): void {
    this.backend.close();
  }

  private get unfinishedDispatch(): boolean {
    return this.cursor < this.backend.events.count || this.trying.length > 0 || this.telling.length > this.told;
  }

  private onEvent(descriptor: Descriptor, readiness: Readiness, errno: number): void {
    if (this.mode === 'oneshot') descriptor.interest = 0;
    if (errno !== 0 && (readiness & (READABLE | WRITABLE)) === 0) {
      // The backend could not bring a change to the kernel: nothing will ever be reported here.
      descriptor.interest = 0;
      this.failAll(descriptor, new IoError(errno, 'watch', `descriptor ${descriptor.fd} with ${this.backend.name}`));
      return;
    }
    descriptor.maybeReady |= (readiness & READ_CAUSES) !== 0 ? READABLE : 0;
    descriptor.maybeReady |= (readiness & WRITE_CAUSES) !== 0 ? WRITABLE : 0;
    const idleWriter = descriptor.writes === undefined && (readiness & WRITE_CAUSES) !== 0;
    let fruitful = true;
    try {
      fruitful = this.runReady(descriptor, readiness);
    } finally {
      if (fruitful) descriptor.fruitless = 0;
      else if (this.mode !== 'edge') this.countFruitless(descriptor);
      // Also after an exception of a callback: it must not leave the descriptor disarmed.
      this.ask(descriptor, idleWriter);
    }
  }

  private runReady(descriptor: Descriptor, readiness: Readiness): boolean {
    const read = (readiness & READ_CAUSES) !== 0 && this.run(descriptor, READABLE);
    const wrote = (readiness & WRITE_CAUSES) !== 0 && this.run(descriptor, WRITABLE);
    return read || wrote;
  }

  private attemptFirst(descriptor: Descriptor, operation: Operation): Outcome {
    try {
      return operation.attempt(descriptor.fd);
    } catch (error) {
      operation.cancelled();
      throw error;
    }
  }

  /** Attempts the queue of one direction. Returns whether anything moved. */
  private run(descriptor: Descriptor, direction: Interest): boolean {
    let fruitful = false;
    for (;;) {
      const operation = direction === READABLE ? descriptor.reads : descriptor.writes;
      if (operation === undefined) return fruitful;
      const outcome = operation.attempt(descriptor.fd);
      // Its owner may have cancelled it, or removed the descriptor, from within.
      if (operation.descriptor !== descriptor) {
        fruitful = true;
        continue;
      }
      if (outcome === WAIT) {
        this.blocked(descriptor, direction);
        return fruitful;
      }
      fruitful = true;
      if (outcome === AGAIN) {
        if (this.mode === 'edge') this.list(descriptor);
        return true;
      }
      this.dequeue(descriptor, operation);
      this.finished.push(operation);
    }
  }

  private blocked(descriptor: Descriptor, direction: Interest): void {
    descriptor.maybeReady &= ~direction;
    if (this.mode === 'edge' && descriptor.token !== NO_TOKEN) this.backend.wouldBlock(descriptor.token, direction);
  }

  private enqueue(descriptor: Descriptor, operation: Operation): void {
    if (operation.direction === 'read') descriptor.reads = appended(descriptor.reads, operation);
    else descriptor.writes = appended(descriptor.writes, operation);
    try {
      this.ask(descriptor);
    } catch (error) {
      this.cancel(operation);
      throw error;
    }
  }

  private dequeue(descriptor: Descriptor, operation: Operation): void {
    operation.descriptor = undefined;
    if (operation.direction === 'read') descriptor.reads = without(descriptor.reads, operation);
    else descriptor.writes = without(descriptor.writes, operation);
  }

  /** Asks the backend for what the queues need: with edges once for both directions, otherwise for just that. */
  private ask(descriptor: Descriptor, idleWriter = false): void {
    let needed = (descriptor.reads === undefined ? 0 : READABLE) | (descriptor.writes === undefined ? 0 : WRITABLE);
    if (this.mode === 'edge') {
      if (needed === 0) return;
      if (descriptor.token === NO_TOKEN) this.register(descriptor, BOTH);
      if ((needed & descriptor.maybeReady) !== 0) this.list(descriptor);
      return;
    }
    // Who had to wait for room once will soon again: the interest stays until an event finds nobody writing.
    if (!idleWriter) needed |= descriptor.interest & WRITABLE;
    if (needed === descriptor.interest) return;
    if (descriptor.token === NO_TOKEN) {
      this.register(descriptor, needed);
      return;
    }
    descriptor.interest = needed;
    this.backend.modify(descriptor.token, needed);
  }

  private register(descriptor: Descriptor, interest: Interest): void {
    const { backend } = this;
    const token = descriptor.isExclusive
      ? backend.registerExclusive!(descriptor.fd)
      : backend.register(descriptor.fd, interest, this.lifetime, this.trigger);
    descriptor.token = token;
    descriptor.interest = interest;
    this.registered[slotOf(token)] = descriptor;
  }

  private list(descriptor: Descriptor): void {
    if ((descriptor.maybeReady & LISTED) !== 0) return;
    descriptor.maybeReady |= LISTED;
    this.listed.push(descriptor);
  }

  private tryListed(): void {
    if (this.trying.length === 0) [this.trying, this.listed] = [this.listed, this.trying];
    for (let descriptor = this.trying.pop(); descriptor !== undefined; descriptor = this.trying.pop()) {
      descriptor.maybeReady &= ~LISTED;
      try {
        this.runReady(descriptor, descriptor.maybeReady);
      } finally {
        this.ask(descriptor);
      }
    }
  }

  private tellFinished(): void {
    if (this.telling.length === 0) [this.telling, this.finished] = [this.finished, this.telling];
    while (this.told < this.telling.length) this.telling[this.told++].complete();
    this.telling.length = 0;
    this.told = 0;
  }

  private countFruitless(descriptor: Descriptor): void {
    this.counters.fruitlessEvents++;
    if (++descriptor.fruitless < FRUITLESS_EVENTS) return;
    descriptor.fruitless = 0;
    this.counters.spinsStopped++;
    const error = new IoError(
      'ELOOP',
      'wait',
      `descriptor ${descriptor.fd} with ${this.backend.name}`,
      `${FRUITLESS_EVENTS} events in a row without a byte moving; it is no longer watched`,
    );
    this.failAll(descriptor, error);
    this.ask(descriptor);
  }

  private failAll(descriptor: Descriptor, error: Error): void {
    for (const direction of [READABLE, WRITABLE]) {
      let operation = direction === READABLE ? descriptor.reads : descriptor.writes;
      if (direction === READABLE) descriptor.reads = undefined;
      else descriptor.writes = undefined;
      while (operation !== undefined) {
        const { next } = operation;
        operation.next = undefined;
        operation.descriptor = undefined;
        operation.fail(error);
        this.finished.push(operation);
        operation = next;
      }
    }
  }
}
