/** A worker of a runtime, as its own thread sees it. */
import { describeBy } from '../../base/inspection.js';
import { threadState } from '../../base/thread-state.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import type { Endpoint } from '../endpoint/endpoint.js';
import type { Peer } from '../endpoint/peer.js';
import type { MessageTypes } from '../messages/message-types.js';
import type { WorkerSetup, WorkerAddress } from './control.js';

/**
 * A worker of a runtime, as its own thread sees it.
 *
 * @typeParam Messages what the runtime's workers take and answer, if it is declared.
 */
export class CurrentWorker<Messages extends MessageTypes = MessageTypes> {
  /**
   * The runtime is being stopped: close listeners and connections here. The worker ends when it waits for nothing more
   * or at the deadline; what this returns is awaited.
   */
  onStop: (() => void | Promise<void>) | undefined = undefined;
  /** Its place in the runtime, from 0; the same after a restart. */
  readonly index: number;
  readonly name: string;
  /** What the owner gave to all workers. */
  readonly payload: unknown;
  /** The thread that has the runtime. */
  readonly owner: Peer;
  private readonly others = new Map<number, Peer<Messages>>();

  /** @internal */
  constructor(
    setup: WorkerSetup,
    /** This thread's end of messages. */
    readonly endpoint: Endpoint<Messages>,
  ) {
    this.index = setup.index;
    this.name = setup.name;
    this.payload = setup.payload;
    this.owner = endpoint.peer(setup.owner);
  }

  /** The other workers that are alive, by their index. */
  get peers(): ReadonlyMap<number, Peer<Messages>> {
    return this.others;
  }

  /** @internal */
  meet({ index, mailbox }: WorkerAddress): void {
    if (index === this.index || this.endpoint.isClosed) return;
    try {
      this.others.set(index, this.endpoint.peer(mailbox));
    } catch (failure) {
      // Its entry has closed its endpoint by now: nothing is ever to be said to it.
      if (!(failure instanceof IoError && failure.code === 'EPIPE')) throw failure;
    }
  }

  /** @internal */
  forget(threadId: number): void {
    this.endpoint.markEnded(threadId);
    for (const [index, peer] of this.others) if (peer.threadId === threadId) this.others.delete(index);
  }

  static {
    describeBy('CurrentWorker', CurrentWorker.prototype, ({ index, name, others }) => ({
      index,
      name,
      peers: others.size,
    }));
  }
}

const state = threadState<{ worker?: CurrentWorker }>('worker of a runtime', () => ({}));

/** @internal */
export function setCurrentWorker(worker: CurrentWorker): void {
  state.worker = worker;
}

/**
 * The worker of a runtime that this code runs in.
 *
 * @typeParam Messages as of the runtime.
 * @throws IoError ESRCH: it was not started by a runtime.
 */
export function currentWorker<Messages extends MessageTypes = MessageTypes>(): CurrentWorker<Messages> {
  if (state.worker === undefined)
    throw wrongState('ESRCH', 'currentWorker', 'this thread was not started by a Runtime');
  return state.worker;
}
