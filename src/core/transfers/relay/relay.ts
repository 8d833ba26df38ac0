/**
 * One direction of a join: bytes of a source go to a sink, in order, until the source ends, a limit is reached or one of
 * them breaks.
 *
 * It waits for one thing at a time. While it holds bytes it waits for room in the sink and leaves the source alone; while it
 * holds none it waits for the source. So a sink that stalls costs nothing but what is held, and a call that would have
 * blocked always says which of the two it was.
 */
import { BufferList } from '../../memory/buffer-list.js';
import { AGAIN, DONE, WAIT, type Descriptor, type Outcome } from '../../operations/operation.js';
import type { ReadSide, ReadTurn } from '../../operations/read-turn.js';
import type { Deferred } from '../../reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../reactor/timers.js';
import type { WriteSide, WriteTurn } from '../../operations/write-turns.js';
import type { Allowance } from '../allowance.js';
import { KernelSplice } from './kernel-splice.js';
import type { RelayAccount } from './relay-account.js';
import { RelayConduits } from './relay-conduits.js';
import { RelayPump, type RelayNext, type RelayPlan } from './relay-pump.js';
import { RelayStep, type RelayStepOwner } from './relay-step.js';

export interface RelayOwner {
  /** The sink is the user's again whatever the source breaks with, so that bytes in hand are still for it. */
  readonly keepsSink: boolean;
  /** Everything that was sent to the sink before is with the kernel: from here on bytes can move. */
  onRelayBegin?(relay: Relay): void;
  /** Bytes have gone to the sink. */
  onRelayBytes(relay: Relay, lengthBytes: number): void;
  /** It is over, nothing of the ends is touched any more; `failure` of it says how. */
  onRelayEnd(relay: Relay): void;
  /** The sink is being closed, and waits for the relay. */
  onSinkClosing?(relay: Relay, failure: Error): void;
}

export class Relay implements ReadTurn, WriteTurn, RelayStepOwner, TimerOwner, Deferred {
  isOver = false;

  private readonly pump: RelayPump;
  private readonly conduits: RelayConduits;
  /** Where the system may have SO_SPLICE. */
  private readonly kernel: KernelSplice | undefined;
  private readonly reading = new RelayStep(this, 'read');
  private readonly writing = new RelayStep(this, 'write');
  private from: Descriptor | undefined = undefined;
  private to: Descriptor | undefined = undefined;
  private hasReads = true;
  private isPaused = false;
  private next: RelayNext = 'source';
  private timer: Timer = NO_TIMER;

  readonly source: ReadSide;
  readonly sink: WriteSide;
  readonly account: RelayAccount;
  readonly sourceName: string;
  readonly sinkName: string;
  private readonly allowance: Allowance;

  constructor(
    private readonly owner: RelayOwner,
    plan: RelayPlan,
  ) {
    const { source, sink, names, allowance, account, calls } = plan;
    this.source = source;
    this.sink = sink;
    this.sourceName = names.source;
    this.sinkName = names.sink;
    this.allowance = allowance;
    this.account = account;
    this.conduits = new RelayConduits(account, calls, source);
    this.pump = new RelayPump(plan, this.conduits);
    this.kernel = calls.socketSplice && new KernelSplice(calls.socketSplice, account);
  }

  /** What it broke with. */
  get failure(): Error | undefined {
    return this.pump.failure;
  }

  /** The end that broke. */
  get brokenEnd(): 'source' | 'sink' | undefined {
    return this.pump.brokenEnd;
  }

  /** The source has said its last byte, and it did not break. */
  get hasSourceEnded(): boolean {
    return this.pump.hasSourceEnded;
  }

  /** Borrows both sides. @throws Error one of them can't be had; neither is borrowed then. */
  start(): void {
    if (this.source.hasPeerEnded) this.pump.endSource(undefined);
    else this.from = this.source.borrowReads(this);
    try {
      this.sink.takeTurn(this);
    } catch (error) {
      this.source.returnReads(this);
      throw error;
    }
  }

  /** No byte moves. The end, of either side or of the relay, comes all the same. */
  pause(): void {
    this.isPaused = true;
    this.stop();
    this.source.restReads(this);
    if (this.next === 'end') this.endSoon();
    this.sink.onTurnProgress();
  }

  resume(): void {
    if (!this.isPaused) return;
    this.isPaused = false;
    this.source.resumeReads(this);
    this.goOn();
    this.sink.onTurnProgress();
  }

  paceChanged(): void {
    if (this.next === 'pace') this.goOn();
  }

  /** Stops for good. What was taken from the source and not sent yet is left to the sink, which sends it next. */
  cancel(): void {
    if (this.isOver) return;
    this.stop();
    this.leaveRest();
  }

  /** Counts what the kernel has moved by itself. @returns whether there was something. */
  refresh(): boolean {
    if (this.isOver || this.kernel?.isOn !== true || this.source.isClosed) return false;
    const movedBytes = this.kernel.count();
    this.source.reactor.driver.counters.soSplicedBytes += movedBytes;
    if (movedBytes === 0) return false;
    this.allowance.spend(movedBytes);
    this.tell(movedBytes, movedBytes);
    return true;
  }

  // For the connections

  get bytesSent(): number {
    return this.account.bytesOut;
  }

  get queuedBytes(): number {
    return this.conduits.inMemoryBytes;
  }

  /** It waits for what was sent to the sink before. */
  get isInLine(): boolean {
    return this.to === undefined && !this.isOver;
  }

  get isHeld(): boolean {
    return this.isPaused || this.next !== 'sink';
  }

