/** Idle, read and write timeouts of one connection. A byte costs one store; only silence costs a timer. */
import type { Reactor } from '../core/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../core/timers.js';
import { checkDelay } from './options.js';

export interface TimeoutOptions {
  /** No byte in either direction for this long, in milliseconds; 0 is never. */
  readonly idleMs?: number;
  /** No byte received for this long; 0 is never. */
  readonly readMs?: number;
  /** Something is queued and no byte of it could be sent for this long; 0 is never. */
  readonly writeMs?: number;
}

export const DEADLINES = ['idle', 'read', 'write'] as const;
export type Deadline = (typeof DEADLINES)[number];

const IDLE = 0;
const READ = 1;
const WRITE = 2;

export class Deadlines implements TimerOwner {
  private readonly timers: [Timer, Timer, Timer] = [NO_TIMER, NO_TIMER, NO_TIMER];
  private readonly delaysMs: [number, number, number] = [0, 0, 0];

  constructor(
    private readonly reactor: Reactor,
    private readonly expired: (deadline: Deadline) => void,
  ) {}

  /** @throws RangeError a delay that makes no sense. */
  set(options: TimeoutOptions): void {
    const { idleMs = 0, readMs = 0, writeMs = 0 } = options;
    checkDelay('idleMs', idleMs);
    checkDelay('readMs', readMs);
    checkDelay('writeMs', writeMs);
    this.clear();
    this.delaysMs[IDLE] = idleMs;
    this.delaysMs[READ] = readMs;
    this.delaysMs[WRITE] = writeMs;
    this.arm(IDLE);
    this.arm(READ);
  }

  received(): void {
    this.postpone(IDLE);
    this.postpone(READ);
  }

  sent(): void {
    this.postpone(IDLE);
    this.postpone(WRITE);
  }

  /** Something is queued that could not be sent at once. */
  blocked(): void {
    if (this.timers[WRITE] === NO_TIMER) this.arm(WRITE);
  }

  flushed(): void {
    this.disarm(WRITE);
  }

  /** Nothing more will be received. */
  readEnded(): void {
    this.disarm(READ);
  }

  clear(): void {
    this.disarm(IDLE);
    this.disarm(READ);
    this.disarm(WRITE);
  }

  onTimer(tag: number): void {
    this.timers[tag] = NO_TIMER;
    this.expired(DEADLINES[tag]);
  }

  private arm(tag: number): void {
    if (this.delaysMs[tag] > 0) this.timers[tag] = this.reactor.arm(this, tag, this.delaysMs[tag]);
  }

  private postpone(tag: number): void {
    if (this.timers[tag] !== NO_TIMER) this.reactor.postpone(this.timers[tag], this.delaysMs[tag]);
  }

  private disarm(tag: number): void {
    this.reactor.disarm(this.timers[tag]);
    this.timers[tag] = NO_TIMER;
  }
}
