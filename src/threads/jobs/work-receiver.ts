/** The receiving end of a work queue: it tells how many items it waits for, and has no more of them at a time. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { checkCallback, checkObject, kindOf } from '../../base/arguments.js';
import { describeBy } from '../../base/inspection.js';
import { valuesOf } from '../../base/options.js';
import { threadState } from '../../base/thread-state.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { Pull, PullIterator } from '../../api/pull.js';
import { settling, type Settling } from '../../api/settling.js';
import { currentReactor } from '../../api/thread-reactor.js';
import { throwLater } from '../../api/throw-later.js';
import { endWith, type EndOptions } from '../../api/waiting.js';
import { Endpoint } from '../endpoint/endpoint.js';
import { Peer } from '../endpoint/peer.js';
import { checkName } from '../messages/checks.js';
import type { Message } from '../messages/message.js';
import type { QueueSender } from '../messages/queue-sender.js';
import type { RequestHandler } from '../messages/request-handlers.js';
import { Job } from './job.js';
import { RECEIVE_WORK_OPTIONS, type ReceiveWorkOptions } from './options.js';
import { ALL_TOLD, channelName, notStarted, packPlaces } from './protocol.js';

/** Where work is received: `currentWorker()` is one. */
export interface WorkPlace {
  /** This thread's own. */
  readonly endpoint: Endpoint;
  /** The thread that has the work queue. */
  readonly owner: Peer;
}

const ONE_PLACE = packPlaces(1);

/** Receives items of a work queue. `receiveWork` makes one. */
export class WorkReceiver<T = unknown, R = unknown> implements AsyncIterable<Job<T, R>> {
  private readonly scope = new AsyncScope('POLLUX_WORK');
  private readonly sender: QueueSender<Uint8Array>;
  private readonly pull = new Pull<Job<T, R>>(this);
  private underWay = 0;
  private idle: Settling<void> | undefined = undefined;
  private isClosed = false;
  private isKept = false;

  /** @internal Made by `receiveWork`. */
  constructor(
    private readonly place: WorkPlace,
    readonly name: string,
    private readonly onItem: RequestHandler<T, R> | undefined,
    atOnce: number,
  ) {
    this.sender = place.owner.sender<Uint8Array>(channelName(name));
    if (onItem !== undefined) this.offer(packPlaces(-atOnce));
    this.updateKeepAlive();
  }

  /**
   * `for await (const job of receiver)`: one item at a time for each loop. Going on to the next finishes a job of which
   * no outcome was told; leaving the loop fails it. After `close` the loop ends.
   *
   * @throws IoError (by `next`) EBUSY: the receiver has a handler.
   */
  [Symbol.asyncIterator](): AsyncIterator<Job<T, R>> {
    let job: Job<T, R> | undefined;
    const onLeave = () => job?.leave(false);
    const loop = new PullIterator(this.pull, (next: Job<T, R>) => (job = next), onLeave);
    return {
      next: () => {
        job?.leave(true);
        job = undefined;
        return loop.next();
      },
      return: () => loop.return(),
    };
  }

  /**
   * Receives no more: what this thread was given and has not begun with goes to others.
   *
   * @param options aborting its `signal` ends the wait alone.
   * @returns (by the promise) when the owner of the queue was told the outcome of all that this thread had begun with.
   */
  close(options?: EndOptions): Promise<void> {
    return endWith(options, async () => {
      this.isClosed = true;
      this.pull.end();
      this.updateKeepAlive();
      if (this.underWay > 0) await (this.idle ??= settling()).promise;
      // The answer comes after all outcomes, and one that says that nobody answers is as good.
      await this.place.owner.request(ALL_TOLD, undefined).catch(() => {});
    });
  }

  /** @internal */
  get isOpen(): boolean {
    return !this.isClosed;
  }

  /** @internal */
  checkFree(call: string): void {
    if (this.onItem === undefined) return;
    throw wrongState('EBUSY', call, `the receiver of '${this.name}' has a handler; receive in one way`);
  }

  /** @internal An item is sent for each that waits: a worker that dies has begun with those that it was given. */
  takeNext(): null | undefined {
    if (this.isClosed) return null;
    this.offer(ONE_PLACE);
    return undefined;
  }

  /** @internal */
  onWaiting(): void {
    this.updateKeepAlive();
  }

  /** @internal An item came. */
  take(message: Message<T>): unknown {
    if (this.isClosed) throw notStarted();
    return this.onItem === undefined ? this.takeByLoop(message) : this.takeByHandler(this.onItem, message);
  }

