/** What a service needs of its runtime, and what an accept model is to a service. */
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import type { Peer } from '../endpoint/peer.js';
import type { AcceptRequest } from './worker-services.js';

/** A worker of the runtime. */
export interface ServingWorker {
  readonly index: number;
  readonly name: string;
  readonly isRunning: boolean;
  /** @throws IoError ESRCH: it has not run yet. */
  readonly peer: Peer;
  /** Resolves when the worker has done it; rejects with what it says, or that it has ended. */
  ask(request: AcceptRequest): Promise<void>;
}

/** The workers of a runtime, by index. */
export type ServingWorkers = readonly ServingWorker[];

/** A time by which something must be done. */
export class Deadline {
  isPast = false;
  /** Resolves when it passes; never if `end` comes first. */
  readonly passing: Promise<void>;
  private timer: NodeJS.Timeout | undefined;

  constructor(delayMs: number) {
    this.passing = new Promise(resolve => {
      this.timer = setTimeout(() => {
        this.isPast = true;
        resolve();
      }, delayMs);
    });
  }

  /** Waits for something, but not longer. @returns whether it came. */
  async holds(something: Promise<unknown>): Promise<boolean> {
    await Promise.race([something, this.passing]);
    return !this.isPast;
  }

  end(): void {
    clearTimeout(this.timer);
  }
}

/**
 * Asks workers, and waits for their answers.
 *
 * @returns those that had not answered when the deadline passed. A refusal is an answer: a worker that has ended.
 */
export async function askAll(
  workers: readonly ServingWorker[],
  ask: (worker: ServingWorker) => Promise<unknown>,
  deadline: Deadline,
): Promise<{ late: ServingWorker[]; answered: Promise<unknown> }> {
  const silent = new Set(workers);
  const answered = Promise.allSettled(workers.map(worker => ask(worker).finally(() => silent.delete(worker))));
  await deadline.holds(answered);
  return { late: [...silent], answered };
}

export interface AcceptModelRun {
  /** A worker runs: at the beginning, and anew after a crash. Resolves when it serves. */
  begin(worker: ServingWorker): Promise<void>;
  /** A worker has ended; its descriptors are still open. @param willReturn it is being started again. */
  onEnded(worker: ServingWorker, willReturn: boolean): void;
  /**
   * Takes what waits to be accepted, and accepts no more.
   *
   * @param deadline what has not been done when it passes is done without the workers that have not answered.
   * @returns those workers.
   */
  close(deadline: Deadline): Promise<readonly ServingWorker[]>;
  /**
   * The runtime is being stopped: as `close`, but for one worker, which waits for no other. Resolves when it has taken
   * what it was given, or has ended; it is given nothing after that.
   */
  release(worker: ServingWorker): Promise<void>;
}
