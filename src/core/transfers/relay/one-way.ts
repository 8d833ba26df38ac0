/** Bytes of one connection copied to another, one way: a relay alone, which ends neither of the two. */
import type { ReadEnd } from '../../operations/read-turn.js';
import type { WriteEnd } from '../../operations/write-turns.js';
import { Allowance } from '../allowance.js';
import { Pace } from '../pace.js';
import { RelayAccount } from './relay-account.js';
import type { RelayCalls } from './relay-conduits.js';
import { Relay, type RelayOwner } from './relay.js';

export class OneWay implements RelayOwner {
  readonly keepsSink = true;
  readonly account = new RelayAccount();
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};

  /** From `start` on. */
  private relay!: Relay;
  private cancellation: Error | undefined = undefined;
  private isPaused = false;
  /** The target waits with its orderly close for the end of this. */
  private closing: Error | undefined = undefined;

  constructor(
    private readonly source: ReadEnd,
    private readonly sink: WriteEnd,
    private readonly calls: RelayCalls,
  ) {}

  /** @param maxBytes bytes after which it is over; Infinity for all. */
  start(maxBytes: number): void {
    const { source, sink, pace, account, calls } = this;
    const ends = { source: source.reads, sink: sink.writes };
    const allowance = new Allowance(maxBytes, [pace]);
    const names = { source: 'source', sink: 'target' };
    this.relay = new Relay(this, { ...ends, names, allowance, account, calls });
    this.relay.start();
  }

  pause(): void {
    this.isPaused = true;
    this.relay.pause();
    this.endIfHeld();
  }

  resume(): void {
    this.isPaused = false;
    this.relay.resume();
  }

  paceChanged(): void {
    this.relay.paceChanged();
  }

  refresh(): void {
    this.relay.refresh();
  }

  cancel(reason: Error): void {
    this.cancellation = reason;
    this.relay.cancel();
  }

  onRelayBytes(): void {
    // The account tells.
  }

  /** Closed in order, the target takes what still comes; but not from one that is paused, which may be for ever. */
  onSinkClosing(_relay: Relay, failure: Error): void {
    this.closing = failure;
    this.endIfHeld();
  }

  /** What was taken from the source already still goes out before the target is closed. */
  private endIfHeld(): void {
    if (this.isPaused && this.closing !== undefined) this.cancel(this.closing);
  }

  onRelayEnd({ failure, brokenEnd, hasSourceEnded }: Relay): void {
    this.onSettled(this.cancellation ?? failure);
    if (brokenEnd === 'sink') this.sink.writes.breakTurn(failure!);
    else if (brokenEnd === 'source') this.source.reads.onTurnEnd(failure);
    else if (hasSourceEnded) this.source.reads.onTurnEnd(undefined);
  }
}
