/** The handle of bytes on their way: what `copy`, `sendFile` and `join` return at once. */
import { describeBy, type Description } from '../../base/inspection.js';
import { addAbortListener, removeAbortListener } from '../../base/shared-listeners.js';
import type { TransferAccount } from '../../core/transfers/account.js';
import type { TunnelAccount } from '../../core/transfers/relay/tunnel.js';
import type { Pace } from '../../core/transfers/pace.js';
import { IoError } from '../../sys/ffi/io-error.js';
import {
  abortSignal,
  bytesPerSecond as rate,
  valuesOf,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import { isError } from '../../base/kinds.js';
import { ownError } from '../own-error.js';
import { settling } from '../settling.js';

/**
 * An error that ended a transfer; `transfer` counts exactly what had moved until then. Each transfer has one of its
 * own, whose `cause` is what happened: a connection that broke, or a signal, may end many.
 */
export type TransferFailure<Account extends object = TransferAccount> = Error & { transfer?: Account };

/** What moves the bytes. It is driven by a Transfer, and tells it the end. */
export interface TransferEngine<Account extends object = TransferAccount, Plan = never> {
  readonly account: Account;
  readonly pace: Pace;
  /**
   * Set by the transfer before `start`. To be called once, when all is over and nothing of the ends is touched any
   * more; that may be within `start` or any other call, since code that awaits the transfer is told later.
   */
  onSettled: (failure: Error | undefined) => void;
  /**
   * Begins what was planned.
   * @throws what is wrong with the ends: the transfer is rejected with it, and no byte moved.
   */
  start(plan: Plan): void;
  pause(): void;
  resume(): void;
  /** `pace` was given another rate: a wait for the old one is to be thought over. */
  paceChanged(): void;
  /** Where the kernel moves bytes by itself: has the account count them. */
  refresh?(): void;
  /** Stops, and settles with `reason` unless all was over already. */
  cancel(reason: Error): void;
}

/** Options of every transfer. */
export interface TransferOptions {
  /** See `Transfer.bytesPerSecond`. Infinity, the default, is no limit. */
  readonly bytesPerSecond?: number;
  /** Cancels the transfer; the `cause` of what it is rejected with is the signal's reason. */
  readonly signal?: AbortSignal;
}

export const TRANSFER_OPTIONS = {
  bytesPerSecond: rate(),
  signal: abortSignal(),
} satisfies OptionTable<TransferOptions>;

/** A call of a function that makes a transfer. */
export interface TransferCall<Table, Account extends object, Plan> {
  readonly engine: TransferEngine<Account, Plan>;
  readonly table: Table;
  /** As the user gave them: what is wrong with them rejects the transfer. */
  readonly options: object;
  /** Checks the ends, and says what the engine is to do. @throws what is wrong: the transfer is rejected with it. */
  readonly prepare: (values: OptionValues<Table>) => Plan;
}

/** Makes a transfer, and starts it unless its signal is aborted already. */
export function startTransfer<Table extends typeof TRANSFER_OPTIONS, Account extends object, Plan>(
  call: TransferCall<Table, Account, Plan>,
): Transfer<Account> {
  const { engine, table, options, prepare } = call;
  const check = () => {
    const values = valuesOf(table, options);
    // Which every table of a transfer has.
    const { bytesPerSecond, signal } = values as OptionValues<typeof TRANSFER_OPTIONS>;
    const start = () => {
      engine.pace.bytesPerSecond = bytesPerSecond;
      engine.start(prepare(values));
    };
    return { signal, start };
  };
  return new Transfer(engine, check);
}

/**
 * A transfer under way. Awaited it gives its account, or throws what it failed with, whose property `transfer` is the
 * account, so that the count is exact in either case. Nobody awaiting one that fails is an unhandled rejection, as with
 * a promise.
 */
export class Transfer<Account extends object = TransferAccount> implements PromiseLike<Account> {
  private readonly settled = settling<Account>();
  private isSettled = false;
  /** What was given to `cancel`, and the error that stands for it in the engine, which takes only errors. */
  private reason: unknown = undefined;
  private cancellation: Error | undefined = undefined;
  private signal: AbortSignal | undefined = undefined;
  private readonly abort = () => this.cancel(this.signal!.reason);

  /**
   * @param check checks the options. @throws what is wrong with them: the transfer is rejected with it.
   *
   * @internal Made by `startTransfer`.
   */
  constructor(
    private readonly engine: Omit<TransferEngine<Account>, 'start'>,
    check: () => { readonly signal: AbortSignal | undefined; readonly start: () => void },
  ) {
    engine.onSettled = failure => this.settle(failure);
    try {
      const { signal, start } = check();
      this.signal = signal;
      if (signal?.aborted) this.settle(this.cancelWith(signal.reason));
      else start();
    } catch (error) {
      this.settle(error as Error);
      return;
    }
    if (!this.isSettled && this.signal !== undefined) addAbortListener(this.signal, this.abort);
  }

  /** What has moved until now, by which path. It goes on counting while the transfer is under way. */
  get account(): Account {
    if (!this.isSettled) this.engine.refresh?.();
    return this.engine.account;
  }

  /** At most so many bytes a second; Infinity, the default, is no limit. @throws RangeError no positive number. */
  get bytesPerSecond(): number {
    return this.engine.pace.bytesPerSecond;
  }

  set bytesPerSecond(bytesPerSecond: number) {
    this.engine.pace.bytesPerSecond = bytesPerSecond;
    if (!this.isSettled) this.engine.paceChanged();
  }

  /** Lets no more bytes move until `resume`; those that a call under way moves are counted. */
  pause(): void {
    if (!this.isSettled) this.engine.pause();
  }

  resume(): void {
    if (!this.isSettled) this.engine.resume();
  }

  /**
   * Stops for good; nothing if it is over already. What this does to the ends is told by the function that made the
   * transfer.
   *
   * @param reason why. The transfer is rejected with an error that says the same and has it as its `cause`; with the
   *   reason itself if that is no error. IoError ECANCELED by default.
   */
  cancel(reason?: unknown): void {
    if (!this.isSettled) this.engine.cancel(this.cancelWith(reason));
  }

  then<Fulfilled = Account, Rejected = never>(
    onFulfilled?: ((account: Account) => Fulfilled | PromiseLike<Fulfilled>) | null,
    onRejected?: ((failure: TransferFailure<Account>) => Rejected | PromiseLike<Rejected>) | null,
  ): Promise<Fulfilled | Rejected> {
    return this.settled.promise.then(onFulfilled, onRejected);
  }

  catch<Rejected = never>(
    onRejected: (failure: TransferFailure<Account>) => Rejected | PromiseLike<Rejected>,
  ): Promise<Account | Rejected> {
    return this.settled.promise.catch(onRejected);
  }

  finally(onSettled: () => void): Promise<Account> {
    return this.settled.promise.finally(onSettled);
  }

  private cancelWith(reason: unknown): Error {
    if (this.cancellation === undefined) {
      const error = new IoError('ECANCELED', 'transfer', undefined, 'the transfer was cancelled');
      this.cancellation = isError(reason) ? reason : error;
      this.reason = reason === undefined ? error : reason;
    }
    return this.cancellation;
  }

  private settle(failure: Error | undefined): void {
    if (this.isSettled) return;
    this.isSettled = true;
    if (this.signal !== undefined) removeAbortListener(this.signal, this.abort);
    if (failure === undefined) {
      this.settled.resolve(this.account);
      return;
    }
    // What is no error carries no account.
    if (failure === this.cancellation && !isError(this.reason)) this.settled.reject(this.reason as Error);
    else this.settled.reject(ownError(failure, { transfer: this.account }));
  }

  static {
    describeBy('Transfer', Transfer.prototype, ({ isSettled, account, bytesPerSecond }: Transfer) => ({
      state: isSettled ? 'over' : 'under way',
      ...summary(account),
      bytesPerSecond: bytesPerSecond === Infinity ? undefined : bytesPerSecond,
    }));
  }
}

/** Of either kind of account. */
function summary(account: object): Description {
  const { path, bytes, calls, fallback } = account as Partial<TransferAccount>;
  const { aToB, bToA } = account as Partial<TunnelAccount>;
  return { path, bytes, calls, fallback, aToB: aToB?.bytes, bToA: bToA?.bytes };
}
