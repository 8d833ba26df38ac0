/** A thread of a runtime, seen from within. */
import { describeBy } from '../../base/inspection.js';
import { threadState } from '../../base/thread-state.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Peer } from '../endpoint/peer.js';
import type { MessageTypes } from '../messages/message-types.js';
import type { Birth, Neighbour } from './control.js';

/** @typeParam Messages what the runtime's threads take and answer, if it is declared. */
export class Thread<Messages extends MessageTypes = MessageTypes> {
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
  private readonly neighbours = new Map<number, Peer<Messages>>();

  /** @internal */
  constructor(
    birth: Birth,
    /** This thread's end of messages. */
    readonly endpoint: Endpoint<Messages>,
  ) {
    this.index = birth.index;
    this.name = birth.name;
    this.payload = birth.payload;
    this.owner = endpoint.peer(birth.owner);
  }

  /** The other threads that are alive, by their index. */
  get peers(): ReadonlyMap<number, Peer<Messages>> {
    return this.neighbours;
  }

  /** @internal */
  meet({ index, address }: Neighbour): void {
    if (index === this.index || this.endpoint.isClosed) return;
    try {
      this.neighbours.set(index, this.endpoint.peer(address));
    } catch (failure) {
      // Its entry has closed its endpoint by now: nothing is ever to be said to it.
      if (!(failure instanceof IoError && failure.code === 'EPIPE')) throw failure;
    }
  }

  /** @internal */
  bury(threadId: number): void {
    this.endpoint.bury(threadId);
    for (const [index, peer] of this.neighbours) if (peer.threadId === threadId) this.neighbours.delete(index);
  }

  static {
    describeBy('Thread', Thread.prototype, ({ index, name, neighbours }) => ({ index, name, peers: neighbours.size }));
  }
}

const state = threadState<{ thread?: Thread }>('thread of a runtime', () => ({}));

/** @internal */
export function setCurrentThread(thread: Thread): void {
  state.thread = thread;
}

/**
 * The thread of a runtime that this code runs in.
 *
 * @typeParam Messages as of the runtime.
 * @throws Error it was not started by a runtime.
 */
export function currentThread<Messages extends MessageTypes = MessageTypes>(): Thread<Messages> {
  if (state.thread === undefined) throw new Error('currentThread: this thread was not started by a Runtime');
  return state.thread;
}
