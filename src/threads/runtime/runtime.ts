/** Workers with a reactor each, that know each other. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { serviceValues, type ServiceOptions } from '../service/options.js';
import type { Service } from '../service/service.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import { openEndpoint } from '../endpoint/open-endpoint.js';
import type { MessageTypes, TopicsOf } from '../messages/message-types.js';
import {
  checkedRuntimeSnapshot,
  type RuntimeSnapshot,
  type RuntimeSnapshotOptions,
} from '../../observe/runtime-snapshot.js';
import { settling, type Settling } from '../../api/settling.js';
import { endWith, signalOf, waitWith, type EndOptions, type WaitOptions } from '../../api/waiting.js';
import { workQueue, type WorkQueue, type WorkQueueOptions } from '../jobs/work-queue.js';
import { RuntimeCallbacks } from './runtime-callbacks.js';
import { introduce } from './introduce.js';
import { WorkerCleanups } from './worker-cleanups.js';
import type { WorkerAddress } from './control.js';
import { RuntimeServices } from './runtime-services.js';
import { StopSignals } from './stop-signals.js';
import { RuntimeWorker, type WorkerEnd } from './runtime-worker.js';
import { checkDeadline, checkRuntimeOptions, type CheckedOptions, type RuntimeOptions } from './options.js';

/** How a runtime came to its end. */
export interface RuntimeEnd {
  /**
   * The names of the workers that were terminated, since they had not ended by the deadline: empty if all have drained.
   */
  readonly terminated: readonly string[];
}

/** Starts workers with a reactor each. @typeParam Messages what the workers take and answer, if it is declared. */
export class Runtime<Messages extends MessageTypes = MessageTypes> {
  /** The workers, by index. */
  readonly workers: readonly RuntimeWorker<Messages>[];
  private readonly options: CheckedOptions;
  private readonly callbacks: RuntimeCallbacks;
  private ownEndpoint: Endpoint | undefined = undefined;
  private readonly services: RuntimeServices;
  private readonly cleanups = new WorkerCleanups();
  private readonly starting: Settling<void> = settling();
  private readonly ended: Settling<RuntimeEnd> = settling();
  /** Those that had not ended by the deadline. */
  private readonly late = new Set<RuntimeWorker>();
  private started = false;
  private stopping = false;
  private isOver = false;
  private paused = false;
  private failure: Error | undefined = undefined;
  private readonly signals = new StopSignals(
    () => void this.stop(this.options.drainOnSignalMs).catch(() => {}),
    () => this.terminateLate(),
  );

  /** @throws RangeError, TypeError an option that makes no sense, named. */
  constructor(options: RuntimeOptions) {
    this.options = checkRuntimeOptions(options);
    this.callbacks = new RuntimeCallbacks(this.options);
    this.workers = this.options.names.map((name, index) => new RuntimeWorker(index, name, this));
    this.services = new RuntimeServices({
      workers: this.workers,
      processors: this.options.processors,
      checkRunning: () => this.checkRunning('listen'),
      onFailure: (failure, worker) => this.callbacks.onError(failure, worker),
    });
    // onError tells of it; it must not end the process as unhandled twice.
    this.starting.promise.catch(() => {});
    this.ended.promise.catch(() => {});
  }

  /** The owner's end of messages, by which `workers[i].peer` is reached. @throws IoError ESRCH: before `start`. */
  get endpoint(): Endpoint<TopicsOf<Messages>> {
    if (this.ownEndpoint === undefined) throw wrongState('ESRCH', 'endpoint', 'the runtime is not running');
    return this.ownEndpoint;
  }

  /**
   * Starts the workers.
   *
   * @param deadlineMs from now. Default: 60 seconds.
   * @param options aborting its `signal` before all workers run is as if the deadline had come.
   * @returns a promise that resolves when the entry of each has been loaded and run, and rejects if one dies before, or
   *   isn't through at the deadline: `stop` then ends those that there are.
   * @throws IoError (by the promise, as all) EALREADY: it was started before, or this thread has an endpoint that it
   *   was not given as an option; ECANCELED: it is stopped before all workers run; ETIMEDOUT, ESRCH: see above.
   * @throws RangeError the deadline makes no sense.
   */
  async start(deadlineMs = 60_000, options?: WaitOptions): Promise<void> {
    if (this.started) throw wrongState('EALREADY', 'start', 'the runtime was started before; make a new one');
    checkDeadline('deadlineMs', deadlineMs);
    const signal = signalOf(options);
    this.ownEndpoint = this.options.endpoint ?? openEndpoint({ senders: this.options.senders });
    this.started = true;
    if (this.options.drainOnSignalMs !== undefined) this.signals.listen();
    for (const worker of this.workers) if (this.failure === undefined) this.startWorker(worker);
    const deadline = setTimeout(() => this.onStartDeadline(deadlineMs), deadlineMs);
    const started = () => clearTimeout(deadline);
    this.starting.promise.then(started, started);
    await unlessAborted(this.starting.promise, signal, () => {
      this.starting.reject(signal!.reason as Error);
      return true;
    });
  }

