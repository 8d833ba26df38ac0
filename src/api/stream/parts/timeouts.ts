/** Idle, read and write timeouts of one connection. A byte costs one store; only silence costs a timer. */
import { NO_TIMER, type Timer, type TimerOwner } from '../../../core/reactor/timers.js';
import { milliseconds, valuesOf, type OptionTable } from '../../../base/options.js';

/** The timeouts of a connection, in milliseconds; 0 is off. */
export interface TimeoutOptions {
  /**
   * No byte in either direction for this long, in milliseconds; 0 is never. Bytes that the peer takes from the kernel
   * count.
   */
  readonly idleMs?: number;
  /** No byte received for this long; 0 is never. */
  readonly readMs?: number;
  /** Something is queued and the peer has taken no byte for this long, of the kernel's either; 0 is never. */
  readonly writeMs?: number;
}

export const TIMEOUT_OPTIONS = {
  idleMs: milliseconds(0),
  readMs: milliseconds(0),
  writeMs: milliseconds(0),
} satisfies OptionTable<TimeoutOptions>;

export const TIMEOUT_KINDS = ['idle', 'read', 'write'] as const;
/** Which timeout of a connection expired. */
export type TimeoutKind = (typeof TIMEOUT_KINDS)[number];

const IDLE = 0;
const READ = 1;
const WRITE = 2;

/** What keeps the timers: a reactor. */
export interface TimerKeeper {
  arm(owner: TimerOwner, tag: number, delayMs: number): Timer;
  postpone(timer: Timer, delayMs: number): void;
  disarm(timer: Timer): void;
}

export class Timeouts implements TimerOwner {
  private readonly timers: [Timer, Timer, Timer] = [NO_TIMER, NO_TIMER, NO_TIMER];
  private readonly delaysMs: [number, number, number] = [0, 0, 0];

  constructor(
    private readonly reactor: TimerKeeper,
    /** Whether the peer has taken bytes meanwhile that were with the kernel. */
    private readonly hasProgressed: () => boolean,
    private readonly expired: (kind: TimeoutKind) => void,
  ) {}

  /**
   * @param queued whether something waits to be sent.
   * @throws TypeError a timeout that does not exist.
   * @throws RangeError a delay that makes no sense.
   */
  set(options: TimeoutOptions, queued: boolean): void {
    const { idleMs, readMs, writeMs } = valuesOf(TIMEOUT_OPTIONS, options, 'timeouts');
    this.clear();
    this.delaysMs[IDLE] = idleMs;
    this.delaysMs[READ] = readMs;
    this.delaysMs[WRITE] = writeMs;
    this.touch(IDLE);
    this.touch(READ);
    if (queued) this.touch(WRITE);
  }

  received(): void {
    this.touch(IDLE);
    this.touch(READ);
  }

  /** @param queued whether something still waits to be sent. */
  sent(queued: boolean): void {
    this.touch(IDLE);
    if (queued) this.touch(WRITE);
    else this.disarm(WRITE);
  }

  /** Something is queued that could not be sent at once. */
  blocked(): void {
    if (this.timers[WRITE] === NO_TIMER) this.touch(WRITE);
  }

  /** Nothing more will be received. */
  readEnded(): void {
    this.disarm(READ);
    this.delaysMs[READ] = 0;
  }

  /** All of them are off until the next `set`. */
  clear(): void {
    this.disarm(IDLE);
    this.disarm(READ);
    this.disarm(WRITE);
    this.delaysMs.fill(0);
  }

  onTimer(tag: number): void {
    this.timers[tag] = NO_TIMER;
    if (tag !== READ && this.hasProgressed()) this.touch(tag);
    else this.expired(TIMEOUT_KINDS[tag]);
  }

  /** Counts anew from now; an expired one that the user chose to survive begins again. */
  private touch(tag: number): void {
    const delayMs = this.delaysMs[tag];
    if (delayMs === 0) return;
    if (this.timers[tag] === NO_TIMER) this.timers[tag] = this.reactor.arm(this, tag, delayMs);
    else this.reactor.postpone(this.timers[tag], delayMs);
  }

  private disarm(tag: number): void {
    this.reactor.disarm(this.timers[tag]);
    this.timers[tag] = NO_TIMER;
  }
}
