/** A thread of a runtime, seen from within. */
import type { Endpoint } from '../messages/endpoint.js';
import type { Peer } from '../messages/peer.js';
import type { QueueTypes } from '../messages/queue-types.js';
import type { Birth, Neighbour } from './control.js';

/** @typeParam Queues the queues of the runtime's threads, if they are declared: what each takes, by its name. */
export class Thread<Queues extends object = QueueTypes> {
  /**
   * The runtime is being stopped: close listeners and connections here. The thread ends when it has nothing left to wait
   * for, or at the deadline; what this returns is awaited.
   */
  onStop: (() => void | Promise<void>) | undefined = undefined;
  /** Its place in the runtime, from 0; the same after a restart. */
  readonly index: number;
  readonly name: string;
  /** What the owner gave to all threads. */
  readonly payload: unknown;
  /** The thread that has the runtime. */
  readonly owner: Peer;
  private readonly neighbours = new Map<number, Peer<Queues>>();

  /** @internal */
  constructor(
    birth: Birth,
    /** This thread's end of messages. */
    readonly endpoint: Endpoint<Queues>,
  ) {
    this.index = birth.index;
    this.name = birth.name;
    this.payload = birth.payload;
    this.owner = endpoint.peer(birth.owner);
  }

  /** The other threads that are alive, by their index. */
  get peers(): ReadonlyMap<number, Peer<Queues>> {
    return this.neighbours;
  }

  /** @internal */
  meet({ index, address }: Neighbour): void {
    if (index !== this.index) this.neighbours.set(index, this.endpoint.peer(address));
  }

  /** @internal */
  bury(threadId: number): void {
    this.endpoint.bury(threadId);
    for (const [index, peer] of this.neighbours) if (peer.threadId === threadId) this.neighbours.delete(index);
  }
}

let current: Thread | undefined;

/** @internal */
export function setCurrentThread(thread: Thread): void {
  current = thread;
}

/**
 * The thread of a runtime that this code runs in.
 *
 * @typeParam Queues as of the runtime.
 * @throws Error it was not started by a runtime.
 */
export function currentThread<Queues extends object = QueueTypes>(): Thread<Queues> {
  if (current === undefined) throw new Error('currentThread: this thread was not started by a Runtime');
  return current as unknown as Thread<Queues>;
}
