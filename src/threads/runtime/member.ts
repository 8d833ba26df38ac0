/** A thread of a runtime, seen by the owner: one worker after another, should it crash. */
import { describeBy } from '../../base/inspection.js';
import { Worker } from 'node:worker_threads';
import { clearTimeout, setTimeout } from '../../base/runtime-functions.js';
import { LOADING_MS } from '../../core/limits.js';
import type { AcceptRequest } from '../service/inlet.js';
import type { Peer } from '../endpoint/peer.js';
import type { MessageTypes } from '../messages/message-types.js';
import { buryOneself } from '../../api/plain-workers.js';
import { settling, type Settling } from '../../api/settling.js';
import { endWith, waitWith, type EndOptions, type WaitOptions } from '../../api/waiting.js';
import type { Birth, Neighbour, ToOwner, ToThread } from './control.js';
import { beginLoading, endLoading, loadedWord } from './loading.js';

/** How a worker has ended. */
export interface WorkerEnd {
  readonly threadId: number;
  /** What it died of; undefined if it was no crash. */
  readonly failure: Error | undefined;
}

export interface MemberOwner {
  onBorn(member: Member, neighbour: Neighbour): void;
  onRunning(member: Member): void;
  onEnded(member: Member, end: WorkerEnd): void;
  onBuried(member: Member, threadId: number): void;
}

/** @typeParam Messages what the runtime's threads take and answer, if it is declared. */
export class Member<Messages extends MessageTypes = MessageTypes> {
  /** How to send to it; undefined until its entry has run, and while it is being started again. */
  peer: Peer<Messages> | undefined = undefined;
  /** @internal */
  neighbour: Neighbour | undefined = undefined;
  /** @internal What `peer` will be, from its birth on. */
  contact: Peer<Messages> | undefined = undefined;
  /** How often it was started again after a crash. */
  restarts = 0;
  /** @internal Its entry has been loaded and run; it may have ended since. */
  hasRun = false;
  /** @internal It knows the others, and they know it. */
  isIntroduced = false;
  /** @internal It is ended from here, or was: no crash. */
  wasTerminated = false;
  private terminating: Promise<unknown> | undefined = undefined;
  private worker: Worker | undefined = undefined;
  /** Resolves when its worker may be ended, or has ended. */
  private loading: Settling<void> = settling();
  /** Those who wait for it to be paused, in the order of its replies. */
  private pausing: Settling<void>[] = [];
  /** Requests that wait for a reply, by number. */
  private readonly asked = new Map<number, Settling<void>>();
  private lastNumber = 0;

  /** @internal */
  constructor(
    readonly index: number,
    readonly name: string,
    private readonly owner: MemberOwner,
  ) {}

  get isAlive(): boolean {
    return this.worker !== undefined;
  }

  /** @internal */
  start(birth: Omit<Birth, 'index' | 'name' | 'loaded'>): void {
    const loaded = loadedWord();
    const workerData: Birth = { ...birth, index: this.index, name: this.name, loaded };
    const worker = new Worker(new URL('worker.js', import.meta.url), { workerData, name: this.name });
    buryOneself(worker);
    // 0 once it has ended.
    const { threadId } = worker;
    let failure: Error | undefined;
    const loading = settling<void>();
    const onLoaded = () => {
      endLoading(loaded);
      loading.resolve();
    };
    beginLoading(loaded);
    this.loading = loading;
    this.worker = worker;
    this.wasTerminated = this.hasRun = this.isIntroduced = false;
    this.terminating = undefined;
    worker.on('message', (message: ToOwner) => {
      if (message.kind === 'born') {
        onLoaded();
        this.neighbour = { index: this.index, name: this.name, address: message.address };
        this.owner.onBorn(this, this.neighbour);
      } else if (message.kind === 'running') this.owner.onRunning(this);
      else if (message.kind === 'reply') this.onReply(message.number, message.failure);
      else if (message.kind === 'paused') this.pausing.shift()?.resolve();
      else this.owner.onBuried(this, message.threadId);
    });
    worker.on('error', (error: Error) => (failure = error));
    worker.on('exit', code => {
      onLoaded();
      this.worker = this.neighbour = this.contact = this.peer = undefined;
      for (const number of [...this.asked.keys()]) this.onReply(number, new Error(`thread '${this.name}' has ended`));
      for (const waiting of this.pausing.splice(0)) {
        waiting.reject(new Error(`thread '${this.name}' ended before it was paused`));
      }
      // It came to its end by itself after all.
      if (code === 0) this.wasTerminated = false;
      if (code !== 0 && !this.wasTerminated)
        failure ??= new Error(`thread '${this.name}' ended with exit code ${code}`);
      this.owner.onEnded(this, { threadId, failure });
    });
  }

