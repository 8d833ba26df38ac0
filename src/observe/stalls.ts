/**
 * The stall sentinel: a turn that takes too long, and a descriptor that is ready over and over while nothing moves, are
 * told with the callbacks that ran and what the kernel says of the descriptor.
 */
import process from 'node:process';
import { callback, integer, valuesOf, type OptionTable } from '../base/options.js';
import { monotonicMs } from '../base/runtime-functions.js';
import { descriptorSpin, turnSlow, type Spin } from '../core/observation/channels.js';
import type { SlowTurn } from '../core/observation/turn-meter.js';
import { currentReactor } from '../api/thread-reactor.js';
import { describeSuspect, type Suspect } from './suspects.js';

/** What kept a thread from its events, told once. */
export interface Stall {
  /**
   * `slow turn`: something took long. `spin`: a descriptor is ready and nothing moves; its owner gets an error ELOOP.
   */
  readonly kind: 'slow turn' | 'spin';
  /** All of it in a sentence. */
  readonly message: string;
  /** Of a slow turn: see `SlowTurn`. */
  readonly turn: Omit<SlowTurn, 'owners'> | undefined;
  /** Those whose callbacks may have been what took long; the one that spins. */
  readonly suspects: readonly Suspect[];
  /** Stalls of this kind since the last one that was told. */
  readonly suppressed: number;
}

/** Options of `watchStalls`. */
export interface StallOptions {
  /** A turn, or what runs between two turns, that takes so many milliseconds is told. Default 100. */
  readonly slowMs?: number;
  /** At most one stall of a kind in so many milliseconds is told; the others are counted. Default 1000. */
  readonly everyMs?: number;
  /** Default: a warning of the process, PolluxStallWarning. */
  readonly onStall?: (stall: Stall) => void;
}

const STALL_OPTIONS = {
  slowMs: integer(1, 3_600_000, 100),
  everyMs: integer(0, 3_600_000, 1000),
  onStall: callback<(stall: Stall) => void>(),
} satisfies OptionTable<StallOptions>;

const PHASES: Readonly<Record<SlowTurn['phase'], string>> = {
  node: "between two turns, in promises, timers and callbacks of Node's",
  messages: 'in callbacks of messages from other threads',
  events: 'in callbacks of events',
  timers: 'in callbacks of timers',
  deferred: 'in callbacks at the end of a turn, such as onClose',
};

/**
 * Watches this thread for stalls.
 *
 *     using watch = watchStalls({ slowMs: 50, onStall: ({ message }) => log.warn(message) });
 *     // a turn took 812 ms, most of it in callbacks of events: onData serve of Connection 127.0.0.1:4711
 *
 * It reads the clock a few times a turn, and never for an event. So of several events in one turn it can't tell which
 * one took long, and names up to 8.
 *
 * @throws TypeError, RangeError an option that makes no sense, named. @throws Error no backend runs here.
 */
export function watchStalls(options: StallOptions = {}): StallWatch {
  const { slowMs, everyMs, onStall = warn } = valuesOf(STALL_OPTIONS, options);
  const meter = currentReactor().measure();
  meter.slowMs = Math.min(meter.slowMs, slowMs);
  return new StallWatch({ slowMs, everyMs, onStall });
}

/** A watch for stalls, made by `watchStalls`. Close it to hear no more. */
export class StallWatch {
  private readonly slow = new Ration();
  private readonly spins = new Ration();
  private readonly onSlow = (turn: unknown) => this.onTurn(turn as SlowTurn);
  private readonly onSpinning = (spin: unknown) => this.onSpin(spin as Spin);

  /** @internal Made by `watchStalls`. */
  constructor(private readonly options: Required<StallOptions>) {
    turnSlow.subscribe(this.onSlow);
    descriptorSpin.subscribe(this.onSpinning);
  }

  /** Watches no more. Twice is allowed. */
  close(): void {
    turnSlow.unsubscribe(this.onSlow);
    descriptorSpin.unsubscribe(this.onSpinning);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  private onTurn({ owners, ...turn }: SlowTurn): void {
    const { slowMs, everyMs, onStall } = this.options;
    if (turn.durationMs < slowMs) return;
    const suppressed = this.slow.take(everyMs);
    if (suppressed === undefined) return;
    const suspects = owners.map(owner => describeSuspect(owner));
    const names = [...new Set(suspects.map(({ title }) => title))].join(', ');
    const message =
      `a turn took ${Math.round(turn.durationMs)} ms, most of it ${PHASES[turn.phase]}` +
      (names === '' ? '' : `: ${names}`) +
      (turn.events > suspects.length ? ` (${turn.events} events)` : '') +
      also(suppressed);
    onStall({ kind: 'slow turn', message, turn, suspects, suppressed });
  }

  private onSpin({ fd, owner, events }: Spin): void {
    const { everyMs, onStall } = this.options;
    const suppressed = this.spins.take(everyMs);
    if (suppressed === undefined) return;
    const suspect = describeSuspect(owner ?? {}, fd);
    const state = suspect.descriptor === undefined ? '' : `; the kernel says: ${JSON.stringify(suspect.descriptor)}`;
    const message = `descriptor ${fd} was ready ${events} times in a row and nothing moved: ${suspect.title}${state}${also(suppressed)}`;
    onStall({ kind: 'spin', message, turn: undefined, suspects: [suspect], suppressed });
  }
}

/** At most one in a while. */
class Ration {
  private lastMs = -Infinity;
  private suppressed = 0;

  /** @returns how many had none since the last that had one; undefined: this one has none. */
  take(everyMs: number): number | undefined {
    const nowMs = monotonicMs();
    if (nowMs - this.lastMs < everyMs) {
      this.suppressed++;
      return undefined;
    }
    const { suppressed } = this;
    this.lastMs = nowMs;
    this.suppressed = 0;
    return suppressed;
  }
}

function also(suppressed: number): string {
  return suppressed === 0 ? '' : `; ${suppressed} more since the last one that was told`;
}

function warn({ message }: Stall): void {
  process.emitWarning(message, 'PolluxStallWarning');
}
