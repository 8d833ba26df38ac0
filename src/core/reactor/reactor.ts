/**
 * The reactor: the loop of one thread. A turn:
 *
 *   flush changes and wait → read the clock → run what other threads posted → dispatch events, each within its budget →
 *   look for more of both a few times → run due timers → tell what is over → schedule the next turn while anything is
 *   referenced
 *
 * A timer may be a deadline, and what it waits for may have come while the thread was busy. So a timer runs only after
 * all that had come when it was due has been dispatched.
 */
import { describeBy } from '../../base/inspection.js';
import { monotonicMs } from '../../base/runtime-functions.js';
import { ERROR, READABLE } from '../../backends/contract.js';
import { chooseBackend } from '../../backends/registry.js';
import { wrongState, type IoError } from '../../sys/ffi/io-error.js';
import { openNodeLoop } from '../../sys/ffi/node-loop.js';
import { AsyncScope, throwUncaught } from './async-scope.js';
import { DeferredList, type Deferred } from './deferred.js';
import { EventWait } from './event-wait.js';
import type { Driver } from '../driver/driver.js';
import { BoundedHost } from './bounded-host.js';
import type { Host } from './host.js';
import { NodeHost } from './node-host.js';
import type { Inbox } from './inbox.js';
import { WAITS_PER_TURN } from '../limits.js';
import { turnSlow } from '../observation/channels.js';
import type { ShownConnection } from '../observation/shown-connection.js';
import { TurnMeter } from '../observation/turn-meter.js';
import { ReadinessDriver } from '../driver/readiness-driver.js';
import { REACTOR_MODES, type ReactorMode } from '../driver/mode.js';
import type { ReactorOptions } from './options.js';
import { ReceiveBuffer } from '../memory/receive-buffer.js';
import { Slab } from '../memory/slab.js';
import { difference, type Utilization } from './utilization.js';
import { NO_TIMER, Timers, type Timer, type TimerOwner } from './timers.js';
import { TurnSchedule } from './turn-schedule.js';

export type { Deferred, ReactorOptions };

/** What a reactor has done so far. */
export interface ReactorCounters {
  turns: number;
  /** Turns that were allowed to block. */
  sleeps: number;
}

/** The loop of one thread. `startReactor` and `currentReactor` give it. */
export class Reactor {
  /** Runs operations; its `backend` and `counters` tell what it cost. */
  readonly driver: Driver;
  /** Why this backend was chosen. */
  readonly reason: string;
  readonly mode: ReactorMode;
  /** @internal */
  readonly slab: Slab;
  /** @internal */
  readonly receiveBuffer: ReceiveBuffer;
  readonly counters: ReactorCounters = { turns: 0, sleeps: 0 };
  /**
   * @internal Connections of this thread whose descriptors are in Node's loop, as those with TLS. They leave when they
   * close.
   */
  readonly elsewhere = new Set<ShownConnection>();

  /** Undefined until somebody asks what turns cost. */
  private meter: TurnMeter | undefined = undefined;
  private readonly host: Host;
  private readonly schedule: TurnSchedule;
  private readonly hostToken: number;
  private readonly timers: Timers;
  private readonly events: EventWait;
  /** No later than the wait began whose events are being dispatched: what came before is among them. */
  private roundMs: number;
  /** What came before has been dispatched. */
  private seenMs: number;
  private inbox: Inbox | undefined = undefined;
  private readonly deferred = new DeferredList();
  private closed = false;
  /** The host's loop has events of its own: this turn looks for no more events. */
  private hostHasEvents = false;

  /** @internal Made by `startReactor` and `currentReactor`. */
  constructor(options: ReactorOptions = {}) {
    const { mode = 'level', maxBufferBytes, maxEvents } = options;
    if (!REACTOR_MODES.includes(mode)) throw new TypeError(`mode: '${mode}'; allowed: ${REACTOR_MODES.join(', ')}`);
    this.mode = mode;
    this.slab = new Slab({ maxBytes: maxBufferBytes });
    this.receiveBuffer = new ReceiveBuffer(this.slab);
    const startedMs = (this.roundMs = this.seenMs = monotonicMs());
    this.timers = new Timers(startedMs);
    const { backend, reason } = chooseBackend(options.backend, { maxEvents });
    this.reason = reason;
    try {
      this.driver = new ReadinessDriver(backend, mode, this.slab);
      const loop = openNodeLoop();
      this.host = loop === undefined ? new BoundedHost() : new NodeHost(loop);
      this.schedule = new TurnSchedule(this.host, this);
      this.events = new EventWait(this, this.timers, this.schedule, startedMs);
      const onReady = () => (this.hostHasEvents = true);
      this.hostToken = this.host.fd < 0 ? -1 : this.driver.watch(this.host.fd, READABLE, 'level', { onReady });
    } catch (error) {
      backend.close();
      throw error;
    }
  }

