/** A work queue: one thread has items, many threads receive them, and each item goes to one that is free. */
import { wrongState, type IoError } from '../../sys/ffi/io-error.js';
import { kindOf } from '../../base/arguments.js';
import { describeBy } from '../../base/inspection.js';
import { valuesOf, type OptionValues } from '../../base/options.js';
import { setImmediate } from '../../base/runtime-functions.js';
import { threadState } from '../../base/thread-state.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import { settling, type Settling } from '../../api/settling.js';
import { endWith, signalOf, type EndOptions, type WaitOptions } from '../../api/waiting.js';
import { REQUEST } from '../endpoint/channel.js';
import { Endpoint } from '../endpoint/endpoint.js';
import type { Asked } from '../endpoint/peer.js';
import { checkName } from '../messages/checks.js';
import { encode, type Encoded } from '../messages/message.js';
import type { Sendable } from '../messages/message-types.js';
import type { Queue } from '../messages/queue.js';
import { Line } from './line.js';
import { WORK_OPTIONS, WORK_QUEUE_OPTIONS, type WorkOptions, type WorkQueueOptions } from './options.js';
import { channelName, isNotStarted, unpackPlaces } from './protocol.js';
import { Receivers, type Receiver, type WorkReceiverCounters } from './receivers.js';
import { WorkItem } from './work-item.js';

export type { WorkQueueOptions } from './options.js';

/** What a work queue has. */
export interface WorkQueueCounters {
  /** Items that no receiver has. */
  readonly waiting: number;
  /** Items in the hands of receivers. */
  readonly inHand: number;
  /** What all of them take, 1 KiB for each beside its bytes. */
  readonly bytes: number;
  /** The threads that receive. */
  readonly receivers: readonly WorkReceiverCounters[];
}

/**
 * Gives items to threads that are free. `workQueue` and `runtime.workQueue` make one.
 *
 * @typeParam T an item. @typeParam R what a receiver makes of it.
 */
export class WorkQueue<T = unknown, R = unknown> {
  private readonly line = new Line();
  private readonly receivers = new Receivers();
  private readonly places: Queue<Uint8Array>;
  private readonly channel: string;
  private state: 'open' | 'draining' | 'closed' = 'open';
  private items = 0;
  private bytes = 0;
  private readonly awaitingRoom: Settling<void>[] = [];
  private emptied: Settling<void> | undefined = undefined;

  /** @internal Made by `workQueue`. */
  constructor(
    endpoint: Endpoint,
    readonly name: string,
    private readonly options: OptionValues<typeof WORK_QUEUE_OPTIONS>,
  ) {
    this.channel = channelName(name);
    this.places = endpoint.queue<Uint8Array>(this.channel);
    this.places.onMessage = ({ from, bytes }) => {
      const places = unpackPlaces(bytes);
      endpoint.withPeer(from, peer => {
        this.receivers.addPlaces(peer, places);
        this.dispatch();
      });
    };
    endpoint.addWorkQueue(this);
  }

  /** Items that no receiver has. */
  get length(): number {
    return this.line.length;
  }

  get counters(): WorkQueueCounters {
    const { items, bytes, line } = this;
    return { waiting: line.length, inHand: items - line.length, bytes, receivers: this.receivers.counters };
  }

  /**
   * Gives an item to a receiver that is free, or to the first that will be. If the receiver dies before it has begun
   * with the item, another gets it.
   *
   * @param item cloned, or copied if it is bytes; a BufferList is left empty.
   * @returns (by the promise) what the receiver made of it.
   * @throws what the receiver threw, as `peer.request` has it.
   * @throws IoError (by the promise, as all) ESRCH: the receiver has died with the item in hand, and so had `starts` of
   *   them; what it did before is unknown. ECANCELED: the queue was closed, and no receiver has begun with the item.
   * @throws IoError ENOBUFS: the queue has all the items or bytes that it may have; EBADF: it takes no more.
   * @throws TypeError, RangeError it can't be cloned, or is longer than half of the receiver's mailbox; an option.
   * @throws the signal's reason.
   * @example
   *     const thumbnail = await queue.run(image, { signal: AbortSignal.timeout(1000) });
   */
  async run(item: Sendable<T>, options: WorkOptions = {}): Promise<R> {
    const { starts, signal } = valuesOf(WORK_OPTIONS, options);
    signal?.throwIfAborted();
    if (this.state !== 'open') throw wrongState('EBADF', 'run', `work queue '${this.name}' takes no more items`);
    const work = new WorkItem(this.ownBytes(encode(item)), starts);
    this.items++;
    this.bytes += work.costBytes;
    this.line.add(work);
    this.dispatch();
    return (await unlessAborted(work.outcome.promise, signal, () => this.giveUp(work))) as R;
  }

