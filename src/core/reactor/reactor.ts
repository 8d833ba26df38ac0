/**
 * The reactor: the loop of one thread. A turn:
 *
 *   flush changes and wait → read the clock → run what other threads posted → dispatch events, each within its budget →
 *   look for more of both a few times → run due timers → tell what is over → schedule the next turn while anything is
 *   referenced
 *
 * A timer may be a deadline, and what it waits for may have come while the thread was busy. So a timer runs only after all
 * that had come when it was due has been dispatched.
 */
import { describeBy } from '../../base/inspection.js';
import { monotonicMs } from '../../base/runtime-functions.js';
import { ERROR, READABLE } from '../../backends/contract.js';
import { chooseBackend } from '../../backends/registry.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import { openNodeLoop } from '../../sys/ffi/node-loop.js';
import { AsyncScope, throwUncaught } from './async-scope.js';
import { DeferredList, type Deferred } from './deferred.js';
import type { Driver } from '../driver/driver.js';
import { BoundedHost } from './bounded-host.js';
import type { Host } from './host.js';
import { NodeHost } from './node-host.js';
import type { Inbox } from './inbox.js';
import { WAITS_PER_TURN } from '../limits.js';
import { turnSlow } from '../observation/channels.js';
import { TurnMeter } from '../observation/turn-meter.js';
import { ReadinessDriver } from '../driver/readiness-driver.js';
import { REACTOR_MODES, type ReactorMode } from '../driver/mode.js';
import type { ReactorOptions } from './options.js';
import { ReceiveBuffer } from '../memory/receive-buffer.js';
import { Slab } from '../memory/slab.js';
import { difference, utilizationOf, type Utilization } from './utilization.js';
import { NO_TIMER, Timers, type Timer, type TimerOwner } from './timers.js';

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
  readonly slab: Slab;
  readonly receiveBuffer: ReceiveBuffer;
  readonly counters: ReactorCounters = { turns: 0, sleeps: 0 };

  private readonly startedMs = monotonicMs();
  /** Milliseconds in waits that were allowed to block. */
  private sleptMs = 0;
  /** Undefined until somebody asks what turns cost. */
  private meter: TurnMeter | undefined = undefined;
  private readonly host: Host;
  private readonly hostToken: number;
  private readonly timers: Timers;
  /** Monotonic, in milliseconds; read once a turn. */
  private now = this.startedMs;
  /** No later than the wait began whose events are being dispatched: what came before is among them. */
  private roundMs = this.startedMs;
  /** What came before has been dispatched. */
  private seenMs = this.startedMs;
  private inbox: Inbox | undefined = undefined;
  private readonly deferred = new DeferredList();
  private handles = 0;
  private references = 0;
  private scheduled = false;
  private inTurn = false;
  private quietTurns = 0;
  private closed = false;
  private paused = false;
  /** The host's loop has events of its own: this turn looks for no more of ours. */
  private hostHasEvents = false;
  private readonly runTurn = () => AsyncScope.ofTurn().run(this.turnOrThrow, this);

  constructor(options: ReactorOptions = {}) {
    const { mode = 'level', maxBufferBytes, maxEvents } = options;
    if (!REACTOR_MODES.includes(mode)) throw new TypeError(`mode: '${mode}'; allowed: ${REACTOR_MODES.join(', ')}`);
    this.mode = mode;
    this.slab = new Slab({ maxBytes: maxBufferBytes });
    this.receiveBuffer = new ReceiveBuffer(this.slab);
    this.timers = new Timers(this.now);
    const { backend, reason } = chooseBackend(options.backend, { maxEvents });
    this.reason = reason;
    try {
      this.driver = new ReadinessDriver(backend, mode);
      const loop = openNodeLoop();
      this.host = loop === undefined ? new BoundedHost() : new NodeHost(loop);
      const onReady = () => (this.hostHasEvents = true);
      this.hostToken = this.host.fd < 0 ? -1 : this.driver.watch(this.host.fd, READABLE, 'level', { onReady });
    } catch (error) {
      backend.close();
      throw error;
    }
  }

  /** Counts a handle (a connection, a listener, a watch) that lives in this reactor. */
  enter(referenced: boolean): void {
    this.handles++;
    if (referenced) this.references++;
    this.wakeUp();
  }

  leave(referenced: boolean): void {
    this.handles--;
    if (referenced) this.references--;
  }

  /** A handle begins to keep the process alive, or ceases to. */
  reference(by: 1 | -1): void {
    this.references += by;
    this.wakeUp();
  }

  /** Runs `deferred.onDeferred()` at the end of this turn, or of one that follows soon. */
  defer(deferred: Deferred): void {
    this.deferred.add(deferred);
    this.wakeUp();
  }

  /** See `Timers.arm`. Counted from now, also in the middle of a long callback. */
  arm(owner: TimerOwner, tag: number, delayMs: number): Timer {
    return this.timers.arm(owner, tag, delayMs + this.lag());
  }

  /** See `Timers.postpone`. Counted from now, as `arm`. */
  postpone(timer: Timer, delayMs: number): void {
    this.timers.postpone(timer, delayMs + this.lag());
  }

  disarm(timer: Timer): void {
    if (timer !== NO_TIMER) this.timers.cancel(timer);
  }

  /** Makes what other threads post a step of the turn. @throws IoError EALREADY: there is one already. */
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

  detach(inbox: Inbox): void {
    if (this.inbox === inbox) this.inbox = undefined;
  }

  get isClosed(): boolean {
    return this.closed;
  }

  /** Whether nothing lives here: then it may be closed. */
  get isUnused(): boolean {
    return this.handles === 0;
  }

  get isPaused(): boolean {
    return this.paused;
  }

  /**
   * How busy this thread is: what `performance.eventLoopUtilization()` would say if it knew of the reactor's sleep, which
   * it takes for activity. Without arguments since the thread began, with one since that was returned, with two from
   * `earlier` to `later`.
   *
   *     const before = reactor.utilization();
   *     setTimeout(() => console.log(reactor.utilization(before).utilization), 1000); // 0.03
   */
  utilization(earlier?: Utilization): Utilization;
  utilization(later: Utilization, earlier: Utilization): Utilization;
  utilization(first?: Utilization, second?: Utilization): Utilization {
    if (first !== undefined && second !== undefined) return difference(first, second);
    const now = utilizationOf(this.sleptMs, this.startedMs);
    return first === undefined ? now : difference(now, first);
  }

  /** @internal What lives in it, and what is queued in it. */
  get contents() {
    const { closed, paused, handles, references, timers, inbox } = this;
    const state = closed ? 'closed' : paused ? 'paused' : 'open';
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
    this.paused = true;
  }

  /** Goes on: timers that came due meanwhile run at once. */
  resume(): void {
    if (!this.paused) return;
    this.paused = false;
    if (this.handles > 0 || !this.deferred.isEmpty) this.wakeUp();
  }

  /**
   * Gives the backend back. All handles must have been closed; what is still open is deaf from now on.
   *
   * @throws IoError EBUSY: handles are open.
   */
  close(): void {
    if (this.closed) return;
    if (this.handles > 0)
      throw wrongState('EBUSY', 'close', `the reactor has ${this.handles} open handles; close them first`);
    this.closed = true;
    if (this.hostToken >= 0) this.driver.unwatch(this.hostToken);
    this.driver.close();
    this.receiveBuffer.release();
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
    this.scheduled = false;
    if (this.paused && !this.closed) return;
    if (this.closed) {
      try {
        this.deferred.run();
      } finally {
        this.wakeUp();
      }
      return;
    }
    this.inTurn = true;
    this.hostHasEvents = false;
    this.counters.turns++;
    const { driver } = this;
    const meter = turnSlow.hasSubscribers ? this.measure() : this.meter;
    let busy = true;
    try {
      meter?.begin(driver.backend.counters.events);
      this.beginRound();
      let events = this.wait();
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
        events = this.poll(0);
        meter?.enter('messages');
        posted = this.inbox?.run() ?? false;
        meter?.dispatching(driver.harvest);
        this.dispatch();
      }
      meter?.enter('timers');
      const due = this.timers.run(this.seenMs);
      // After the host's own events there is nothing of ours to wait for, and the host itself says whether it may sleep.
      const ours = events > (this.hostHasEvents ? 1 : 0);
      busy = ours || posted || due > 0 || had || driver.hasWork || !this.deferred.isEmpty;
      meter?.enter('deferred');
      this.deferred.run();
    } finally {
      this.inTurn = false;
      this.quietTurns = busy ? 0 : this.quietTurns + 1;
      this.reschedule();
      meter?.end(this.scheduled, driver.backend.counters.events);
    }
  }

  /** What is left of the round before is finished first: it came before what the next wait brings. */
  private beginRound(): void {
    if (!this.driver.isBehind) this.roundMs = this.now;
  }

  private dispatch(): void {
    this.driver.dispatch();
    if (!this.driver.isBehind) this.seenMs = this.roundMs;
  }

  /** Waits as long as there is nothing to do, and reads the clock. @returns how many events there are to dispatch. */
  private wait(): number {
    const timeoutMs = this.timeoutMs();
    // Whoever posts something from here on wakes us; what came before is seen by the inbox itself.
    if (timeoutMs === 0 || this.inbox?.beginSleep() === false) {
      const events = this.poll(0);
      this.now = monotonicMs();
      this.meter?.woke(this.now, -1);
      return events;
    }
    this.counters.sleeps++;
    const asleepMs = monotonicMs();
    const events = this.poll(timeoutMs < 0 ? -1 : timeoutMs * 1e6);
    this.now = monotonicMs();
    this.sleptMs += this.now - asleepMs;
    this.meter?.woke(this.now, this.now - asleepMs);
    this.inbox?.endSleep();
    return events;
  }

  /** A backend that can't wait would fail the same way at once, and for ever. */
  private poll(timeoutNs: number): number {
    try {
      return this.driver.wait(timeoutNs);
    } catch (error) {
      this.breakDown(error);
      return 0;
    }
  }

  /** Closes the reactor, and tells all who wait in it, and whoever handles uncaught exceptions, of it once. */
  private breakDown(error: unknown): void {
    if (!(error instanceof IoError)) throw error;
    this.closed = true;
    const explanation =
      `${error.message}: the reactor of this thread can't wait any more and is closed, with all that lived in it; the ` +
      `next call of Pollux starts another. A descriptor that the reactor owns may have been closed by other code`;
    const failure = new IoError(error.errno, error.syscall, this.driver.backend.name, explanation);
    failure.cause = error;
    for (const watcher of this.driver.failAllOwners(failure)) {
      this.deferred.add({ onDeferred: () => watcher.onReady(ERROR, 0, failure.errno) });
    }
    this.driver.close();
    throwUncaught(failure);
  }

  /** 0 with work at hand, otherwise until the nearest timer, ours or the host's. */
  private timeoutMs(): number {
    if (this.hasWork) return 0;
    // Kept awake by others only, who have ended meanwhile: nothing would ever end the wait.
    if (this.references === 0 && !this.host.othersAlive()) return 0;
    const host = this.host.sleepMs(this.quietTurns);
    if (host === 0 || this.timers.size === 0) return host;
    const ours = this.timers.timeoutMs(monotonicMs());
    return host < 0 ? ours : ours < 0 ? host : Math.min(host, ours);
  }

  private get hasWork(): boolean {
    return this.driver.hasWork || !this.deferred.isEmpty || this.inbox?.hasWork === true;
  }

  private reschedule(): void {
    const work = !this.deferred.isEmpty || (!this.closed && this.hasWork);
    if (this.paused || (!work && (this.closed || this.handles === 0))) return;
    this.scheduled = true;
    // Handles that keep nothing alive are still served as long as something else does.
    this.host.schedule(this.runTurn, work || this.references > 0 || this.host.othersAlive());
  }

  /** Makes sure that a turn follows, for what was asked outside of one. */
  private wakeUp(): void {
    if (this.inTurn || this.paused || (this.closed && this.deferred.isEmpty)) return;
    const keepAlive = this.references > 0 || !this.deferred.isEmpty;
    if (!this.scheduled) this.host.schedule(this.runTurn, keepAlive);
    else if (keepAlive) this.host.keepAlive();
    this.scheduled = true;
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
