/**
 * The driver over a readiness backend: try the call first; when it would block, the operation waits in the descriptor's
 * queue for that direction and an event retries it. Errors come from the retried call. A descriptor has one
 * registration.
 */
import { NO_TOKEN, type Token } from '../../base/token.js';
import {
  PEER_END,
  PRIORITY,
  READABLE,
  WRITABLE,
  type Backend,
  type Interest,
  type RegistrationMode,
  type Readiness,
} from '../../backends/contract.js';
import type { EventSources, Source } from '../../backends/sources/contract.js';
import { eventSourcesOf } from '../../backends/sources/choice.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { AsyncScope } from '../reactor/async-scope.js';
import { AskedInterest } from './asked-interest.js';
import { DriverTotals, type Driver, type Watcher } from './driver.js';
import { BYTES_PER_TURN } from '../limits.js';
import type { Slab } from '../memory/slab.js';
import { FinishedOperations } from './finished-operations.js';
import { Harvest } from './harvest.js';
import {
  AGAIN,
  Descriptor,
  DONE,
  TOLD,
  TRYING,
  WAIT,
  WAITING,
  type Operation,
  type Outcome,
} from '../operations/operation.js';
import { appended, firstWaiting, takeOff, takeOut, waitsForPriority } from './operation-queue.js';
import { BOTH, PEER_CAUSES, READ_CAUSES, WRITE_CAUSES, type ReactorMode } from './mode.js';
import { ReadyList } from './ready-list.js';
import { Registered, Watch } from './registered.js';
import { openCarrier, type RingCarrier } from './ring/ring-carrier.js';
import { FruitlessEvents, spinError } from './spin.js';
import { Watches } from './watches.js';

export class ReadinessDriver implements Driver {
  readonly counters = new DriverTotals();
  readonly registered = new Registered();
  /** Edge mode: what is to be tried without an event. */
  private readonly listed = new ReadyList();
  readonly harvest: Harvest;
  private readonly finished = new FinishedOperations();
  private readonly fruitless = new FruitlessEvents();
  private readonly asked: AskedInterest;
  private readonly watches: Watches;
  private openedSources: EventSources | undefined;
  readonly carrier: RingCarrier | undefined;

  /** @param slab that a ring receives into; without it nothing is carried by one. */
  constructor(
    readonly backend: Backend,
    readonly mode: ReactorMode,
    slab?: Slab,
  ) {
    const { registered, listed, finished } = this;
    this.harvest = new Harvest(backend, registered);
    this.asked = new AskedInterest({ backend, mode, registered, listed, finished });
    this.watches = new Watches(backend, registered);
    if (!backend.modes.includes(mode)) throw new TypeError(`mode: '${mode}'; backend '${backend.name}' lacks it`);
    const { counters, asked } = this;
    this.carrier = slab && openCarrier(backend, slab, { counters, finished, asked, enqueue: this.enqueue.bind(this) });
  }

  isWatched(fd: number): boolean {
    return this.registered.watchOf(fd) !== undefined;
  }

  add(fd: number, scope: AsyncScope, isExclusive = false): Descriptor {
    if (isExclusive && this.backend.registerExclusive === undefined) {
      throw new IoError('ENOTSUP', 'register', `descriptor ${fd} with ${this.backend.name}`, 'it wakes all that wait');
    }
    this.watches.endStale(fd);
    const descriptor = new Descriptor(fd, scope, isExclusive ? 'exclusive' : 'shared');
    descriptor.maybeReady = BOTH;
    this.registered.takeCare(descriptor);
    return descriptor;
  }

  remove(descriptor: Descriptor): void {
    const { token } = descriptor;
    this.registered.endCare(descriptor);
    this.fruitless.forget(descriptor);
    try {
      if (token !== NO_TOKEN) {
        this.registered.remove(token);
        if (descriptor.origin === 'closing' && this.backend.forget !== undefined) this.backend.forget(token);
        else this.backend.unregister(token);
      }
    } finally {
      // What waits goes whatever the backend says.
      while (descriptor.reads !== undefined) takeOff(descriptor.reads);
      while (descriptor.writes !== undefined) takeOff(descriptor.writes);
    }
  }

  submit(descriptor: Descriptor, operation: Operation): boolean {
    const isFirst = this.enqueue(descriptor, operation);
    if (isFirst) {
      operation.state = TRYING;
      const outcome = this.attemptFirst(descriptor, operation);
      // Taken off from within, or even submitted anew.
      if (operation.state !== TRYING) return false;
      if (outcome === DONE) {
        takeOut(operation);
        operation.state = TOLD;
        return true;
      }
      operation.state = WAITING;
      if (outcome === WAIT) this.asked.blocked(descriptor, operation.direction === 'read' ? READABLE : WRITABLE);
    }
    this.askFor(descriptor, operation);
    return false;
  }

