/** The ends of a transfer and the thread that they live in, played by a test: nothing happens until the test says so. */
import type { BufferList } from '../../src/core/memory/buffer-list.js';
import { DriverTotals } from '../../src/core/driver/driver.js';
import { appended, firstWaiting, takeOff } from '../../src/core/driver/operation-queue.js';
import { ReceiveBuffer } from '../../src/core/memory/receive-buffer.js';
import { Slab } from '../../src/core/memory/slab.js';
import {
  Descriptor,
  DONE,
  FINISHED,
  TOLD,
  WAITING,
  type Direction,
  type Operation,
  type Outcome,
} from '../../src/core/operations/operation.js';
import type { ReadSide, ReadTurn } from '../../src/core/operations/read-turn.js';
import type { WriteSide, WriteTurn } from '../../src/core/operations/write-turns.js';
import { REACTOR_SCOPE } from '../../src/core/reactor/async-scope.js';
import type { Deferred, Reactor } from '../../src/core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../src/core/reactor/timers.js';

/** As much of a reactor, and of its driver, as transfers ask of them. */
export class ScriptedThread {
  readonly slab = new Slab();
  readonly receiveBuffer = new ReceiveBuffer(this.slab);
  /** In place of the refusal to watch a descriptor. */
  refusal: Error | undefined = undefined;
  readonly driver = {
    counters: new DriverTotals(),
    start: (descriptor: Descriptor, operation: Operation): void => this.stand(descriptor, operation),
    submit: (descriptor: Descriptor, operation: Operation): boolean => {
      this.stand(descriptor, operation);
      return false;
    },
    cancel: (operation: Operation): void => takeOff(operation),
  };

  private deferred: Deferred[] = [];
  private readonly armed = new Map<Timer, () => void>();
  private lastTimer = 0;

  get reactor(): Reactor {
    return this as unknown as Reactor;
  }

  get timers(): number {
    return this.armed.size;
  }

  defer(deferred: Deferred): void {
    this.deferred.push(deferred);
  }

  arm(owner: TimerOwner, tag: number): Timer {
    this.armed.set(++this.lastTimer, () => owner.onTimer(tag));
    return this.lastTimer;
  }

  disarm(timer: Timer): void {
    if (timer !== NO_TIMER) this.armed.delete(timer);
  }

  runDeferred(): void {
    for (const one of this.deferred.splice(0)) one.onDeferred();
  }

  runTimers(): void {
    const due = [...this.armed.values()];
    this.armed.clear();
    for (const run of due) run();
  }

  /** The descriptor is ready: tries what waits there first. @returns what that answered; undefined if nothing waits. */
  ready(descriptor: Descriptor, direction: Direction): Outcome | undefined {
    const operation = firstWaiting(direction === 'read' ? descriptor.reads : descriptor.writes);
    if (operation === undefined) return undefined;
    const outcome = operation.attempt(descriptor.fd);
    if (operation.descriptor === descriptor && outcome === DONE) operation.state = FINISHED;
    return outcome;
  }

  /** What waits first is over, in a way that the test sets. */
  settle(descriptor: Descriptor, direction: Direction, set: (operation: Operation) => void): void {
    const operation = firstWaiting(direction === 'read' ? descriptor.reads : descriptor.writes);
    if (operation === undefined) return;
    set(operation);
    operation.state = FINISHED;
  }

  /** Tells what is over on a descriptor. */
  tell(descriptor: Descriptor): void {
    for (const queue of [descriptor.reads, descriptor.writes]) {
      if (queue?.state !== FINISHED) continue;
      takeOffQuietly(queue);
      queue.complete();
    }
  }

  private stand(descriptor: Descriptor, operation: Operation): void {
    if (this.refusal !== undefined) throw this.refusal;
    operation.descriptor = descriptor;
    operation.state = WAITING;
    if (operation.direction === 'read') descriptor.reads = appended(descriptor.reads, operation);
    else descriptor.writes = appended(descriptor.writes, operation);
  }
}

function takeOffQuietly(operation: Operation): void {
  const { descriptor } = operation;
  if (operation.direction === 'read') descriptor!.reads = operation.next;
  else descriptor!.writes = operation.next;
  operation.next = undefined;
  operation.descriptor = undefined;
  operation.state = TOLD;
}

/** The read side of a connection. */
export class ScriptedSource implements ReadSide {
  isClosed = false;
  isSocket = true;
  hasPeerEnded = false;
  hasUnread = false;
  readonly descriptor = new Descriptor(100, REACTOR_SCOPE);
  turn: ReadTurn | undefined = undefined;
  /** Whether the connection itself looks out for its peer. */
  isRested = false;
  returns = 0;
  arrivedBytes = 0;
  ends: (Error | undefined)[] = [];

  constructor(readonly thread: ScriptedThread) {}

  get reactor(): Reactor {
    return this.thread.reactor;
  }

  get ownFd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  borrowReads(turn: ReadTurn): Descriptor {
    this.turn = turn;
    return this.descriptor;
  }

  restReads(): void {
    this.isRested = true;
  }

  resumeReads(): void {
    this.isRested = false;
  }

  takeUnread(): BufferList | undefined {
    return undefined;
  }

  returnReads(): void {
    this.returns++;
    this.turn = undefined;
  }

  onTurnArrival(lengthBytes: number): void {
    this.arrivedBytes += lengthBytes;
  }

  breakTurn(failure: Error): void {
    this.ends.push(failure);
  }

  onTurnEnd(failure: Error | undefined): void {
    this.ends.push(failure);
  }

  /** The number is gone, and with it what waited there; the transfer is told later. */
  close(): void {
    this.isClosed = true;
    if (this.descriptor.reads !== undefined) takeOff(this.descriptor.reads);
  }
}

/** The write side of a connection. */
export class ScriptedSink implements WriteSide {
  isClosed = false;
  isSocket = true;
  readonly descriptor = new Descriptor(200, REACTOR_SCOPE);
  turn: WriteTurn | undefined = undefined;
  turnsEnded = 0;
  /** What turns have left behind. */
  restBytes = 0;
  broken: Error[] = [];
  progresses = 0;

  constructor(readonly thread: ScriptedThread) {}

  get reactor(): Reactor {
    return this.thread.reactor;
  }

  get ownFd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  checkTurn(): void {
    // There is always room.
  }

  takeTurn(turn: WriteTurn): void {
    this.turn = turn;
  }

  endTurn(_turn: WriteTurn, rest?: BufferList): void {
    this.turnsEnded++;
    this.turn = undefined;
    this.restBytes += rest?.length ?? 0;
    rest?.release();
  }

  onTurnProgress(): void {
    this.progresses++;
  }

  breakTurn(failure: Error): void {
    this.isClosed = true;
    this.broken.push(failure);
    if (this.descriptor.writes !== undefined) takeOff(this.descriptor.writes);
  }

  /** The number is gone, and with it what waited there; the transfer is told later. */
  close(): void {
    this.isClosed = true;
    if (this.descriptor.writes !== undefined) takeOff(this.descriptor.writes);
  }
}
