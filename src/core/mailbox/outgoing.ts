/** A message on its way, for as long as somebody may ask for it: it waits for room, or may be taken back. */
import type { RingMark } from '../../base/ring/layout.js';
import { BufferList } from '../buffer-list.js';

export type Payload = Uint8Array | BufferList;

export const NOTHING = new Uint8Array(0);

/** Of a message that can't be taken back, nobody asks where it lies. */
const ANYWHERE: RingMark = { position: 0, era: 0 };

export class Outgoing {
  /** Where it lies in the receiver's ring; undefined while it waits. */
  mark: RingMark | undefined = undefined;
  readonly lengthBytes: number;

  /**
   * @param channel, tag numbers that travel with it.
   * @param mayHold whether the receiver may hold it back while it has more than it can do.
   * @param revocable whether it can be taken back once it is in the ring.
   * @param onSettled called once if it had to wait: written, or refused with a reason. Not if it was taken back. Without it
   *   `forEachUndelivered` of its lane tells of a message that was refused.
   */
  constructor(
    public payload: Payload,
    readonly channel: number,
    readonly tag: number,
    readonly mayHold: boolean,
    readonly revocable: boolean,
    readonly onSettled: ((failure: Error | undefined) => void) | undefined,
  ) {
    this.lengthBytes = payload.length;
  }

  /** It lies in the ring now, and its bytes are needed here no more. @param mark undefined: it can't be taken back. */
  written(mark = ANYWHERE): void {
    this.mark = mark;
    this.payload = NOTHING;
  }

  /** Makes the bytes its own, since the caller may use them for something else from now on. */
  keep(): void {
    if (this.lengthBytes === 0) this.payload = NOTHING;
    else this.payload = this.payload instanceof BufferList ? this.payload.take() : this.payload.slice();
  }
}
