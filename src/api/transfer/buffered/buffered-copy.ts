/** Bytes from one end to another by buffers, one way: an end has TLS, or is a file on its way to or from it. */
import type { TransferAccount } from '../../../core/transfers/account.js';
import { Allowance } from '../../../core/transfers/allowance.js';
import { Pace } from '../../../core/transfers/pace.js';
import type { TransferEngine } from '../transfer.js';
import { Flow } from './flow.js';
import type { BufferedSink, BufferedSource } from './port.js';

/** What is to be copied. */
export interface BufferedPlan {
  readonly source: BufferedSource;
  readonly sink: BufferedSink;
  /** Infinity for all. */
  readonly maxBytes: number;
  /** Why the kernel does not do it. */
  readonly why: string;
  /** The sink was promised more than came: it is of no more use. */
  readonly breakSink?: (failure: Error) => void;
}

export class BufferedCopy<Account extends TransferAccount> implements TransferEngine<Account, BufferedPlan> {
  readonly pace = new Pace();
  onSettled: (failure: Error | undefined) => void = () => {};

  /** From `start` on. */
  private flow: Flow | undefined = undefined;

  constructor(readonly account: Account) {}

  start({ source, sink, maxBytes, why, breakSink }: BufferedPlan): void {
    const { account, pace } = this;
    account.fallback = why;
    const flow = new Flow({ source, sink, account, allowance: new Allowance(maxBytes, [pace]) });
    flow.ended = ({ failure, brokenEnd }) => {
      if (failure !== undefined && brokenEnd === 'source') breakSink?.(failure);
      this.onSettled(failure);
    };
    flow.begin();
    this.flow = flow;
  }

  pause(): void {
    this.flow?.pause();
  }

  resume(): void {
    this.flow?.resume();
  }

  paceChanged(): void {
    this.flow?.paceChanged();
  }

  cancel(reason: Error): void {
    this.flow?.cancel();
    this.onSettled(reason);
  }
}
