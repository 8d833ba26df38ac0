/** A message on its way, for as long as somebody may ask for it: it waits for room, or may be taken back. */
import type { RingMark } from '../ring/layout.js';
import { BufferList } from '../../core/memory/buffer-list.js';

export type Payload = Uint8Array | BufferList;

export const NOTHING: Uint8Array = new Uint8Array(0);

/** Of a message that can't be taken back, nobody asks where it lies. */
const ANYWHERE: RingMark = { position: 0, era: 0 };

export class Outgoing {
  /** Where it lies in the receiver's ring; undefined while it waits. */
  mark: RingMark | undefined = undefined;
  /** Told as not delivered, so it can't be taken back any more. */
  isTold = false;
  readonly lengthBytes: number;

  /**
   * @param channel, tag numbers that travel with it.
   * @param mayHold whether the receiver may hold it back while it has more than it can do.
   * @param revocable whether it can be taken back once it is in the ring.
   * @param onSettled called once if it had to wait: written, or refused with a reason. Not if it was taken back.
   *   Without it `forEachUndelivered` of its lane tells of a message that was refused.
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

  /**
   * Makes the bytes its own: what waits for another thread holds no chunk of the slab, and its writing can't fail,
   * whatever the caller does with its memory from now on.
   */
  keep(): void {
    const { payload } = this;
    // The `slice` of a Buffer is a view.
    this.payload =
      this.lengthBytes === 0 ? NOTHING : payload instanceof BufferList ? payload.toBytes() : new Uint8Array(payload);
    if (payload instanceof BufferList) payload.release();
  }
}
