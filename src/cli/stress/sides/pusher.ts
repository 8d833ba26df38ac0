/**
 * Writes on many connections in turn: each that takes bytes gets one write a round, one that is full leaves until it
 * has drained.
 */
import type { Connection } from '../../../api/stream/connection.js';
import { BufferList } from '../../../core/memory/buffer-list.js';

/** Enough to make a turn of the loop worth while, and few enough to keep it below a millisecond or two. */
const WRITES_PER_TURN = 128;

export class Pusher {
  private readonly payload: Uint8Array;
  /** By reference and moved on with each write: nothing is copied, whatever has to wait. */
  private readonly list = new BufferList();
  private round: Connection[] = [];
  private nextRound: Connection[] = [];
  private scheduled: NodeJS.Immediate | undefined;
  private stopped = false;
  private readonly turn = () => this.push();

  constructor(sizeBytes: number) {
    this.payload = new Uint8Array(sizeBytes).fill(0x5a);
  }

  add(connection: Connection): void {
    connection.onDrain = () => this.enqueue(connection);
    this.enqueue(connection);
  }

  /** No further write begins; what is queued in the connections stays theirs to deliver. */
  stop(): void {
    this.stopped = true;
    clearImmediate(this.scheduled);
  }

  private enqueue(connection: Connection): void {
    if (this.stopped) return;
    this.nextRound.push(connection);
    this.scheduled ??= setImmediate(this.turn);
  }

  private push(): void {
    this.scheduled = undefined;
    for (let writes = 0; writes < WRITES_PER_TURN; writes++) {
      if (this.round.length === 0) [this.round, this.nextRound] = [this.nextRound, this.round];
      const connection = this.round.pop();
      if (connection === undefined) return;
      if (!connection.isClosed && connection.send(this.list.append(this.payload))) this.nextRound.push(connection);
    }
    this.scheduled = setImmediate(this.turn);
  }
}
