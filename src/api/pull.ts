/** The pull side of an object: its items one at a time, for a call that awaits the next one and for `for await`. */
import { unlessAborted } from '../base/unless-aborted.js';
import { settling, type Settling } from './settling.js';
import { beginWith, type WaitOptions } from './waiting.js';

/** The object, as its pull side sees it. */
export interface PullSource<T> {
  /**
   * @param call that the user made, for messages.
   * @throws IoError EBUSY, EBADF: the items can't be taken this way now.
   */
  checkFree(call: string): void;
  /**
   * Takes the next item.
   *
   * @returns undefined: it has not come yet; null: no more items come.
   * @throws why no more items come. The promise of the call is rejected with it.
   */
  takeNext(): T | null | undefined;
  /** A call has begun to wait, or has ceased to. */
  onWaiting(): void;
}

/** For which call an item is taken. */
interface Waiter {
  readonly signal?: AbortSignal | undefined;
  readonly by?: object;
}

/** A call that waits. They are a list, the oldest first. */
interface Wait<T> extends Settling<T | null> {
  /** The iterator that asked. Undefined: a call of its own. */
  readonly by: object | undefined;
  next: Wait<T> | undefined;
}

export class Pull<T> {
  private first: Wait<T> | undefined = undefined;

  constructor(private readonly source: PullSource<T>) {}

  /** Whether a call waits for the next item. */
  get isWaiting(): boolean {
    return this.first !== undefined;
  }

  /**
   * The next item, for a call with options.
   *
   * @param options aborting its `signal` takes no item.
   * @returns a promise of it; of null if no more items come.
   * @throws what `checkFree` throws.
   */
  take(call: string, options: WaitOptions | undefined): Promise<T | null> {
    if (options === undefined) return this.next(call);
    this.source.checkFree(call);
    return beginWith(options, signal => this.next(call, { signal }));
  }

  /** As `take`. @param waiter `signal` is not aborted yet; `by` is the iterator that asks. */
  next(call: string, waiter?: Waiter): Promise<T | null> {
    const { source } = this;
    source.checkFree(call);
    try {
      const item = source.takeNext();
      return item === undefined ? this.wait(waiter?.signal, waiter?.by) : Promise.resolve(item);
    } catch (failure) {
      return Promise.reject(failure);
    }
  }

  /** Gives an item to the call that has waited longest. There must be one. */
  give(item: T): void {
    this.settleFirst(wait => wait.resolve(item));
  }

  /** Fails the call that has waited longest, and no other. There must be one. */
  refuse(failure: Error): void {
    this.settleFirst(wait => wait.reject(failure));
  }

  /**
   * No more items come: all calls that wait return null, or fail. The source knows, and its `onWaiting` is not called.
   */
  end(failure?: Error): void {
    let wait = this.first;
    this.first = undefined;
    for (; wait !== undefined; wait = wait.next) {
      if (failure === undefined) wait.resolve(null);
      else wait.reject(failure);
    }
  }

  /**
   * Ends the waits of an iterator, or those of all calls of their own, without an item. What comes later is for others.
   */
  giveUp(by?: object): void {
    const isOfThese = (wait: Wait<T>): boolean => {
      if (wait.by === by) wait.resolve(null);
      return wait.by === by;
    };
    if (this.remove(isOfThese)) this.source.onWaiting();
  }

  /** @param leave called when the loop is left early, or the iterator is given up. */
  iterate(leave?: () => unknown): AsyncIterator<T> {
    return new PullIterator(this, item => item, leave);
  }

  private wait(signal: AbortSignal | undefined, by: object | undefined): Promise<T | null> {
    const wait: Wait<T> = { ...settling<T | null>(), by, next: undefined };
    if (this.first === undefined) this.first = wait;
    else lastOf(this.first).next = wait;
    const isThis = (each: Wait<T>) => each === wait;
    try {
      this.source.onWaiting();
    } catch (failure) {
      this.remove(isThis);
      throw failure;
    }
    return unlessAborted(wait.promise, signal, () => {
      if (!this.remove(isThis)) return false;
      this.source.onWaiting();
      return true;
    });
  }

  private settleFirst(settle: (wait: Wait<T>) => void): void {
    const wait = this.first!;
    this.first = wait.next;
    try {
      this.source.onWaiting();
    } finally {
      settle(wait);
    }
  }

  /** @returns whether there were any. */
  private remove(isOver: (wait: Wait<T>) => boolean): boolean {
    let kept: Wait<T> | undefined;
    let hasRemoved = false;
    for (let wait = this.first; wait !== undefined; wait = wait.next) {
      if (!isOver(wait)) {
        kept = wait;
        continue;
      }
      hasRemoved = true;
      if (kept === undefined) this.first = wait.next;
      else kept.next = wait.next;
    }
    return hasRemoved;
  }
}

/**
 * One of the loops over an object. It ends for good when it is left. A failure does not end it: more items may come.
 */
export class PullIterator<T, Value> implements AsyncIterator<Value> {
  private isOver = false;
  private readonly waiter = { by: this };

  /** @param valueOf what the loop gets of an item. */
  constructor(
    private readonly pull: Pull<T>,
    private readonly valueOf: (item: T) => Value,
    private readonly leave?: () => unknown,
  ) {}

  async next(): Promise<IteratorResult<Value>> {
    const item = this.isOver ? null : await this.pull.next('for await', this.waiter);
    if (item !== null) return { done: false, value: this.valueOf(item) };
    this.isOver = true;
    return { done: true, value: undefined };
  }

  /** What this iterator waits for ends without an item. */
  async return(): Promise<IteratorResult<Value>> {
    this.isOver = true;
    this.pull.giveUp(this);
    await this.leave?.();
    return { done: true, value: undefined };
  }

  async throw(failure: unknown): Promise<never> {
    await this.return();
    throw failure;
  }
}

function lastOf<T>(wait: Wait<T>): Wait<T> {
  let last = wait;
  while (last.next !== undefined) last = last.next;
  return last;
}