  /**
   * Listens, and has the workers serve: whatever the model, each gets its connections by its `receiveConnections`,
   * which its entry has called. What a worker that has crashed had in hand is lost with it; what it had not taken yet
   * is not.
   *
   * @returns a promise that resolves when all workers serve.
   * @throws IoError (by the promise, as all) ESRCH: the runtime is not running; ENOENT: a worker receives no
   *   connections; what `listen` throws; ENOTSUP: this system or backend lacks what the model needs.
   * @throws TypeError, RangeError an option that makes no sense, named.
   * @throws whatever `signal` was aborted with, at once; what listens already is closed.
   */
  async listen(options: ServiceOptions): Promise<Service> {
    const values = serviceValues(options);
    const { signal } = values;
    signal?.throwIfAborted();
    if (this.started) await unlessAborted(this.starting.promise, signal);
    return await this.services.listen(values);
  }

  /**
   * Makes a work queue: workers receive its items by `receiveWork(currentWorker(), name)`, and each goes to one that is
   * free.
   *
   * @throws IoError ESRCH: before `start`; EALREADY: there is one of that name. @throws TypeError, RangeError an
   *   option, named.
   */
  workQueue<T = unknown, R = unknown>(name: string, options?: WorkQueueOptions): WorkQueue<T, R> {
    return workQueue(this.endpoint, name, options);
  }

  /**
   * Pauses all workers, as `workers[i].pause` does; those that have not run yet, or are started again, as soon as they
   * run.
   *
   * @param options aborting its `signal` later ends the wait; the workers stop all the same, and `resume` lets them go
   *   on.
   * @returns a promise that resolves when all have stopped, once they run. One that ends meanwhile is not waited for.
   * @throws IoError (by the promise) ESRCH: the runtime is not running, or does not come to run.
   */
  pause(options?: WaitOptions): Promise<void> {
    return waitWith(options, async () => {
      this.checkRunning('pause');
      this.paused = true;
      await this.starting.promise;
      // What fails here is a worker that has ended, which `onError` tells of.
      if (this.paused) await Promise.allSettled(this.workers.map(worker => worker.pause()));
    });
  }

  /** Lets all workers go on. Nothing if they are not paused; `stop` does the same. */
  resume(): void {
    this.paused = false;
    for (const worker of this.workers) worker.resume();
  }

  /**
   * Looks at all workers, and waits for none that hangs.
   * @throws TypeError, RangeError (by the promise) an option, named.
   */
  async snapshot(options: RuntimeSnapshotOptions = {}): Promise<RuntimeSnapshot> {
    const { own, timeoutMs } = checkedRuntimeSnapshot(options);
    return { workers: await Promise.all(this.workers.map(worker => worker.snapshot(own, timeoutMs))) };
  }

  /**
   * Lets the workers end: each goes on if it is paused, serves the clients in its backlog, runs its `onStop`, and ends
   * with the last thing it has open. No worker waits for another. Those that are left at the deadline are terminated.
   *
   * @param deadlineMs from now. Default: 10 seconds.
   * @param options aborting its `signal` ends the wait; the runtime stops all the same, by the same deadline.
   * @returns a promise that resolves when all have ended, and rejects with what one died of: an `onStop` that failed
   *   among it. What it resolves with says who was left at the deadline, which is no failure.
   * @throws IoError (by the promise, as all) ESRCH: it was not started.
   * @throws RangeError the deadline makes no sense.
   */
  stop(deadlineMs = 10_000, options?: EndOptions): Promise<RuntimeEnd> {
    return endWith(options, () => this.end(deadlineMs));
  }

  private async end(deadlineMs: number): Promise<RuntimeEnd> {
    if (!this.started) throw wrongState('ESRCH', 'stop', 'the runtime was not started');
    checkDeadline('deadlineMs', deadlineMs);
    const deadline = setTimeout(() => this.terminateLate(), deadlineMs);
    try {
      if (!this.stopping) {
        this.stopping = true;
        this.starting.reject(wrongState('ECANCELED', 'start', 'the runtime was stopped before all of its workers ran'));
        this.resume();
        for (const worker of this.workers) void this.stopWorker(worker);
      }
      return await this.ended.promise;
    } finally {
      clearTimeout(deadline);
    }
  }

