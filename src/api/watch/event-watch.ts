/** What the watches of timers, signals, processes, files and user events share. */
import type { Description } from '../../base/inspection.js';
import { NOTHING, type Source } from '../../backends/sources/contract.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { FRUITLESS_EVENTS } from '../../core/limits.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import { ref, unref } from '../keep-alive.js';
import { Pull } from '../pull.js';
import type { WaitOptions } from '../waiting.js';

/**
 * Something that is watched in the same wait as the descriptors. What happens is told to the handler that the watch was
 * made with, or, without one, taken by `next()` or `for await`. What nobody takes adds up in one event, so nothing is
 * lost and nothing grows.
 */
export abstract class EventWatch<T> implements AsyncIterable<T> {
  /** The watch ended by a failure of the system, which is told nowhere else. Without a handler a warning is emitted. */
  onError: ((failure: IoError) => void) | undefined = undefined;

  private readonly scope = new AsyncScope('POLLUX_WATCH');
  private source: Source | undefined = undefined;
  private isOpen = true;
  /** @internal */
  isReferenced = true;
  private fruitless = 0;
  private pending: T | undefined = undefined;
  private readonly pull = new Pull<T>(this);

  /** @internal */
  constructor(
    readonly reactor: Reactor,
    /** What is watched, for messages: 'process 4711'. */
    private readonly title: string,
    private readonly handler: ((event: T) => void) | undefined,
  ) {}

  get isClosed(): boolean {
    return !this.isOpen;
  }

  /**
   * The next event.
   *
   *     const changes = await watch.next({ signal: AbortSignal.timeout(1_000) });
   *
   * @param options aborting its `signal` takes no event: what happens later is for the next call.
   * @returns a promise of it, or of null once the watch is closed and nothing is left.
   * @throws IoError EBUSY: the watch has a handler, or another `next()` is under way.
   */
  next(options?: WaitOptions): Promise<T | null> {
    return this.pull.take('next', options);
  }

  /** `for await (const event of watch)`: until the watch is closed. Leaving the loop closes it. */
  [Symbol.asyncIterator](): AsyncIterator<T> {
    return this.pull.iterate(() => this.close());
  }

  /** Ends it, at once. Twice is allowed. */
  close(): void {
    try {
      this.stop();
    } finally {
      this.pull.end();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Keeps the process alive, as it does from the beginning. */
  ref(): this {
    return ref(this);
  }

  /** Lets the process exit although this watch is open. */
  unref(): this {
    return unref(this);
  }

  /** @internal */
  checkFree(call: string): void {
    if (this.handler !== undefined)
      throw wrongState('EBUSY', call, `the watch of ${this.title} has a handler; use one way`);
    if (this.pull.isWaiting) throw wrongState('EBUSY', call, 'another next() is under way; await it first');
  }

  /** @internal */
  takeNext(): T | null | undefined {
    const { pending } = this;
    this.pending = undefined;
    return pending ?? (this.isOpen ? undefined : null);
  }

  /** @internal */
  onWaiting(): void {}

  /** @internal */
  onReady(_readiness: number, data: number, errno: number): void {
    if (errno !== 0) {
      this.fail(new IoError(errno, 'watch', this.title));
      return;
    }
    let taken: number;
    try {
      taken = this.source!.take(data);
    } catch (error) {
      if (!(error instanceof IoError)) throw error;
      this.fail(error);
      return;
    }
    if (taken !== NOTHING) {
      this.fruitless = 0;
      this.onTaken(taken);
    } else if (++this.fruitless === FRUITLESS_EVENTS) {
      const explanation = `${FRUITLESS_EVENTS} events in a row about nothing; it is no longer watched`;
      this.fail(new IoError('ELOOP', 'watch', this.title, explanation));
    }
  }

  /** Begins; the source, if there is one, is this watch's from now on. */
  protected begin(source: Source | undefined): void {
    this.source = source;
    if (source !== undefined) this.reactor.driver.followSource(source, this);
    this.reactor.enter(true);
  }

  /** What the source's number means. */
  protected abstract onTaken(taken: number): void;

  /** One event of two that nobody has taken yet. */
  protected abstract merge(earlier: T, later: T): T;

  /** A place to undo what the watch did beside its source. */
  protected onClosed(): void {}

  protected tell(event: T): void {
    const { handler, pull } = this;
    if (handler !== undefined) this.scope.run(handler, undefined, event);
    else if (pull.isWaiting) pull.give(event);
    else this.pending = this.pending === undefined ? event : this.merge(this.pending, event);
  }

  /** Tells of the last event there can be; closed before that, since a handler may throw or watch anew. */
  protected tellLast(event: T): void {
    try {
      this.stop();
    } finally {
      this.tell(event);
    }
  }

  private stop(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    const { source } = this;
    this.source = undefined;
    try {
      if (source !== undefined) this.reactor.driver.closeSource(source);
    } finally {
      this.onClosed();
      this.reactor.leave(this.isReferenced);
    }
  }

  private fail(failure: IoError): void {
    const { pull, onError } = this;
    try {
      this.stop();
    } finally {
      if (pull.isWaiting) pull.end(failure);
      else if (onError !== undefined) this.scope.run(onError, this, failure);
      else process.emitWarning(failure.message, 'PolluxWatchWarning');
    }
  }

  /** @internal See `describeBy`. */
  describe(): Description {
    return { state: this.isOpen ? 'open' : 'closed', of: this.title };
  }
}