  /** @internal Counts a handle (a connection, a listener, a watch) that lives in this reactor. */
  enter(referenced: boolean): void {
    this.schedule.enter(referenced);
  }

  /** @internal */
  leave(referenced: boolean): void {
    this.schedule.leave(referenced);
  }

  /** @internal A handle begins to keep the process alive, or ceases to. */
  reference(by: 1 | -1): void {
    this.schedule.reference(by);
  }

  /** @internal Runs `deferred.onDeferred()` at the end of this turn, or of one that follows soon. */
  defer(deferred: Deferred): void {
    this.deferred.add(deferred);
    this.schedule.wakeUp();
  }

  /** @internal See `Timers.arm`. Counted from now, also in the middle of a long callback. */
  arm(owner: TimerOwner, tag: number, delayMs: number): Timer {
    return this.timers.arm(owner, tag, delayMs + this.lag());
  }

  /** @internal See `Timers.postpone`. Counted from now, as `arm`. */
  postpone(timer: Timer, delayMs: number): void {
    this.timers.postpone(timer, delayMs + this.lag());
  }

  /** @internal */
  disarm(timer: Timer): void {
    if (timer !== NO_TIMER) this.timers.cancel(timer);
  }

  /** @internal Makes what other threads post a step of the turn. @throws IoError EALREADY: there is one already. */
  attach(inbox: Inbox): void {
    if (this.inbox !== undefined) {
      throw wrongState(
        'EALREADY',
        'openEndpoint',
        'this thread has a mailbox already, that of its endpoint, and a thread has one. To share it, open it first, by ' +
          'openEndpoint({ senders }) with a sender for each thread, and give it to each Runtime as `endpoint`; in a thread of ' +
          'a Runtime it is currentWorker().endpoint',
      );
    }
    this.inbox = inbox;
  }

