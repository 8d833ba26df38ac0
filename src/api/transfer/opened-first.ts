/** A transfer that begins once its files have been opened, and is over once they are closed. */
import type { TransferAccount } from '../../core/transfers/account.js';
import type { OpenedFiles } from './file-ends.js';
import type { TransferEngine } from './transfer.js';

/** What to open, and what the engine is to do then. @throws what is wrong: no byte has moved. */
export type OpeningPlan<Plan> = (files: OpenedFiles) => Promise<Plan>;

export class OpenedFirst<Plan> implements TransferEngine<TransferAccount, OpeningPlan<Plan>> {
  onSettled: (failure: Error | undefined) => void = () => {};
  private state: 'opening' | 'opening-paused' | 'begun' | 'over' = 'opening';

  constructor(
    private readonly engine: TransferEngine<TransferAccount, Plan>,
    private readonly files: OpenedFiles,
  ) {
    engine.onSettled = failure => this.end(failure);
  }

  get account() {
    return this.engine.account;
  }

  get pace() {
    return this.engine.pace;
  }

  start(plan: OpeningPlan<Plan>): void {
    plan(this.files)
      .then(ready => this.begin(ready))
      .catch((failure: Error) => this.end(failure));
  }

  pause(): void {
    if (this.state === 'opening') this.state = 'opening-paused';
    else if (this.state === 'begun') this.engine.pause();
  }

  resume(): void {
    if (this.state === 'opening-paused') this.state = 'opening';
    else if (this.state === 'begun') this.engine.resume();
  }

  paceChanged(): void {
    if (this.state === 'begun') this.engine.paceChanged();
  }

  cancel(reason: Error): void {
    if (this.state === 'begun') this.engine.cancel(reason);
    else this.end(reason);
  }

  private begin(plan: Plan): void {
    if (this.state === 'over') return;
    const isPaused = this.state === 'opening-paused';
    this.state = 'begun';
    this.engine.start(plan);
    if (isPaused) this.engine.pause();
  }

  private end(failure: Error | undefined): void {
    if (this.state === 'over') return;
    this.state = 'over';
    const closed = this.files.close();
    const settle = (closeFailure?: Error) => this.onSettled(failure ?? closeFailure);
    // What has failed waits for no call that a disk may never answer; the files are closed after it.
    if (failure === undefined) closed.then(() => settle(), settle);
    else {
      closed.catch(() => {});
      settle();
    }
  }
}
