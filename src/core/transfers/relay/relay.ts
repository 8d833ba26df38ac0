/**
 * One direction of a join: bytes of a source go to a sink, in order, until the source ends, a limit is reached or one
 * of them breaks.
 *
 * The table in `relay-states.ts` says what it waits for, one thing at a time. While it holds bytes it waits for room in
 * the sink and leaves the source alone; while it holds none it waits for the source. So a sink that stalls costs
 * nothing but what is held, and a call that would have blocked always says which of the two it was.
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
import { RelayPump, type RelayPlan } from './relay-pump.js';
import { isInLine, isOver, isPaused, RELAY_TRANSITIONS, type RelayEvent, type RelayState } from './relay-states.js';
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
  readonly source: ReadSide;
  readonly sink: WriteSide;
  readonly account: RelayAccount;
  readonly sourceName: string;
  readonly sinkName: string;

  state: RelayState = 'in-line';
  private readonly allowance: Allowance;
  private readonly pump: RelayPump;
  private readonly conduits: RelayConduits;
  /** Where the system may have SO_SPLICE. */
  private readonly kernel: KernelSplice | undefined;
  private readonly reading = new RelayStep(this, 'read');
  private readonly writing = new RelayStep(this, 'write');
  private from: Descriptor | undefined = undefined;
  private to: Descriptor | undefined = undefined;
  private timer: Timer = NO_TIMER;
  /** Counted within a user's call; the user is told of them later. */
  private untoldBytes = 0;

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
    this.kernel = calls.socketSplice && new KernelSplice(calls.socketSplice, plan);
  }

  get isOver(): boolean {
    return isOver(this.state);
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
    return this.pump.source === 'ended';
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
    this.on('pause');
    if (!isPaused(this.state)) return;
    this.source.restReads(this);
    this.sink.onTurnProgress();
  }

  resume(): void {
    if (!isPaused(this.state)) return;
    this.source.resumeReads(this);
    this.on('resume');
    this.sink.onTurnProgress();
  }

  paceChanged(): void {
    this.on('allowed');
  }

  /** Stops for good. What was taken from the source and not sent yet is left to the sink, which sends it next. */
  cancel(): void {
    this.on('cancel');
  }

  /** Counts what the kernel has moved by itself; the owner is told later in the turn. @returns whether it has. */
  refresh(): boolean {
    const movedBytes = this.isOver ? 0 : (this.kernel?.count() ?? 0);
    if (movedBytes === 0) return false;
    this.untoldBytes += movedBytes;
    this.source.reactor.defer(this);
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
    return isInLine(this.state);
  }

  get isHeld(): boolean {
    return this.state !== 'sink';
  }

  begin(descriptor: Descriptor): void {
    this.to = descriptor;
    this.conduits.open(this.from, descriptor);
    this.on('begin');
    this.owner.onRelayBegin?.(this);
  }

  broken(failure: Error): void {
    if (this.isOver) return;
    this.pump.fail('sink', failure);
    this.on('broken');
  }

  readsTaken(): void {
    this.pump.giveUpSource();
  }

  sourceClosed(failure: Error): void {
    if (this.isOver || this.pump.isSourceOver) return;
    this.pump.endSource(failure);
    this.on(isPaused(this.state) && this.owner.keepsSink ? 'cancel' : 'source-closed');
  }

  sinkClosing(failure: Error): void {
    if (!this.isOver) this.owner.onSinkClosing?.(this, failure);
  }

  // For the driver and the reactor

  step(): Outcome {
    // Not WAIT: that the kernel would block is said by nobody.
    if (this.pump.isCutOff) return AGAIN;
    const { account } = this;
    const { bytesIn, bytesOut } = account;
    this.kernel?.end();
    const next = this.pump.move();
    const took = account.bytesIn - bytesIn;
    const gave = account.bytesOut - bytesOut;
    this.on(next);
    // Last, since these run user code, which may cancel, or throw.
    this.tell(took, gave);
    if (next === 'done') return DONE;
    return took > 0 || gave > 0 ? AGAIN : WAIT;
  }

  onStepOver(): void {
    this.on('told');
  }

  onStepFailed(step: RelayStep, failure: Error): void {
    if (step === this.writing) this.pump.fail('sink', failure);
    else this.pump.endSource(failure);
    this.on('done');
  }

  onTimer(): void {
    this.timer = NO_TIMER;
    this.on('allowed');
  }

  onDeferred(): void {
    const { untoldBytes } = this;
    this.untoldBytes = 0;
    try {
      if (!this.isOver) this.tell(untoldBytes, untoldBytes);
    } finally {
      this.on('told');
    }
  }

  private tell(took: number, gave: number): void {
    if (took > 0) this.source.onTurnArrival(took);
    if (gave === 0) return;
    this.sink.onTurnProgress();
    this.owner.onRelayBytes(this, gave);
  }

  private on(event: RelayEvent): void {
    const next = RELAY_TRANSITIONS[this.state][event];
    if (next !== undefined) this.enter(next);
  }

  /** Does what a state begins with. No byte moves within this: that is for the steps. */
  private enter(state: RelayState): void {
    this.state = state;
    switch (state) {
      case 'ready':
        this.leavePlaces();
        if (!this.pump.isCutOff) this.on(this.pump.outlook);
        break;
      case 'source':
        this.kernel?.begin();
        this.standIn(this.reading, this.from);
        break;
      case 'sink':
        this.standIn(this.writing, this.to);
        break;
      case 'pace':
        this.leavePlaces();
        this.timer = this.source.reactor.arm(this, 0, this.allowance.delayMs());
        break;
      case 'paused':
        this.leavePlaces();
        break;
      case 'ending':
        this.source.reactor.defer(this);
        break;
      case 'finished':
        this.leavePlaces();
        this.giveBack(undefined);
        break;
      case 'left':
        this.leavePlaces();
        this.leaveRest();
    }
  }

  private standIn(step: RelayStep, queue: Descriptor | undefined): void {
    if (step.isWaiting) return;
    const { driver } = this.source.reactor;
    driver.cancel(step === this.reading ? this.writing : this.reading);
    try {
      driver.start(queue!, step);
    } catch (error) {
      this.onStepFailed(step, error as Error);
    }
  }

  /** Leaves every place that it stands in. */
  private leavePlaces(): void {
    const { driver } = this.source.reactor;
    driver.cancel(this.reading);
    driver.cancel(this.writing);
    this.source.reactor.disarm(this.timer);
    this.timer = NO_TIMER;
    const movedBytes = this.kernel?.end() ?? 0;
    if (movedBytes > 0) this.source.onTurnArrival(movedBytes);
  }

  /** Ends without a further call on the ends: what is held is left to the sink. */
  private leaveRest(): void {
    const rest = new BufferList();
    try {
      this.conduits.empty(rest);
    } finally {
      this.giveBack(rest);
    }
  }

  private giveBack(rest: BufferList | undefined): void {
    const { account, source, sink, conduits } = this;
    account.residueBytes = conduits.heldBytes + (rest?.length ?? 0);
    conduits.close();
    try {
      source.returnReads(this);
      sink.endTurn(this, rest);
    } finally {
      this.owner.onRelayEnd(this);
    }
  }
}
