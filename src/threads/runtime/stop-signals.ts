/** The signals that ask a process to end, for a runtime that ends by them. */
import { addSignalListener, removeSignalListener } from '../../base/shared-listeners.js';

const SIGNALS = ['SIGTERM', 'SIGINT'] as const;

export class StopSignals {
  private wasSignalled = false;

  /**
   * @param onFirst told of the first signal.
   * @param onNext told of each later one: nothing is to be waited for any more.
   */
  constructor(
    private readonly onFirst: () => void,
    private readonly onNext: () => void,
  ) {}

  listen(): void {
    for (const signal of SIGNALS) addSignalListener(signal, this.onSignal);
  }

  close(): void {
    for (const signal of SIGNALS) removeSignalListener(signal, this.onSignal);
  }

  private readonly onSignal = () => {
    if (this.wasSignalled) this.onNext();
    else this.onFirst();
    this.wasSignalled = true;
  };
}
