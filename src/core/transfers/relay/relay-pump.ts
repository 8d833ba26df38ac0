/** The bytes of a relay: moves them from the source to the sink until something has to be waited for. */
import { EAGAIN, EINTR } from '../../../sys/ffi/errno.js';
import { IoError } from '../../../sys/ffi/io-error.js';
import { causeOf } from '../../../sys/socket/stream.js';
import { RELAY_BYTES_PER_TURN } from '../../limits.js';
import type { ReadSide } from '../../operations/read-turn.js';
import type { WriteSide } from '../../operations/write-turns.js';
import type { Allowance } from '../allowance.js';
import type { RelayAccount } from './relay-account.js';
import type { RelayCalls, RelayConduits } from './relay-conduits.js';

/** What a relay is to do. */
export interface RelayPlan {
  readonly source: ReadSide;
  readonly sink: WriteSide;
  /** What the user calls the two ends, for messages. */
  readonly names: { readonly source: string; readonly sink: string };
  readonly allowance: Allowance;
  /** Filled as the bytes move. */
  readonly account: RelayAccount;
  readonly calls: RelayCalls;
}

/** What comes next, as `relay-states.ts` has it. */
export type RelayNext = 'dry' | 'held' | 'slow' | 'done';

/**
 * The source of a relay:
 *
 *     open    more may come
 *     taken   its connection reads it again: nothing is taken any more, and its close is told later in the turn
 *     ended   it has said its last byte
 *     broken  it was closed or broke before that
 */
export type RelaySource = 'open' | 'taken' | 'ended' | 'broken';

export class RelayPump {
  /** What the relay broke with, and which end did. */
  failure: Error | undefined = undefined;
  brokenEnd: 'source' | 'sink' | undefined = undefined;
  source: RelaySource = 'open';

  constructor(
    private readonly plan: RelayPlan,
    private readonly conduits: RelayConduits,
  ) {}

  /** Nothing more comes from the source, however it ended. */
  get isSourceOver(): boolean {
    return this.source === 'ended' || this.source === 'broken';
  }

  /**
   * Whether an end is closed, and will tell of it later in the turn. Nothing moves: its number may be another's by now.
   */
  get isCutOff(): boolean {
    const { source, sink } = this.plan;
    return sink.isClosed || ((source.isClosed || this.source === 'taken') && !this.isSourceOver);
  }

  /** What comes next, as far as it can be told without a call. */
  get outlook(): RelayNext {
    const { conduits } = this;
    if (this.brokenEnd === 'sink') return 'done';
    if (conduits.heldBytes > 0) return 'held';
    if (this.hasNothing) return 'done';
    return conduits.hasAhead ? 'held' : 'dry';
  }

  /** The connection reads the source again. */
  giveUpSource(): void {
    if (this.source === 'open') this.source = 'taken';
  }

  endSource(failure: Error | undefined): void {
    this.source = failure === undefined ? 'ended' : 'broken';
    if (failure !== undefined) this.fail('source', failure);
  }

  /** The first failure counts. */
  fail(end: 'source' | 'sink', failure: Error): void {
    this.failure ??= failure;
    this.brokenEnd ??= end;
  }

  /** Moves bytes until something has to be waited for. */
  move(): RelayNext {
    const { conduits } = this;
    const { account, sink, names, allowance } = this.plan;
    const { counters } = sink.reactor.driver;
    let budget = RELAY_BYTES_PER_TURN;
    for (;;) {
      if (conduits.heldBytes === 0) {
        const next = budget <= 0 ? 'dry' : this.take();
        if (next !== undefined) {
          conduits.rest();
          return next;
        }
      }
      counters.relays++;
      account.calls++;
      const sent = conduits.drain();
      if (sent < 0) {
        const { errno } = conduits;
        if (errno === EINTR) continue;
        if (errno === EAGAIN) return 'held';
        if (conduits.fallBack()) continue;
        this.fail(
          'sink',
          new IoError(causeOf(sink.ownFd, errno), conduits.drainName, `${names.sink}, descriptor ${sink.ownFd}`),
        );
        return 'done';
      }
      account.bytesOut += sent;
      counters.bytesSent += sent;
      budget -= sent;
      // It took less than it was offered: no call is spent on hearing that it is full.
      if (conduits.heldBytes > 0) return 'held';
      // As much as there was, in all likelihood: the next wait tells whether there is more.
      if (conduits.wasShort && !this.isSourceOver && !allowance.isUsedUp) {
        conduits.rest();
        return 'dry';
      }
    }
  }

  /** Nothing more is to be taken. */
  private get hasNothing(): boolean {
    return this.plan.allowance.isUsedUp || (this.isSourceOver && !this.conduits.hasAhead);
  }

  /** Takes bytes of the source. @returns undefined if there are some, otherwise what comes next. */
  private take(): RelayNext | undefined {
    const { conduits } = this;
    const { account, source, names, allowance } = this.plan;
    if (this.hasNothing) return 'done';
    const { counters } = source.reactor.driver;
    const allowedBytes = allowance.bytesNow();
    if (allowedBytes === 0) return 'slow';
    for (;;) {
      counters.relays++;
      account.calls++;
      const taken = conduits.fill(allowedBytes);
      if (taken > 0) {
        account.bytesIn += taken;
        counters.bytesReceived += taken;
        if (conduits.splices) counters.splicedBytes += taken;
        allowance.spend(taken);
        return undefined;
      }
      if (taken === 0) {
        this.endSource(undefined);
        return 'done';
      }
      const { errno } = conduits;
      if (errno === EAGAIN) return 'dry';
      if (errno === EINTR || conduits.fallBack()) continue;
      this.endSource(new IoError(errno, conduits.fillName, `${names.source}, descriptor ${source.ownFd}`));
      return 'done';
    }
  }
}