  /**
   * Waits until the queue has room for an item. Several that wait are told in turn, each while there is room.
   *
   * @throws IoError (by the promise) EBADF: the queue takes no more. @throws the signal's reason.
   */
  async room(options?: WaitOptions): Promise<void> {
    const signal = signalOf(options);
    if (this.state === 'open' && !this.isFull) return;
    const waiting = settling<void>();
    this.awaitingRoom.push(waiting);
    if (this.state !== 'open') this.tellRoom();
    await unlessAborted(waiting.promise, signal, () => {
      const at = this.awaitingRoom.indexOf(waiting);
      if (at >= 0) this.awaitingRoom.splice(at, 1);
      return at >= 0;
    });
  }

  /**
   * Takes no more items.
   *
   * @param options aborting its `signal` ends the wait alone.
   * @returns (by the promise) when all items are told. Without a receiver that does not come: `close` calls off what
   *   waits.
   */
  drain(options?: EndOptions): Promise<void> {
    return endWith(options, async () => {
      if (this.state === 'open') this.state = 'draining';
      this.tellRoom();
      this.emptied ??= settling();
      if (this.items === 0) this.end();
      await this.emptied.promise;
    });
  }

  /**
   * Takes no more items, and calls off those that no receiver has begun with. The others are told. Twice is allowed.
   */
  close(): void {
    this.state = 'closed';
    this.tellRoom();
    for (let work = this.line.take(); work !== undefined; work = this.line.take()) this.callOff(work);
    if (this.items === 0) this.end();
  }

  /** As `drain`. */
  async [Symbol.asyncDispose](): Promise<void> {
    await this.drain();
  }

  private get isFull(): boolean {
    return this.items >= this.options.maxItems || this.bytes >= this.options.maxBytes;
  }

  /** @throws IoError ENOBUFS: there is no room for it, and nothing was done. */
  private ownBytes({ payload, isValue }: Encoded): Encoded {
    const { maxItems, maxBytes } = this.options;
    if (this.isFull || this.bytes + payload.length > maxBytes) {
      throw wrongState(
        'ENOBUFS',
        'run',
        `work queue '${this.name}' has ${this.items} items of ${this.bytes} bytes; allowed: ${maxItems}, ${maxBytes} bytes`,
      );
    }
    // What was serialised is nobody else's.
    if (isValue) return { payload, isValue };
    const own = payload instanceof BufferList ? payload.toBytes() : new Uint8Array(payload);
    if (payload instanceof BufferList) payload.release();
    return { payload: own, isValue };
  }

  private dispatch(): void {
    while (this.line.length > 0) {
      const receiver = this.receivers.freest();
      if (receiver === undefined) return;
      this.give(this.line.take()!, receiver);
    }
  }

  private give(work: WorkItem, receiver: Receiver): void {
    const { peer } = receiver;
    let asked: Asked;
    try {
      asked = peer.askEncoded(REQUEST, this.channel, work.encoded, { revocable: true });
    } catch (failure) {
      // One that has gone is given nothing any more.
      if (peer.isGone) this.line.putBack(work);
      else this.tell(work, () => work.outcome.reject(failure as Error));
      return;
    }
    this.receivers.onGiven(receiver);
    work.given = { receiver, asked };
    asked.waiting.promise.then(
      value => {
        this.receivers.onTold(receiver, true);
        this.tell(work, () => work.outcome.resolve(value));
        this.dispatch();
      },
      (failure: unknown) => this.onFailure(work, receiver, asked, failure),
    );
  }

