/** A worker of a runtime, as its owner sees it: one thread after another, if it crashes. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { describeBy } from '../../base/inspection.js';
import { Worker } from 'node:worker_threads';
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import { LOADING_MS } from '../../core/limits.js';
import type { AcceptRequest } from '../service/worker-services.js';
import type { Peer } from '../endpoint/peer.js';
import type { MessageTypes } from '../messages/message-types.js';
import { leaveCleanup } from '../../api/plain-workers.js';
import { settling, type Settling } from '../../api/settling.js';
import { endWith, waitWith, type EndOptions, type WaitOptions } from '../../api/waiting.js';
import type { ToOwner, ToWorker, WorkerAddress, WorkerSetup } from './control.js';
import { SnapshotRequests } from './snapshot-requests.js';
import type { SnapshotOptions } from '../../observe/thread-snapshot.js';
import type { WorkerSnapshot } from '../../observe/runtime-snapshot.js';
import { beginLoading, endLoading, loadedWord } from './loading.js';

/** How a worker has ended. */
export interface WorkerEnd {
  readonly threadId: number;
  /** What it died of; undefined if it was no crash. */
  readonly failure: Error | undefined;
}

export interface RuntimeWorkerOwner {
  onReady(worker: RuntimeWorker, address: WorkerAddress): void;
  onRunning(worker: RuntimeWorker): void;
  onEnded(worker: RuntimeWorker, end: WorkerEnd): void;
  onReleased(worker: RuntimeWorker, threadId: number): void;
}

/**
 * A worker of a runtime, as its owner sees it.
 *
 * @typeParam Messages what the runtime's workers take and answer, if it is declared.
 */
export class RuntimeWorker<Messages extends MessageTypes = MessageTypes> {
  /** @internal */
  address: WorkerAddress | undefined = undefined;
  /** @internal What `peer` will be, once its reactor runs. */
  contact: Peer<Messages> | undefined = undefined;
  /** How often it was started again after a crash. */
  restarts = 0;
  /** @internal Its entry has been loaded and run; it may have ended since. */
  hasRun = false;
  /** @internal It knows the others, and they know it. */
  isIntroduced = false;
  /** @internal It is ended from here, or was: no crash. */
  wasTerminated = false;
  private lastPeer: Peer<Messages> | undefined = undefined;
  private terminating: Promise<unknown> | undefined = undefined;
  private thread: Worker | undefined = undefined;
  /** Resolves when its thread may be ended, or has ended. */
  private loading: Settling<void> = settling();
  /** Those who wait for it to be paused, in the order of its replies. */
  private pausing: Settling<void>[] = [];
  /** Requests that wait for a reply, by number. */
  private readonly asked = new Map<number, Settling<void>>();
  private lastNumber = 0;
  private readonly snapshots = new SnapshotRequests();

  /** @internal */
  constructor(
    readonly index: number,
    readonly name: string,
    private readonly owner: RuntimeWorkerOwner,
  ) {}

  /**
   * The way to send to it. After a crash that is the peer of the thread that has ended (`isGone`), until the worker
   * runs again.
   *
   * @throws IoError ESRCH: its entry has not run yet.
   */
  get peer(): Peer<Messages> {
    if (this.lastPeer !== undefined) return this.lastPeer;
    throw wrongState('ESRCH', 'peer', `worker '${this.name}' has not run yet; await runtime.start() first`);
  }

  /** Whether its entry has run, and its thread lives. */
  get isRunning(): boolean {
    return this.hasRun && this.contact !== undefined;
  }

  get isAlive(): boolean {
    return this.thread !== undefined;
  }

  /** @internal @param firstModule runs first, and then the entry. */
  start(firstModule: URL, setup: Omit<WorkerSetup, 'index' | 'name' | 'loaded'>): void {
    const loaded = loadedWord();
    const workerData: WorkerSetup = { ...setup, index: this.index, name: this.name, loaded };
    const thread = new Worker(new URL(firstModule.href), { workerData, name: this.name });
    leaveCleanup(thread);
    // 0 once it has ended.
    const { threadId } = thread;
    let failure: Error | undefined;
    const loading = settling<void>();
    const onLoaded = () => {
      endLoading(loaded);
      loading.resolve();
    };
    beginLoading(loaded);
    this.loading = loading;
    this.thread = thread;
    this.wasTerminated = this.hasRun = this.isIntroduced = false;
    this.terminating = undefined;
    thread.on('message', (message: ToOwner) => {
      if (message.kind === 'ready') {
        onLoaded();
        this.address = { index: this.index, name: this.name, mailbox: message.address };
        this.owner.onReady(this, this.address);
      } else if (message.kind === 'running') this.owner.onRunning(this);
      else if (message.kind === 'reply') this.onReply(message.number, message.failure);
      else if (message.kind === 'snapshot') this.snapshots.onAnswer(message.number, message.snapshot);
      else if (message.kind === 'paused') this.pausing.shift()?.resolve();
      else this.owner.onReleased(this, message.threadId);
    });
    thread.on('error', (error: Error) => (failure = error));
    thread.on('exit', code => {
      onLoaded();
      this.thread = this.address = this.contact = undefined;
      for (const number of [...this.asked.keys()])
        this.onReply(number, wrongState('ESRCH', 'worker', `worker '${this.name}' has ended`));
      this.snapshots.giveUp();
      for (const waiting of this.pausing.splice(0)) {
        waiting.reject(wrongState('ESRCH', 'pause', `worker '${this.name}' ended before it was paused`));
      }
      // It came to its end by itself after all.
      if (code === 0) this.wasTerminated = false;
      if (code !== 0 && !this.wasTerminated)
        failure ??= new Error(`worker '${this.name}' ended with exit code ${code}`);
      this.owner.onEnded(this, { threadId, failure });
    });
  }