  begin(descriptor: Descriptor): void {
    this.to = descriptor;
    this.conduits.open(this.from, descriptor);
    this.owner.onRelayBegin?.(this);
    this.goOn();
  }

  broken(failure: Error): void {
    if (this.isOver) return;
    this.pump.fail('sink', failure);
    this.finish();
  }

  readsTaken(): void {
    this.hasReads = false;
  }

  sourceClosed(failure: Error): void {
    if (this.isOver || this.pump.isSourceOver) return;
    this.pump.endSource(failure);
    if (!this.isPaused) this.goOn();
    else if (this.owner.keepsSink) this.leaveRest();
    else this.finish();
  }

  sinkClosing(failure: Error): void {
    if (!this.isOver) this.owner.onSinkClosing?.(this, failure);
  }

  // For the driver and the reactor

  step(step: RelayStep): Outcome {
    // Not WAIT: that the kernel would block is said by nobody.
    if (this.isCutOff) return AGAIN;
    const { account } = this;
    const { bytesIn, bytesOut } = account;
    this.takeOver();
    const next = this.pump.move();
    this.next = next;
    const took = account.bytesIn - bytesIn;
    const gave = account.bytesOut - bytesOut;
    if (next === 'end') this.endSoon();
    else this.waitFor(next, step);
    // Last, since these run code of the user's, who may cancel, or throw.
    this.tell(took, gave);
    if (next === 'end') return DONE;
    return took > 0 || gave > 0 ? AGAIN : WAIT;
  }

  onStepOver(): void {
    this.finish();
  }

  onStepFailed(step: RelayStep, failure: Error): void {
    if (step === this.writing) this.pump.fail('sink', failure);
    else this.pump.endSource(failure);
    this.next = 'end';
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.goOn();
  }

  onDeferred(): void {
    if (this.next === 'end') this.finish();
  }

  /** An end is closed, and will tell of it later in the turn. Nothing moves any more: its number may be another's by now. */
  private get isCutOff(): boolean {
    return this.sink.isClosed || ((this.source.isClosed || !this.hasReads) && !this.pump.isSourceOver);
  }

  private tell(took: number, gave: number): void {
    if (took > 0) this.source.onTurnArrival(took);
    if (gave === 0) return;
    this.sink.onTurnProgress();
    this.owner.onRelayBytes(this, gave);
  }

  /** Stands in line for what comes next; `step` is the one that stands there now. */
  private waitFor(next: RelayNext, step: RelayStep | undefined): void {
    if (next === 'source') this.leaveToKernel();
    const wanted = next === 'source' ? this.reading : next === 'sink' ? this.writing : undefined;
    if (step === wanted && step !== undefined) return;
    const { driver } = this.source.reactor;
    if (step !== undefined) driver.cancel(step);
    if (next === 'pace') this.timer = this.source.reactor.arm(this, 0, this.allowance.delayMs());
    if (wanted === undefined) return;
    try {
      driver.start(wanted === this.reading ? this.from! : this.to!, wanted);
    } catch (error) {
      this.onStepFailed(wanted, error as Error);
      this.endSoon();
    }
  }

  /** Nothing is held and the source is dry: what comes next the kernel may move, unless bytes are to be timed. */
  private leaveToKernel(): void {
    if (this.kernel === undefined || this.allowance.isPaced) return;
    this.kernel.begin(this.source.ownFd, this.sink.ownFd, this.allowance.leftBytes);
  }

  /** From here on bytes are moved by calls of ours. @returns those that the kernel has moved. */
  private takeOver(): number {
    // The number of a closed descriptor may be another's by now.
    if (this.kernel?.isOn !== true || this.source.isClosed) return 0;
    const movedBytes = this.kernel.end();
    this.source.reactor.driver.counters.soSplicedBytes += movedBytes;
    this.allowance.spend(movedBytes);
    return movedBytes;
  }

  /** Goes on from wherever it stands, in a later step of a turn: nothing moves within this call. */
  private goOn(): void {
    if (this.isOver || this.isPaused || this.to === undefined || this.isCutOff) return;
    this.stop();
    if (this.brokenEnd === 'sink') this.next = 'end';
    else if (this.conduits.heldBytes > 0) this.next = 'sink';
    else if (this.pump.hasNothing) this.next = 'end';
    else this.next = this.conduits.hasAhead ? 'sink' : 'source';
    if (this.next === 'end') this.endSoon();
    else this.waitFor(this.next, undefined);
  }

  private endSoon(): void {
    this.next = 'end';
    this.source.reactor.defer(this);
  }

  /** Leaves every line that it stands in. */
  private stop(): void {
    const { driver } = this.source.reactor;
    driver.cancel(this.reading);
    driver.cancel(this.writing);
    this.source.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
    const movedBytes = this.takeOver();
    if (movedBytes > 0) this.source.onTurnArrival(movedBytes);
  }

  private finish(): void {
    if (this.isOver) return;
    this.stop();
    this.leave(undefined);
  }

  /** Ends without a further call: what is held is left to the sink. */
  private leaveRest(): void {
    const rest = new BufferList();
    this.conduits.empty(rest);
    this.leave(rest);
  }

  /** Gives both sides back. */
  private leave(rest: BufferList | undefined): void {
    const { account, source, sink, conduits } = this;
    this.isOver = true;
    account.residueBytes = rest === undefined ? conduits.heldBytes : rest.length;
    conduits.close();
    try {
      source.returnReads(this);
      sink.endTurn(this, rest);
    } finally {
      this.owner.onRelayEnd(this);
    }
  }
}