  /** @internal */
  detach(inbox: Inbox): void {
    if (this.inbox === inbox) this.inbox = undefined;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Whether nothing lives here: then it may be closed. */
  get isUnused(): boolean {
    return this.schedule.handles === 0;
  }

  get isPaused(): boolean {
    return this.schedule.isPaused;
  }

  /**
   * How busy this thread is: what `performance.eventLoopUtilization()` would say if it knew of the reactor's sleep,
   * which it takes for activity. Without arguments since the thread began, with one since that was returned, with two
   * from `earlier` to `later`.
   *
   *     const before = reactor.utilization();
   *     setTimeout(() => console.log(reactor.utilization(before).utilization), 1000); // 0.03
   */
  utilization(earlier?: Utilization): Utilization;
  utilization(later: Utilization, earlier: Utilization): Utilization;
  utilization(first?: Utilization, second?: Utilization): Utilization {
    if (first !== undefined && second !== undefined) return difference(first, second);
    const now = this.events.utilization();
    return first === undefined ? now : difference(now, first);
  }

  /** @internal What lives in it, and what is queued in it. */
  get contents() {
    const { closed, timers, inbox } = this;
    const { isPaused, handles, references } = this.schedule;
    const state = closed ? 'closed' : isPaused ? 'paused' : 'open';
    return { state, handles, references, timers: timers.size, inbox: inbox?.depths } as const;
  }

  /** @internal From now on it is measured what turns cost. */
  measure(): TurnMeter {
    return (this.meter ??= new TurnMeter());
  }

  /**
   * Takes no more turns until `resume`: nothing is received, accepted or sent on, no timer runs, and what other threads
   * post waits for room. What lives here keeps the process alive no more.
   */
  pause(): void {
    this.schedule.pause();
  }

  /** Goes on: timers that came due meanwhile run at once. */
  resume(): void {
    this.schedule.resume();
  }

  /**
   * Gives the backend back. All handles must have been closed; what is still open is deaf from now on.
   *
   * @throws IoError EBUSY: handles are open.
   */
  close(): void {
    if (this.closed) return;
    const { handles } = this.schedule;
    if (handles > 0) throw wrongState('EBUSY', 'close', `the reactor has ${handles} open handles; close them first`);
    this.closed = true;
    if (this.hostToken >= 0) this.driver.unwatch(this.hostToken);
    this.driver.close();
    this.receiveBuffer.release();
  }

  /** @internal A turn is due. */
  onTurn(): void {
    AsyncScope.ofTurn().run(this.turnOrThrow, this);
  }

  /** @internal Whether there is something to do at once. */
  get hasWork(): boolean {
    return this.driver.hasWork || !this.deferred.isEmpty || this.inbox?.hasWork === true;
  }

  /** @internal Whether something is to be told at the end of a turn. */
  get hasDeferred(): boolean {
    return !this.deferred.isEmpty;
  }

  /** @internal It can't wait any more: closes it, and tells all who wait in it, and the process, of that once. */
  breakDown(failure: IoError): void {
    this.closed = true;
    for (const watcher of this.driver.failAllOwners(failure)) {
      this.deferred.add({ onDeferred: () => watcher.onReady(ERROR, 0, failure.errno) });
    }
    this.driver.close();
    throwUncaught(failure);
  }

  /** What a callback throws ends the turn, and is thrown for all to see once nothing depends on it. */
  private turnOrThrow(): void {
    try {
      this.turn();
    } catch (error) {
      throwUncaught(error);
    }
  }

  private turn(): void {
    const { schedule } = this;
    if (!schedule.begin()) return;
    if (this.closed) {
      try {
        this.deferred.run();
      } finally {
        schedule.end(true);
      }
      return;
    }
    this.hostHasEvents = false;
    this.counters.turns++;
    const { driver } = this;
    const meter = turnSlow.hasSubscribers ? this.measure() : this.meter;
    let busy = true;
    try {
      meter?.begin(driver.backend.counters.events);
      driver.carrier?.beginTurn();
      this.beginRound();
      let events = this.events.wait(this.inbox, meter);
      const had = driver.hasWork;
      let posted = this.inbox?.run() ?? false;
      meter?.dispatching(driver.harvest);
      this.dispatch();
      // While there is something, look for more at once: the way round the host's loop costs more than a wait.
      for (
        let waits = 1;
        (events > 0 || posted) && waits < WAITS_PER_TURN && !this.hostHasEvents && !this.closed && !driver.hasWork;
        waits++
      ) {
        this.beginRound();
        events = this.events.look();
        meter?.enter('messages');
        posted = this.inbox?.run() ?? false;
        meter?.dispatching(driver.harvest);
        this.dispatch();
      }
      meter?.enter('timers');
      const due = this.timers.run(this.seenMs);
      // After the host's own events the reactor has nothing to wait for, and the host itself says whether it may sleep.
      const ours = events > (this.hostHasEvents ? 1 : 0);
      busy = ours || posted || due > 0 || had || driver.hasWork || !this.deferred.isEmpty;
      meter?.enter('deferred');
      this.deferred.run();
    } finally {
      if (!this.closed) this.events.endTurn();
      schedule.end(busy);
      meter?.end(schedule.isScheduled, driver.backend.counters.events);
    }
  }

  /** What is left of the round before is finished first: it came before what the next wait brings. */
  private beginRound(): void {
    if (!this.driver.isBehind) this.roundMs = this.events.nowMs;
  }

  private dispatch(): void {
    this.driver.dispatch();
    if (!this.driver.isBehind) this.seenMs = this.roundMs;
  }

  /** What has passed since the time from which `Timers` counts. */
  private lag(): number {
    return Math.max(0, monotonicMs() - this.timers.nowMs);
  }

  static {
    describeBy('Reactor', Reactor.prototype, ({ driver, mode, counters, contents: { state, handles, references } }) => {
      return { state, backend: driver.backend.name, mode, handles, references, ...counters };
    });
  }
}
describeBy('Driver', ReadinessDriver.prototype, ({ backend: { name }, counters }) => {
  const { systemCalls, bytesReceived, bytesSent, fruitlessEvents, spinsStopped } = counters;
  return { backend: name, systemCalls, bytesReceived, bytesSent, fruitlessEvents, spinsStopped };
});