  start(descriptor: Descriptor, operation: Operation): void {
    const isFirst = this.enqueue(descriptor, operation);
    if (isFirst && this.carrier?.take(descriptor, operation) === true) this.asked.askOn(descriptor, READABLE);
    else this.askFor(descriptor, operation);
  }

  cancel(operation: Operation): void {
    const descriptor = operation.descriptor;
    if (descriptor === undefined) return;
    takeOff(operation);
    this.asked.askOn(descriptor);
  }

  watch(fd: number, interest: Interest, mode: RegistrationMode, watcher: Watcher): Token {
    this.makeWayForWatch(fd);
    return this.watches.add(fd, interest, mode, watcher);
  }

  rewatch(token: Token, interest: Interest): void {
    this.backend.modify(token, interest);
  }

  unwatch(token: Token): void {
    this.watches.remove(token);
  }

  wouldBlock(token: Token, interest: Interest): void {
    this.backend.wouldBlock(token, interest);
  }

  get sources(): EventSources {
    return (this.openedSources ??= eventSourcesOf(this.backend));
  }

  followSource(source: Source, watcher: Watcher): void {
    this.registered.add(new Watch(source.token, source.share?.(watcher) ?? watcher));
  }

  closeSource(source: Source): void {
    source.close();
    if (!this.backend.has(source.token)) this.registered.remove(source.token);
  }

  get hasWork(): boolean {
    const { listed, finished, harvest, watches, carrier } = this;
    return !listed.isEmpty || !finished.isEmpty || harvest.hasEvents || watches.hasStale || carrier?.hasNews === true;
  }

  get isBehind(): boolean {
    const { harvest, listed, finished, carrier } = this;
    return harvest.isBehind || listed.hasUntried || finished.isTelling || carrier?.hasNews === true;
  }

  wait(timeoutNs: number): number {
    const { carrier, harvest } = this;
    if (carrier === undefined) return harvest.wait(timeoutNs);
    carrier.flush();
    const events = harvest.wait(carrier.hasNews ? 0 : timeoutNs);
    return carrier.hasNews ? events + 1 : events;
  }

  dispatch(): void {
    const { counters, harvest } = this;
    const { events } = this.backend;
    const enough = counters.bytesReceived + counters.bytesSent + BYTES_PER_TURN;
    // Those that were listed before the last turn moved enough come first, so that events can't keep them waiting for
    // ever.
    if (!this.listed.isEmpty) this.tryListed(enough);
    this.carrier?.dispatchOld(enough);
    while (harvest.hasEvents && counters.bytesReceived + counters.bytesSent < enough) {
      const index = harvest.next();
      const token = events.tokens[index];
      const owner = token === NO_TOKEN ? undefined : this.registered.find(token);
      // The backend blanks what was unregistered; another token that is nobody's is one that it failed to blank.
      if (owner === undefined) {
        this.backend.counters.staleEvents++;
      } else if (owner instanceof Descriptor) {
        this.onEvent(owner, events.readiness[index], events.errors[index]);
      } else {
        owner.watcher.onReady(events.readiness[index], events.data[index], events.errors[index]);
      }
    }
    this.carrier?.dispatch(enough);
    if (!this.listed.isEmpty && this.listed.turnOver()) this.tryListed(enough);
    if (!this.finished.isEmpty) this.finished.tell();
    if (this.watches.hasStale) this.watches.tellStale();
  }

  failAllOwners(failure: Error): Watcher[] {
    for (const descriptor of this.registered.inCare()) this.finished.failAll(descriptor, failure);
    return this.registered.watchers();
  }

  close(): void {
    this.backend.close();
    this.carrier?.close();
  }

  private onEvent(descriptor: Descriptor, readiness: Readiness, errno: number): void {
    if (this.mode === 'oneshot') descriptor.interest = 0;
    if (errno !== 0 && (readiness & (READABLE | WRITABLE)) === 0) {
      // The backend could not bring a change to the kernel: nothing will ever be reported here.
      descriptor.interest = 0;
      this.finished.failAll(
        descriptor,
        new IoError(errno, 'watch', `descriptor ${descriptor.fd} with ${this.backend.name}`),
      );
      return;
    }
    if ((readiness & PRIORITY) !== 0) readiness |= waitsForPriority(descriptor.reads) ? PEER_END : 0;
    const causes = ((readiness & READ_CAUSES) !== 0 ? READABLE : 0) | ((readiness & WRITE_CAUSES) !== 0 ? WRITABLE : 0);
    descriptor.maybeReady |= causes;
    let moved = BOTH;
    try {
      moved = this.runReady(descriptor, readiness);
    } finally {
      if (moved !== 0) this.fruitless.forget(descriptor);
      else if (this.mode !== 'edge') this.countFruitless(descriptor);
      // Also after an exception of a callback: it must not leave the descriptor disarmed.
      this.asked.askOn(descriptor, causes & ~moved);
    }
  }