  private onFailure(work: WorkItem, receiver: Receiver, asked: Asked, failure: unknown): void {
    const { peer } = receiver;
    work.given = undefined;
    const hasBegun = !isNotStarted(failure) && !(asked.isRefused && peer.takeBack(asked));
    this.receivers.onTold(receiver, hasBegun);
    if (hasBegun && !asked.isRefused) this.tell(work, () => work.outcome.reject(failure as Error));
    else if (hasBegun && --work.startsLeft === 0) this.tell(work, () => work.outcome.reject(lostWith(receiver)));
    else if (this.state === 'closed' || !work.isWanted) this.callOff(work);
    else this.line.putBack(work);
    this.dispatch();
  }

  /** The caller does not wait any more. @returns false: the outcome is about to be told. */
  private giveUp(work: WorkItem): boolean {
    if (work.isTold) return false;
    const { given } = work;
    work.isWanted = false;
    if (given === undefined) this.line.remove(work);
    else if (given.receiver.peer.takeBack(given.asked)) this.receivers.onTakenBack(given.receiver);
    else return true;
    this.callOff(work);
    this.dispatch();
    return true;
  }

  private callOff(work: WorkItem): void {
    const why = `work queue '${this.name}' was closed before a receiver began with the item`;
    this.tell(work, () => work.outcome.reject(wrongState('ECANCELED', 'run', why)));
  }

  private tell(work: WorkItem, settle: () => void): void {
    work.isTold = true;
    this.items--;
    this.bytes -= work.costBytes;
    settle();
    if (this.state !== 'open') {
      if (this.items === 0) this.end();
    } else this.giveRoom();
  }

  /** One gets the room at a time: the next one only if it is still there once that one could use it. */
  private readonly giveRoom = (): void => {
    if (this.isFull) return;
    const waiting = this.awaitingRoom.shift();
    if (waiting === undefined) return;
    waiting.resolve();
    if (this.awaitingRoom.length > 0) setImmediate(this.giveRoom);
  };

  /** Nobody gets room any more. */
  private tellRoom(): void {
    const failure = wrongState('EBADF', 'room', `work queue '${this.name}' takes no more items`);
    for (const waiting of this.awaitingRoom.splice(0)) waiting.reject(failure);
  }

  /** All is told: it keeps its thread alive no more. */
  private end(): void {
    this.places.onMessage = undefined;
    this.emptied?.resolve();
  }

  static {
    describeBy('WorkQueue', WorkQueue.prototype, ({ name, state, counters }) => ({
      state,
      name,
      ...counters,
      receivers: counters.receivers.length,
    }));
  }
}

function lostWith({ peer }: Receiver): IoError {
  if (!peer.isGone) return wrongState('ECANCELED', 'run', `the way to thread ${peer.threadId} was closed here`);
  return wrongState('ESRCH', 'run', `thread ${peer.threadId} has ended with the item in hand`);
}

/** Those of this thread. */
const queues = threadState('work queues', () => new WeakMap<Endpoint, Set<string>>());

/**
 * Makes a work queue, whose items other threads receive by `receiveWork`. In a runtime, `runtime.workQueue` is shorter.
 *
 * @param endpoint of this thread; the queue is closed with it.
 * @param name by which receivers find it; its own in this thread, for as long as the endpoint is open.
 * @throws IoError EALREADY: this thread has a work queue of that name; EBADF: the endpoint is closed.
 * @throws TypeError, RangeError an argument or option that makes no sense, named.
 * @example
 *     const queue = workQueue<Uint8Array, string>(endpoint, 'digest', { maxItems: 1000 });
 *     const digest = await queue.run(bytes);
 */
export function workQueue<T = unknown, R = unknown>(
  endpoint: Endpoint,
  name: string,
  options: WorkQueueOptions = {},
): WorkQueue<T, R> {
  if (!(endpoint instanceof Endpoint)) {
    throw new TypeError(`endpoint: ${kindOf(endpoint)}; allowed: this thread's Endpoint, from openEndpoint()`);
  }
  checkName(name);
  const values = valuesOf(WORK_QUEUE_OPTIONS, options);
  const names = queues.get(endpoint) ?? new Set();
  if (names.has(name)) throw wrongState('EALREADY', 'workQueue', `this thread has a work queue '${name}' already`);
  const queue = new WorkQueue<T, R>(endpoint, name, values);
  queues.set(endpoint, names.add(name));
  return queue;
}
