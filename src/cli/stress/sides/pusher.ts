/**
 * Writes on many connections in turn: each that takes bytes gets one message a round, one that is full leaves until it
 * has drained.
 */
import type { Connection } from '../../../api/stream/connection.js';
import { BufferList } from '../../../core/memory/buffer-list.js';
import type { ClientPlan } from '../plan.js';
import type { DelayHistogram } from '../timing/delay-histogram.js';
import { machineMs } from '../timing/machine-clock.js';
import { SizeSource } from '../traffic/message-sizes.js';
import { Stamp, STAMP_BYTES } from '../traffic/stamp.js';

/** Enough to make a turn of the loop worth while, and few enough to keep it below a millisecond or two. */
const WRITES_PER_TURN = 128;

/** A connection with the one message that it may have under way. */
interface Target {
  readonly connection: Connection;
  /** Its own, since part of it may wait; undefined where messages have none. */
  readonly stamp: Stamp | undefined;
  sentMs: number;
}

export class Pusher {
  /** Given to the kernel, or waiting for room in it. */
  messages = 0;
  private readonly payload: Uint8Array;
  private readonly sizes: SizeSource;
  /** By reference and moved on with each write: nothing is copied, whatever has to wait. */
  private readonly list = new BufferList();
  private round: Target[] = [];
  private nextRound: Target[] = [];
  private scheduled: NodeJS.Immediate | undefined;
  private stopped = false;
  private size: number;
  /** The message at hand after its stamp. */
  private body: Uint8Array;
  private readonly turn = () => this.push();

  constructor(
    private readonly plan: Pick<ClientPlan, 'sizes' | 'seed' | 'isStamped'>,
    private readonly delays: DelayHistogram,
  ) {
    this.sizes = new SizeSource(plan.sizes, plan.seed);
    this.payload = new Uint8Array(plan.sizes.most).fill(0x5a);
    this.size = this.sizes.next();
    this.body = this.bodyOf(this.size);
  }

  add(connection: Connection): void {
    const target: Target = { connection, stamp: this.plan.isStamped ? new Stamp() : undefined, sentMs: 0 };
    connection.onDrain = () => {
      this.delays.record(machineMs() - target.sentMs);
      this.enqueue(target);
    };
    this.enqueue(target);
  }

  /** No further write begins; what is queued in the connections stays theirs to deliver. */
  stop(): void {
    this.stopped = true;
    clearImmediate(this.scheduled);
  }

  private enqueue(target: Target): void {
    if (this.stopped) return;
    this.nextRound.push(target);
    this.scheduled ??= setImmediate(this.turn);
  }

  private push(): void {
    this.scheduled = undefined;
    for (let writes = 0; writes < WRITES_PER_TURN; writes++) {
      if (this.round.length === 0) [this.round, this.nextRound] = [this.nextRound, this.round];
      const target = this.round.pop();
      if (target === undefined) return;
      if (!target.connection.isClosed && this.write(target)) this.nextRound.push(target);
    }
    this.scheduled = setImmediate(this.turn);
  }

  /** @returns whether the kernel took all of it. */
  private write(target: Target): boolean {
    const { list, size } = this;
    const sentMs = machineMs();
    target.sentMs = sentMs;
    if (target.stamp !== undefined) {
      target.stamp.write(size, sentMs);
      list.append(target.stamp.bytes);
    }
    if (this.body.length > 0) list.append(this.body);
    const isTaken = target.connection.send(list);
    this.messages++;
    if (isTaken) this.delays.record(machineMs() - sentMs);
    const next = this.sizes.next();
    if (next !== size) this.body = this.bodyOf((this.size = next));
    return isTaken;
  }

  private bodyOf(size: number): Uint8Array {
    return this.payload.subarray(0, this.plan.isStamped ? size - STAMP_BYTES : size);
  }
}
