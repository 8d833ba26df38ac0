/** Checks of one upstream, one after the other, until they are stopped. */
import { clearTimeout, setTimeout } from '../../../base/runtime-functions.js';
import { BufferList, connect, IoError, type Connection } from '../../../index.js';
import type { UpstreamPlace } from '../upstreams/upstream-options.js';
import type { CheckPlan } from './check-options.js';

/** Answers that are looked through. */
const MAX_ANSWER_BYTES = 64 * 1024;

export class ActiveCheck {
  private readonly stopper = new AbortController();
  private timer: NodeJS.Timeout | undefined = undefined;

  /** @param onChecked told of each check; the failure of one that did not pass. */
  constructor(
    private readonly place: UpstreamPlace,
    private readonly plan: CheckPlan,
    private readonly onChecked: (failure: Error | undefined) => void,
  ) {
    void this.run();
  }

  stop(): void {
    clearTimeout(this.timer);
    this.stopper.abort(new IoError('ECANCELED', 'check', undefined, 'the upstream is checked no more'));
  }

  private async run(): Promise<void> {
    let failure: Error | undefined;
    try {
      await this.check();
    } catch (error) {
      failure = error as Error;
    }
    const { signal } = this.stopper;
    if (signal.aborted) return;
    this.onChecked(failure);
    this.timer = setTimeout(() => void this.run(), this.plan.intervalMs);
  }

  private async check(): Promise<void> {
    const { place, plan, stopper } = this;
    const { timeoutMs, send } = plan;
    const begunMs = Date.now();
    const connection = await connect({ ...place, timeoutMs, signal: stopper.signal });
    const late = new IoError('ETIMEDOUT', 'check', undefined, `no answer within ${timeoutMs} ms`);
    const timer = setTimeout(() => connection.reset(late), Math.max(1, timeoutMs - (Date.now() - begunMs)));
    const abort = () => connection.reset();
    stopper.signal.addEventListener('abort', abort);
    try {
      if (send !== undefined) connection.send(send);
      await this.awaitAnswer(connection);
    } finally {
      clearTimeout(timer);
      stopper.signal.removeEventListener('abort', abort);
      // No TIME_WAIT is left behind, here or there.
      connection.reset();
    }
  }

  private async awaitAnswer(connection: Connection): Promise<void> {
    const { expect } = this.plan;
    if (expect === undefined) return;
    using answer = new BufferList();
    while (answer.indexOf(expect) < 0) {
      const chunk = await connection.read();
      if (chunk === null || answer.length >= MAX_ANSWER_BYTES) {
        throw new IoError('EPROTO', 'check', undefined, `the answer has no '${expect}'`);
      }
      answer.append(chunk);
    }
  }
}
