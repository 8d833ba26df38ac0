/** Timers of the kernel: finer than milliseconds, by the wall clock, and counted when nobody could come in time. */
import { describeBy } from '../../base/inspection.js';
import { isDate } from '../../base/kinds.js';
import type { TimerSpec, TimeUnit } from '../../backends/sources/contract.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { isRefusal } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkCallback, kindOf } from '../../base/arguments.js';
import { anything, oneOf, valuesOf, type OptionTable, type OptionValues } from '../../base/options.js';
import { currentReactor } from '../thread-reactor.js';
import { EventWatch } from './event-watch.js';
import { ReactorTimer } from './reactor-timer.js';

export type { TimeUnit };

/** When a timer expires: exactly one of `after`, `every` and `at`. */
export interface TimerOptions {
  /** Once, so many units from now. */
  readonly after?: number;
  /** Again and again, so many units apart. */
  readonly every?: number;
  /** Once, at this time of the wall clock: a Date, or units since 1970. A time that is past expires at once. */
  readonly at?: number | Date;
  /**
   * 's', 'ms' (the default), 'us' or 'ns'. A kernel may round up to its own step; in a sandbox that refuses its timers
   * it is 1 ms.
   */
  readonly unit?: TimeUnit;
}

const TIMER_OPTIONS = {
  after: anything<number>(),
  every: anything<number>(),
  at: anything<number | Date>(),
  unit: oneOf(['s', 'ms', 'us', 'ns'], 'ms'),
} satisfies OptionTable<TimerOptions>;

/**
 * Watches a timer.
 *
 * @param onExpired gets the expirations since it was last called: more than 1 if the thread was busy.
 * @returns a watch whose events are numbers of expirations; one that expires only once then closes itself.
 * @throws TypeError not exactly one of `after`, `every`, `at`; an unknown unit.
 * @throws RangeError a time that is negative, no integer, or more than 2^31 - 2 seconds (68 years).
 * @throws IoError EMFILE, ENOMEM. See timerfd_create(2), kqueue(2) (EVFILT_TIMER).
 */
export function watchTimer(options: TimerOptions, onExpired?: (expirations: number) => void): TimerWatch {
  const values = valuesOf(TIMER_OPTIONS, options);
  checkCallback('onExpired', onExpired);
  return new TimerWatch(currentReactor(), timerSpec(values), onExpired);
}

export class TimerWatch extends EventWatch<number> {
  private readonly expiresOnce: boolean;
  /** In place of a source. */
  private ownTimer: ReactorTimer | undefined = undefined;

  /** @internal Made by `watchTimer`. */
  constructor(reactor: Reactor, spec: TimerSpec, onExpired: ((expirations: number) => void) | undefined) {
    super(reactor, `a timer (${spec.kind} ${spec.amount} ${spec.unit})`, onExpired);
    this.expiresOnce = spec.kind !== 'every';
    try {
      this.begin(reactor.driver.sources.timer(spec));
    } catch (error) {
      if (!(error instanceof IoError && isRefusal(error.errno))) throw error;
      this.begin(undefined);
      this.ownTimer = new ReactorTimer(reactor, spec, expirations => this.onTaken(expirations));
    }
  }

  protected override onClosed(): void {
    this.ownTimer?.close();
  }

  protected override onTaken(expirations: number): void {
    if (this.expiresOnce) this.tellLast(expirations);
    else this.tell(expirations);
  }

  protected override merge(earlier: number, later: number): number {
    return earlier + later;
  }
}
describeBy('TimerWatch', TimerWatch.prototype, watch => watch.describe());

const KINDS = ['after', 'every', 'at'] as const;

function timerSpec(options: OptionValues<typeof TIMER_OPTIONS>): TimerSpec {
  const { unit } = options;
  const given = KINDS.filter(kind => options[kind] !== undefined);
  if (given.length !== 1) {
    throw new TypeError(`options: ${given.join(' and ') || 'no time'}; allowed: exactly one of ${KINDS.join(', ')}`);
  }
  const [kind] = given;
  const time: unknown = options[kind];
  if (kind === 'at' && isDate(time)) return { kind, amount: time.getTime(), unit: 'ms' };
  if (typeof time !== 'number') {
    throw new TypeError(
      `${kind}: ${kindOf(time)}; allowed: ${kind === 'at' ? 'a Date, or a number' : 'a number'} of units`,
    );
  }
  return { kind, amount: time, unit };
}