  /** @internal */
  tell(message: ToThread): void {
    this.worker?.postMessage(message);
  }

  /**
   * Asks the thread to do something.
   *
   * @returns a promise that resolves when it is done. @throws (by it) what the thread says, or that it has ended.
   * @internal
   */
  ask(request: AcceptRequest): Promise<void> {
    if (this.worker === undefined) return Promise.reject(new Error(`thread '${this.name}' has ended`));
    const number = ++this.lastNumber;
    const waiting = settling<void>();
    this.asked.set(number, waiting);
    this.tell({ kind: 'request', number, request });
    return waiting.promise;
  }

  /**
   * Stops the thread's reactor: its listeners accept nothing, its connections and queues receive nothing, so that peers and
   * senders are held back, and its timers wait. What it has of Node, timers and `fetch` among it, goes on.
   *
   * @param options aborting its `signal` later ends the wait; the thread stops all the same.
   * @returns a promise that resolves when it has stopped, which is once its present turn is over.
   * @throws Error (by the promise) it is not running, or ends before.
   */
  pause(options?: WaitOptions): Promise<void> {
    return waitWith(options, () => this.beginPause());
  }

  private beginPause(): Promise<void> {
    if (this.peer === undefined) return Promise.reject(new Error(`pause: thread '${this.name}' is not running`));
    const waiting = settling<void>();
    this.pausing.push(waiting);
    // Told each time: it may have been resumed since, and have yet to hear of both.
    this.tell({ kind: 'pause' });
    return waiting.promise;
  }

  /** Lets a paused thread go on. Nothing if it is not paused; stopping the runtime does the same. */
  resume(): void {
    this.tell({ kind: 'resume' });
  }

  /**
   * Ends the thread now, wherever it is, and for good: it is not started again, and it has not failed. What it had open is
   * closed. Twice is allowed. One that is just being started ends as soon as its reactor runs.
   *
   * @param options aborting its `signal` ends the wait; the thread ends all the same.
   */
  terminate(options?: EndOptions): Promise<void> {
    return endWith(options, async () => {
      this.wasTerminated = true;
      // Each call of the worker's adds a listener to it, and a thread in a call of the kernel ends when that returns.
      this.terminating ??= this.worker && this.endWorker(this.worker);
      await this.terminating;
    });
  }

  private async endWorker(worker: Worker): Promise<void> {
    const { promise, resolve } = this.loading;
    const deadline = setTimeout(resolve, LOADING_MS);
    await promise;
    clearTimeout(deadline);
    await worker.terminate();
  }

  private onReply(number: number, failure: unknown): void {
    const waiting = this.asked.get(number)!;
    this.asked.delete(number);
    if (failure === undefined) waiting.resolve();
    else waiting.reject(failure as Error);
  }

  static {
    describeBy('Member', Member.prototype, ({ index, name, isAlive, worker, restarts }) => ({
      state: isAlive ? 'alive' : 'ended',
      index,
      name,
      thread: worker?.threadId,
      restarts,
    }));
  }
}