  private takeByHandler(onItem: RequestHandler<T, R>, message: Message<T>): unknown {
    this.underWay++;
    let outcome: unknown;
    try {
      outcome = this.scope.run(onItem, undefined, message);
    } catch (error) {
      this.onTold();
      throw error;
    }
    if (typeof (outcome as PromiseLike<unknown> | undefined)?.then !== 'function') {
      this.onTold();
      return outcome;
    }
    return this.scope.run(promiseOf, undefined, outcome as PromiseLike<unknown>).finally(() => this.onTold());
  }

  private takeByLoop(message: Message<T>): Promise<unknown> {
    // It asked, and has left.
    if (!this.pull.isWaiting) throw notStarted();
    let value: T;
    try {
      value = message.value;
    } catch (error) {
      // It can't be read here, which is its sender's affair: the loop waits for the next.
      this.offer(ONE_PLACE);
      throw error;
    }
    this.underWay++;
    const outcome = settling<unknown>();
    this.pull.give(new Job<T, R>(value, outcome));
    return outcome.promise.finally(() => this.onTold());
  }

  private onTold(): void {
    this.underWay--;
    if (this.underWay === 0) this.idle?.resolve();
  }

  private offer(places: Uint8Array): void {
    const { owner } = this.place;
    // From an owner that has gone nothing comes.
    if (owner.isGone || this.sender.trySend(places)) return;
    void this.sender.send(places).catch((failure: unknown) => {
      if (!owner.isGone) throwLater(currentReactor(), failure);
    });
  }

  private updateKeepAlive(): void {
    const isKept = !this.isClosed && (this.onItem !== undefined || this.pull.isWaiting);
    if (isKept !== this.isKept) this.place.endpoint.onReceiving(isKept ? 1 : -1);
    this.isKept = isKept;
  }

  static {
    describeBy('WorkReceiver', WorkReceiver.prototype, ({ name, isClosed, underWay }) => ({
      state: isClosed ? 'closed' : 'open',
      name,
      underWay,
    }));
  }
}

function promiseOf(value: PromiseLike<unknown>): Promise<unknown> {
  return Promise.resolve(value);
}

/** Those of this thread, by the name of the queue; the last one if there were several. */
const receivers = threadState('work receivers', () => new WeakMap<Endpoint, Map<string, WorkReceiver>>());

/**
 * Receives items of a work queue that another thread has. A thread receives by a handler or by `for await`. A worker
 * that is stopped closes its receivers.
 *
 * @param place `currentWorker()`, or this thread's endpoint and the peer that has the queue.
 * @param onItem what to do with an item; what it returns, or its promise, is what `run` resolves with. Without it,
 *   iterate what this returns.
 * @throws IoError EALREADY: this thread receives from a queue of that name; EBADF: the endpoint is closed; EPIPE: the
 *   owner has ended.
 * @throws TypeError, RangeError an argument or option that makes no sense, named.
 * @example
 *     receiveWork<Uint8Array, string>(currentWorker(), 'digest', ({ value }) => sha256(value));
 * @example
 *     for await (const job of receiveWork<string>(currentWorker(), 'mail')) job.finish(await deliver(job.value));
 */
export function receiveWork<T = unknown, R = unknown>(
  place: WorkPlace,
  name: string,
  onItem?: RequestHandler<T, R>,
  options: ReceiveWorkOptions = {},
): WorkReceiver<T, R> {
  checkObject('place', place, ': currentWorker(), or { endpoint, owner }');
  const { endpoint, owner } = place;
  if (!(endpoint instanceof Endpoint)) throw new TypeError(`place.endpoint: ${kindOf(endpoint)}; allowed: an Endpoint`);
  if (!(owner instanceof Peer)) throw new TypeError(`place.owner: ${kindOf(owner)}; allowed: a Peer`);
  checkName(name);
  checkCallback('onItem', onItem);
  const { atOnce } = valuesOf(RECEIVE_WORK_OPTIONS, options);
  const known = receivers.get(endpoint) ?? new Map<string, WorkReceiver>();
  const before = known.get(name);
  if (before?.isOpen === true)
    throw wrongState('EALREADY', 'receiveWork', `this thread receives items of '${name}' already`);
  // One answers for the next: what came late for a receiver that is closed, its successor may have.
  if (before === undefined) endpoint.serve(channelName(name), message => known.get(name)!.take(message));
  const receiver = new WorkReceiver<T, R>({ endpoint, owner }, name, onItem, atOnce);
  receivers.set(endpoint, known.set(name, receiver as WorkReceiver));
  return receiver;
}

/** @internal The thread is about to end: what it has begun with is done and told, and nothing comes any more. */
export async function leaveWork(endpoint: Endpoint): Promise<void> {
  await Promise.all([...(receivers.get(endpoint)?.values() ?? [])].map(receiver => receiver.close()));
}
