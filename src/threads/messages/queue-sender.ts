/** The sending end of another thread's queue. */
import { describeBy } from '../../base/inspection.js';
import { isUint8Array } from '../../base/kinds.js';
import { unlessAborted } from '../../base/unless-aborted.js';
import type { Lane } from '../mailbox/lane.js';
import { Outgoing } from '../mailbox/outgoing.js';
import { BufferList } from '../../core/memory/buffer-list.js';
import { settling } from '../../api/settling.js';
import { signalOf, type WaitOptions } from '../../api/waiting.js';
import { encode } from './message.js';
import type { Sendable } from './message-types.js';

/** Sends to a queue of another thread. `peer.sender` gives one. */
export class QueueSender<T = unknown> {
  /** @internal Made by `peer.sender`. */
  constructor(
    private readonly lane: Lane,
    private readonly bytesChannel: number,
    private readonly valueChannel: number,
  ) {}

  /**
   * Sends if there is room. Bytes are copied once, into the receiver's mailbox, and are the caller's again; a
   * BufferList is left empty; anything else goes through v8.serialize.
   *
   * @returns false: no room, or messages wait already, and nothing was done. Try again later, or `send`.
   * @throws TypeError a payload that can't be cloned.
   * @throws RangeError a payload longer than half of the receiver's mailbox.
   * @throws IoError EPIPE: the thread has ended; ECANCELED: the peer was closed here.
   */
  trySend(payload: Sendable<T>): boolean {
    if (isUint8Array(payload) || payload instanceof BufferList) {
      return this.lane.tryWrite(payload, this.bytesChannel, 0, true);
    }
    return this.lane.tryWrite(encode(payload).payload, this.valueChannel, 0, true);
  }

  /**
   * Sends, and waits for room if there is none. Messages arrive in the order of the calls, awaited or not.
   *
   * @param options aborting its `signal` takes a message back that still waits: it is not sent.
   * @returns (by the promise) when it is in the receiver's mailbox.
   * @throws (by the promise) as `trySend`; IoError ENOBUFS: 16 MiB wait for that thread already, half a
   *   KiB for each message included; the signal's reason.
   */
  async send(payload: Sendable<T>, options?: WaitOptions): Promise<void> {
    const signal = signalOf(options);
    const encoded = encode(payload);
    const { promise, resolve, reject } = settling<void>();
    const settled = (failure: Error | undefined) => (failure === undefined ? resolve() : reject(failure));
    const channel = encoded.isValue ? this.valueChannel : this.bytesChannel;
    const outgoing = new Outgoing(encoded.payload, channel, 0, true, false, settled);
    if (this.lane.submit(outgoing)) return;
    await unlessAborted(promise, signal, () => this.lane.revoke(outgoing));
  }

  static {
    describeBy('QueueSender', QueueSender.prototype, ({ lane }) => ({ state: lane.isGone ? 'gone' : 'open' }));
  }
}