  /**
   * Resolves when all workers have ended, as `stop` does; rejects with what one died of that was not started again.
   *
   * @param options aborting its `signal` ends the wait, and nothing else.
   * @throws IoError (by the promise) ESRCH: the runtime was not started.
   */
  async finished(options?: WaitOptions): Promise<RuntimeEnd> {
    const signal = signalOf(options);
    if (!this.started) throw wrongState('ESRCH', 'finished', 'the runtime was not started');
    return await unlessAborted(this.ended.promise, signal);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.started) await this.stop();
  }

  /** @internal */
  onReady(worker: RuntimeWorker, { mailbox }: WorkerAddress): void {
    if (this.stopping) return;
    // What its entry asks of this thread is answered while it still runs, and may be what it waits for.
    worker.contact = this.endpoint.peer(mailbox);
    introduce(this.workers);
  }

  /** @internal */
  onRunning(worker: RuntimeWorker): void {
    worker.begin();
    // Before it is told to serve. What fails is a worker that has ended, which is reported as that.
    if (this.paused) void worker.pause().catch(() => {});
    if (this.stopping) return;
    this.services.begin(worker);
    if (this.workers.every(({ hasRun }) => hasRun)) this.starting.resolve();
    if (worker.restarts > 0) this.callbacks.onRestart(worker);
  }

  /** @internal */
  onEnded(worker: RuntimeWorker, { threadId, failure }: WorkerEnd): void {
    this.endpoint.markEnded(threadId);
    if (failure !== undefined) this.callbacks.onError(failure, worker);
    const willReturn = this.mayReturn(worker, failure);
    this.services.onEnded(worker, willReturn);
    const others = this.workers.filter(other => other.isAlive);
    for (const other of others) other.tell({ kind: 'ended', threadId });
    this.cleanups.begin(threadId, others);
    this.cleanups.onEnded(worker);
    if (willReturn) {
      worker.restarts++;
      this.startWorker(worker);
    } else this.onLost(worker, failure);
  }

  /** @internal */
  onReleased(worker: RuntimeWorker, threadId: number): void {
    this.cleanups.onReleased(threadId, worker);
  }

  private async stopWorker(worker: RuntimeWorker): Promise<void> {
    await this.services.release(worker);
    worker.tell({ kind: 'stop' });
  }

  private terminateLate(): void {
    for (const worker of this.workers) {
      if (worker.isAlive) this.late.add(worker);
      void worker.terminate();
    }
  }

  private startWorker(worker: RuntimeWorker): void {
    const { entry, payload, reactor = {}, senders, processors, workerUrl } = this.options;
    const processor = processors[worker.index];
    const owner = this.endpoint.address;
    try {
      worker.start(workerUrl, { entry: entry.href, payload, reactor, senders, processor, owner });
    } catch (failure) {
      // There is no worker that could end: what was given can't be cloned any more, or the system has no room for one.
      this.callbacks.onError(failure as Error, worker);
      this.services.onEnded(worker, false);
      this.onLost(worker, failure as Error);
    }
  }

  /** A worker has ended that is not started again, or could not be started. */
  private onLost(worker: RuntimeWorker, failure: Error | undefined): void {
    this.failure ??= failure;
    if (failure !== undefined || !worker.hasRun) {
      const early = `worker '${worker.name}' ended before its entry was through`;
      this.starting.reject(failure ?? wrongState('ESRCH', 'start', early));
    }
    // One that ended before its reactor ran is waited for no more.
    if (!this.stopping) introduce(this.workers);
    if (this.workers.every(other => !other.isAlive)) void this.finish();
  }

  private mayReturn(worker: RuntimeWorker, failure: Error | undefined): boolean {
    const isAllowed = !this.stopping && !worker.wasTerminated;
    return failure !== undefined && isAllowed && worker.restarts < this.options.restarts;
  }

  private onStartDeadline(deadlineMs: number): void {
    const late = this.workers.flatMap(({ hasRun, name }) => (hasRun ? [] : `'${name}'`));
    const lateOnes = `the entry of ${late.join(', ')} is not through after ${deadlineMs} ms`;
    this.starting.reject(wrongState('ETIMEDOUT', 'start', `${lateOnes}; start(deadlineMs) waits longer`));
  }

  private checkRunning(call: string): void {
    if (!this.started || this.stopping || this.isOver) throw wrongState('ESRCH', call, 'the runtime is not running');
  }

  private async finish(): Promise<void> {
    this.isOver = true;
    this.signals.close();
    try {
      await this.services.close();
    } catch (failure) {
      this.failure ??= failure as Error;
    }
    if (this.options.endpoint === undefined) {
      // Senders to the last of them are told before the way to it is closed.
      await this.endpoint.endsTold();
      this.endpoint.close();
    }
    const terminated = [...this.late].filter(({ wasTerminated }) => wasTerminated).map(({ name }) => name);
    if (this.failure === undefined) this.ended.resolve({ terminated });
    else this.ended.reject(this.failure);
  }

  private get phase(): string {
    if (this.isOver) return 'over';
    if (this.stopping) return 'stopping';
    if (this.paused) return 'paused';
    return this.started ? 'running' : 'not started';
  }

  static {
    describeBy('Runtime', Runtime.prototype, runtime => ({
      state: runtime.phase,
      workers: runtime.workers.length,
      alive: runtime.workers.filter(({ isAlive }) => isAlive).length,
      services: runtime.services.size,
      failure: runtime.failure?.message,
    }));
  }
}
