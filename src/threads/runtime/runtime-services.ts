/** The services of a runtime: the ports that it listens on, and which of its workers serve them. */
import { unlessAborted } from '../../base/unless-aborted.js';
import type { ServingWorker, ServingWorkers } from '../service/model.js';
import type { ServiceValues } from '../service/options.js';
import { openService, type Service, type ServiceOwner } from '../service/service.js';

/** A runtime, as its services see it. */
export interface ServedRuntime {
  readonly workers: ServingWorkers;
  /** The processor that each worker is bound to; empty where they are not. */
  readonly processors: readonly number[];
  /** @throws IoError ESRCH: the runtime is not running. */
  readonly checkRunning: () => void;
  /** A worker that runs could not begin to serve. */
  readonly onFailure: (failure: Error, worker: ServingWorker) => void;
}

export class RuntimeServices implements ServiceOwner {
  private readonly open = new Set<Service>();

  constructor(private readonly runtime: ServedRuntime) {}

  get workers(): ServingWorkers {
    return this.runtime.workers;
  }

  get processors(): readonly number[] {
    return this.runtime.processors;
  }

  /** How many are open. */
  get size(): number {
    return this.open.size;
  }

  /**
   * Opens one, and has the workers that run serve it.
   * @throws what `runtime.listen` throws once its options are checked.
   */
  async listen(options: ServiceValues): Promise<Service> {
    const { signal } = options;
    this.runtime.checkRunning();
    const service = await openService(this, options);
    this.open.add(service);
    try {
      // The runtime may have been stopped meanwhile.
      this.runtime.checkRunning();
      signal?.throwIfAborted();
      const running = this.workers.filter(({ isRunning }) => isRunning);
      await unlessAborted(Promise.all(running.map(worker => service.begin(worker))), signal);
    } catch (failure) {
      const closed = service.close();
      if (signal?.aborted === true) closed.catch(() => {});
      else await closed;
      throw failure;
    }
    return service;
  }

  /** A worker runs, at first or after a crash: it begins to serve. */
  begin(worker: ServingWorker): void {
    for (const service of this.open) void this.beginService(service, worker);
  }

  /** A worker has ended; its descriptors are still open. @param willReturn it is being started again. */
  onEnded(worker: ServingWorker, willReturn: boolean): void {
    for (const service of this.open) service.onEnded(worker, willReturn);
  }

  /**
   * A worker is being stopped. Clients that wait in a backlog are served by the workers that still accept. Never
   * rejects.
   */
  release(worker: ServingWorker): Promise<unknown> {
    return Promise.allSettled([...this.open].map(service => service.release(worker)));
  }

  /** All workers have ended. */
  close(): Promise<unknown> {
    return Promise.all([...this.open].map(service => service.close()));
  }

  onServiceClosed(service: Service): void {
    this.open.delete(service);
  }

  private async beginService(service: Service, worker: ServingWorker): Promise<void> {
    const { peer } = worker;
    try {
      await service.begin(worker);
    } catch (failure) {
      // One that has ended is reported as that.
      if (worker.isRunning && worker.peer === peer) this.runtime.onFailure(failure as Error, worker);
    }
  }
}