  /** @internal Its entry has run. */
  begin(): void {
    this.hasRun = true;
    this.lastPeer = this.contact ?? this.lastPeer;
  }

  /** @internal */
  tell(message: ToWorker): void {
    this.thread?.postMessage(message);
  }

  /**
   * Asks the worker to do something.
   *
   * @returns a promise that resolves when it is done. @throws (by it) what the worker says, or that it has ended.
   * @internal
   */
  ask(request: AcceptRequest): Promise<void> {
    if (this.thread === undefined)
      return Promise.reject(wrongState('ESRCH', 'worker', `worker '${this.name}' has ended`));
    const number = ++this.lastNumber;
    const waiting = settling<void>();
    this.asked.set(number, waiting);
    this.tell({ kind: 'request', number, request });
    return waiting.promise;
  }

  /**
   * @param timeoutMs how long it is waited for.
   * @internal
   */
  async snapshot(options: SnapshotOptions, timeoutMs: number): Promise<WorkerSnapshot> {
    const { index, name, restarts } = this;
    const common = { index, name, restarts };
    if (this.thread === undefined) return { ...common, state: 'ended', thread: undefined };
    if (this.address === undefined) return { ...common, state: 'starting', thread: undefined };
    const thread = await this.snapshots.ask(timeoutMs, number => this.tell({ kind: 'snapshot', number, options }));
    if (thread !== undefined) return { ...common, state: thread.state === 'paused' ? 'paused' : 'running', thread };
    return { ...common, state: this.isAlive ? 'hung' : 'ended', thread };
  }

  /**
   * Stops the worker's reactor: its listeners accept nothing, its connections and queues receive nothing, so that peers
   * and senders are held back, and its timers wait. What it has of Node, timers and `fetch` among it, goes on.
   *
   * @param options aborting its `signal` later ends the wait; the worker stops all the same.
   * @returns a promise that resolves when it has stopped, which is once its present turn is over.
   * @throws IoError (by the promise) ESRCH: it is not running, or ends before.
   */
  pause(options?: WaitOptions): Promise<void> {
    return waitWith(options, () => this.beginPause());
  }

  private beginPause(): Promise<void> {
    if (!this.isRunning) return Promise.reject(wrongState('ESRCH', 'pause', `worker '${this.name}' is not running`));
    const waiting = settling<void>();
    this.pausing.push(waiting);
    // Told each time: it may have been resumed since, and have yet to hear of both.
    this.tell({ kind: 'pause' });
    return waiting.promise;
  }

  /** Lets a paused worker go on. Nothing if it is not paused; stopping the runtime does the same. */
  resume(): void {
    this.tell({ kind: 'resume' });
  }

  /**
   * Ends the worker now, wherever it is, and for good: it is not started again, and it has not failed. What it had open
   * is closed. Twice is allowed. One that is just being started ends as soon as its reactor runs.
   *
   * @param options aborting its `signal` ends the wait; the worker ends all the same.
   */
  terminate(options?: EndOptions): Promise<void> {
    return endWith(options, async () => {
      this.wasTerminated = true;
      // Each call of `Worker.terminate` adds a listener to the thread, and a thread in a call of the kernel ends when
      // that returns.
      this.terminating ??= this.thread && this.endThread(this.thread);
      await this.terminating;
    });
  }

  private async endThread(thread: Worker): Promise<void> {
    const { promise, resolve } = this.loading;
    const deadline = setTimeout(resolve, LOADING_MS);
    await promise;
    clearTimeout(deadline);
    await thread.terminate();
  }

  private onReply(number: number, failure: unknown): void {
    const waiting = this.asked.get(number)!;
    this.asked.delete(number);
    if (failure === undefined) waiting.resolve();
    else waiting.reject(failure as Error);
  }

  static {
    describeBy('RuntimeWorker', RuntimeWorker.prototype, ({ index, name, isAlive, thread, restarts }) => ({
      state: isAlive ? 'alive' : 'ended',
      index,
      name,
      thread: thread?.threadId,
      restarts,
    }));
  }
}
