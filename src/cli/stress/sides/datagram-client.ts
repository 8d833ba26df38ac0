/** The flood of datagrams: sockets with a fixed peer, written on in turn, as fast as the kernel takes them. */
import { bindDatagram } from '../../../api/datagram/bind-datagram.js';
import type { DatagramSocket } from '../../../api/datagram/datagram-socket.js';
import { currentReactor } from '../../../api/thread-reactor.js';
import type { ThreadAccount } from '../account.js';
import type { ClientPlan } from '../plan.js';
import { Tally, type ThreadProgress } from '../tally.js';
import { machineMs } from '../timing/machine-clock.js';
import { SizeSource } from '../traffic/message-sizes.js';
import { Stamp, STAMP_BYTES } from '../traffic/stamp.js';
import type { ClientSide } from './side-thread.js';

/** Of one socket, before the next has its turn. */
const DATAGRAMS_PER_VISIT = 16;
/** Enough to make a turn of the loop worth while, and few enough to keep it below a millisecond or two. */
const DATAGRAMS_PER_TURN = 256;
/** Refusals, with hardly a datagram sent between them, after which it is clear that nobody is there. */
const HOPELESS = 100;

export class DatagramClient implements ClientSide {
  private readonly tally = new Tally(currentReactor());
  private readonly sizes: SizeSource;
  private readonly buffer: Uint8Array;
  private readonly stamp = new Stamp();
  private readonly sockets: DatagramSocket[] = [];
  private readonly ready: DatagramSocket[] = [];
  private size: number;
  private message: Uint8Array;
  private sent = 0;
  private refused = 0;
  private scheduled: NodeJS.Immediate | undefined;
  private deadline: NodeJS.Timeout | undefined;
  private stopped = false;
  private endPushing: () => void = () => {};
  readonly pushed: Promise<void>;
  private readonly turn = () => this.push();

  constructor(private readonly plan: ClientPlan) {
    this.sizes = new SizeSource(plan.sizes, plan.seed);
    this.buffer = new Uint8Array(plan.sizes.most).fill(0x5a);
    this.size = this.sizes.next();
    this.message = this.buffer.subarray(0, this.size);
    this.pushed = new Promise(resolve => (this.endPushing = resolve));
    this.tally.start();
    this.deadline = setTimeout(() => this.stop(), plan.durationSeconds * 1000);
    void this.openAll();
  }

  stop(): void {
    if (this.stopped) return;
    this.stopped = true;
    clearTimeout(this.deadline);
    clearImmediate(this.scheduled);
    this.tally.noteHeld();
    this.endPushing();
  }

  async finish(): Promise<ThreadAccount> {
    this.stop();
    this.look();
    for (const socket of this.sockets) {
      await socket.close();
      this.tally.close(undefined);
    }
    return this.tally.finish();
  }

  progress(): ThreadProgress {
    this.look();
    return this.tally.progress();
  }

  private async openAll(): Promise<void> {
    const { connections, target } = this.plan;
    if ('path' in target) throw new TypeError('target: a path; allowed: host and port');
    for (let opened = 0; opened < connections && !this.stopped; opened++) {
      try {
        const socket = await bindDatagram({ host: target.host, port: 0 });
        await socket.connect(target);
        this.add(socket);
      } catch (error) {
        this.tally.fail(error as Error);
      }
    }
    if (this.sockets.length === 0) this.stop();
  }

  private add(socket: DatagramSocket): void {
    this.tally.open();
    this.sockets.push(socket);
    // Refusals are told here too, when nothing is sent for a while.
    socket.onError = failure => this.refuse(failure);
    socket.onDrain = () => this.enqueue(socket);
    this.enqueue(socket);
  }

  private enqueue(socket: DatagramSocket): void {
    if (this.stopped) return;
    this.ready.push(socket);
    this.scheduled ??= setImmediate(this.turn);
  }

  private push(): void {
    this.scheduled = undefined;
    for (let left = DATAGRAMS_PER_TURN; left > 0 && !this.stopped; left -= DATAGRAMS_PER_VISIT) {
      const socket = this.ready.shift();
      if (socket === undefined) return;
      if (this.visit(socket)) this.ready.push(socket);
    }
    if (!this.stopped) this.scheduled = setImmediate(this.turn);
  }

  /** @returns whether the socket takes more. */
  private visit(socket: DatagramSocket): boolean {
    for (let count = 0; count < DATAGRAMS_PER_VISIT; count++) {
      if (this.sent === this.plan.datagrams) {
        this.stop();
        return false;
      }
      const startedMs = this.prepare();
      try {
        if (!socket.trySend(this.message)) return false;
      } catch (error) {
        this.refuse(error as Error);
        return !this.stopped;
      }
      this.taken(startedMs);
    }
    return true;
  }

  /** Writes the stamp of the datagram at hand. */
  private prepare(): number {
    const nowMs = machineMs();
    if (this.plan.isStamped) {
      this.stamp.write(this.size, nowMs);
      this.buffer.set(this.stamp.bytes.subarray(0, STAMP_BYTES));
    }
    return nowMs;
  }

  private taken(startedMs: number): void {
    this.tally.delays.record(machineMs() - startedMs);
    this.tally.bytes += this.size;
    this.sent++;
    const size = this.sizes.next();
    if (size === this.size) return;
    this.size = size;
    this.message = this.buffer.subarray(0, size);
  }

  private refuse(failure: Error): void {
    this.refused++;
    this.tally.countError(failure);
    if (this.refused >= HOPELESS && this.sent < 2 * this.refused) this.stop();
  }

  private look(): void {
    this.tally.messages = this.sent;
    this.tally.datagrams = { sent: this.sent, refused: this.refused, received: 0, truncated: 0, dropped: null };
  }
}