  /** @returns the directions in which anything moved. */
  private runReady(descriptor: Descriptor, readiness: Readiness): Interest {
    const read = (readiness & READ_CAUSES) !== 0 && this.run(descriptor, READABLE, readiness);
    const wrote = (readiness & WRITE_CAUSES) !== 0 && this.run(descriptor, WRITABLE, readiness);
    return (read ? READABLE : 0) | (wrote ? WRITABLE : 0);
  }

  private attemptFirst(descriptor: Descriptor, operation: Operation): Outcome {
    try {
      return operation.attempt(descriptor.fd);
    } catch (error) {
      if (operation.state === TRYING) takeOff(operation);
      throw error;
    }
  }

  /** Attempts the queue of one direction. Returns whether anything moved. */
  private run(descriptor: Descriptor, direction: Interest, readiness: Readiness): boolean {
    let fruitful = false;
    for (;;) {
      const operation = firstWaiting(direction === READABLE ? descriptor.reads : descriptor.writes);
      if (operation === undefined || operation.carrier !== undefined) return fruitful;
      // One that looks out for the end alone has no use for bytes. With edges nothing is reported twice.
      if (this.mode !== 'edge' && (operation.interest & direction) === 0 && (readiness & PEER_CAUSES) === 0)
        return fruitful;
      const outcome = operation.attempt(descriptor.fd);
      // Its owner may have cancelled it, or removed the descriptor, from within.
      if (operation.descriptor !== descriptor) {
        fruitful = true;
        continue;
      }
      if (outcome === WAIT) {
        if ((operation.interest & direction) !== 0) this.asked.blocked(descriptor, direction);
        return fruitful;
      }
      fruitful = true;
      if (outcome === AGAIN) {
        if (this.mode === 'edge') this.listed.add(descriptor);
        return true;
      }
      this.finished.add(operation);
    }
  }

  /** @returns whether no operation that waits is before it in its direction. */
  private enqueue(descriptor: Descriptor, operation: Operation): boolean {
    const { state } = operation;
    if (state === WAITING || state === TRYING) throw new TypeError('operation: it is under way already');
    if (operation.descriptor !== undefined) takeOut(operation);
    operation.descriptor = descriptor;
    operation.state = WAITING;
    if (operation.direction === 'read') {
      const isFirst = firstWaiting(descriptor.reads) === undefined;
      descriptor.reads = appended(descriptor.reads, operation);
      return isFirst;
    }
    const isFirst = firstWaiting(descriptor.writes) === undefined;
    descriptor.writes = appended(descriptor.writes, operation);
    return isFirst;
  }

  /** Has the backend watch for an operation. @throws IoError it refuses; the operation is taken off. */
  private askFor(descriptor: Descriptor, operation: Operation): void {
    try {
      this.asked.ask(descriptor);
    } catch (error) {
      this.cancel(operation);
      throw error;
    }
  }

  /** Of a connection that nobody reads only its peer's going is waited for: one that watches it learns that itself. */
  private makeWayForWatch(fd: number): void {
    const owner = this.registered.descriptorOf(fd);
    if (owner !== undefined) this.carrier?.recallAll(owner);
    if (owner?.reads?.yieldsToWatch !== true || owner.reads.next !== undefined || owner.writes !== undefined) return;
    this.remove(owner);
    this.registered.takeCare(owner);
    owner.maybeReady = BOTH;
  }

  /** Tries those of the list whose turn it is, until the turn of the reactor has moved enough. */
  private tryListed(enough: number): void {
    const { listed, counters } = this;
    while (counters.bytesReceived + counters.bytesSent < enough) {
      const descriptor = listed.take();
      if (descriptor === undefined) return;
      try {
        this.runReady(descriptor, descriptor.maybeReady);
      } finally {
        this.asked.askOn(descriptor);
      }
    }
  }

  private countFruitless(descriptor: Descriptor): void {
    this.counters.fruitlessEvents++;
    if (!this.fruitless.add(descriptor)) return;
    this.counters.spinsStopped++;
    this.finished.failAll(descriptor, spinError(descriptor, this.backend.name));
    this.asked.askOn(descriptor);
  }
}
