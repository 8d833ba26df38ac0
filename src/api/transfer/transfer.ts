/** The handle of bytes on their way: what `copy`, `sendFile` and `join` return at once. */
import { describeBy, type Description } from '../../base/inspection.js';
import { addAbortListener, removeAbortListener } from '../../base/shared-listeners.js';
import type { TransferAccount } from '../../core/transfers/account.js';
import type { TunnelAccount } from '../../core/transfers/relay/tunnel.js';
import type { Pace } from '../../core/transfers/pace.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkOptions, checkSignal, type OptionNames } from '../../base/arguments.js';
import { isError } from '../../base/kinds.js';
import { ownError } from '../own-error.js';
import { settling } from '../settling.js';

/**
 * An error that ended a transfer; `transfer` counts exactly what had moved until then. Each transfer has one of its own, whose
 * `cause` is what happened: a connection that broke, or a signal, may end many.
 */
export type TransferFailure<Account extends object = TransferAccount> = Error & { transfer?: Account };

/** What moves the bytes. It is driven by a Transfer, and tells it the end. */
export interface TransferEngine<Account extends object = TransferAccount> {
  readonly account: Account;
  readonly pace: Pace;
  /**
   * Set by the transfer before `start`. To be called once, when all is over and nothing of the ends is touched any more;
   * that may be within `start` or any other call, since whoever awaits the transfer is told later.
   */
  onSettled: (failure: Error | undefined) => void;
  /** Checks the ends and begins. @throws what is wrong with them: the transfer is rejected with it, and no byte moved. */
  start(): void;
  pause(): void;
  resume(): void;
  /** `pace` was given another rate: a wait for the old one is to be thought over. */
  paceChanged(): void;
  /** Stops, and settles with `reason` unless all was over already. */
  cancel(reason: Error): void;
}

/** What every transfer is given. */
export interface TransferOptions {
  readonly signal?: AbortSignal;
}

const TRANSFER_OPTIONS = { signal: 'other' } as const satisfies OptionNames<TransferOptions>;

/**
 * A transfer under way. Awaited it gives its account, or throws what it failed with, whose property `transfer` is the
 * account, so that the count is exact in either case. Nobody awaiting one that fails is an unhandled rejection, as with a
 * promise.
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
   * Starts the engine, unless the signal is aborted already.
   *
   * @param options as the user gave them: what is wrong with them rejects the transfer.
   * @param names those that the function takes which makes the transfer.
   *
   * @internal
   */
  constructor(
    private readonly engine: TransferEngine<Account>,
    options: TransferOptions = {},
    names: OptionNames<TransferOptions> = TRANSFER_OPTIONS,
  ) {
    engine.onSettled = failure => this.settle(failure);
    try {
      checkOptions(options, names);
      const { signal } = options;
      checkSignal(signal);
      this.signal = signal;
      if (signal?.aborted) this.settle(this.cancelWith(signal.reason));
      else engine.start();
    } catch (error) {
      this.settle(error as Error);
      return;
    }
    if (!this.isSettled && this.signal !== undefined) addAbortListener(this.signal, this.abort);
  }

  /** What has moved until now, by which path. It goes on counting while the transfer is under way. */
  get account(): Account {
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
   * @param reason why. The transfer is rejected with an error that says the same and has it as its `cause`; with the reason
   *   itself if that is no error. IoError ECANCELED by default.
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
