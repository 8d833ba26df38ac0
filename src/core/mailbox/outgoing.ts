/** A message on its way, for as long as somebody may ask for it: it waits for room, or may be taken back. */
import { BufferList } from '../buffer-list.js';

export type Payload = Uint8Array | BufferList;

const NOTHING = new Uint8Array(0);

export class Outgoing {
  /** Where it lies in the receiver's ring; undefined while it waits. */
  position: number | undefined = undefined;
  readonly lengthBytes: number;

  /**
   * @param channel, tag numbers that travel with it.
   * @param mayHold whether the receiver may hold it back while it has more than it can do.
   * @param revocable whether it can be taken back once it is in the ring.
   * @param onSettled called once if it had to wait: written, or refused with a reason. Not if it was taken back.
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

  /** It lies in the ring now, and its bytes are needed here no more. */
  written(position: number): void {
    this.position = position;
    this.payload = NOTHING;
  }

  /** Makes the bytes its own, since the caller may use them for something else from now on. */
  keep(): void {
    this.payload = this.payload instanceof BufferList ? this.payload.take() : this.payload.slice();
  }
}
