/**
 * The thread that has the runtime accepts, and gives the connections out: all that one turn brought for a thread go in one
 * message. A connection that a thread did not get, since it ended or has no room, waits here and goes to another; while
 * any wait, no more are accepted.
 */
import type { Deferred } from '../../core/reactor.js';
import { close } from '../../sys/io.js';
import type { Listener } from '../listener.js';
import type { Peer } from '../messages/peer.js';
import type { QueueSender } from '../messages/queue-sender.js';
import { ACCEPTED, FLUSH, type Serving } from './inlet.js';
import type { Loads } from './loads.js';
import { closeSharedParking } from './parking.js';
import type { AcceptModelRun, CrewMember } from './model.js';
import type { Distribute, ServiceOptions, ThreadLoad } from './options.js';

class Recipient {
  readonly batch: number[] = [];
  readonly sender: QueueSender;

  constructor(
    readonly member: CrewMember,
    readonly peer: Peer,
  ) {
    this.sender = peer.queue(ACCEPTED);
  }
}

export class Acceptor implements AcceptModelRun, Deferred {
  private readonly recipients = new Map<CrewMember, Recipient>();
  /** Accepted, and nobody's. */
  private readonly stranded: number[] = [];
  /** Messages that wait for room in a mailbox. */
  private readonly waiting = new Set<Promise<void>>();
  private readonly distribute: Distribute;
  private turn = 0;
  private isDeferred = false;
  private isClosing = false;

  constructor(
    private readonly listener: Listener,
    private readonly loads: Loads,
    private readonly plan: Omit<Serving, 'index'>,
    distribute: ServiceOptions['distribute'] = 'round-robin',
  ) {
    if (typeof distribute === 'function') this.distribute = distribute;
    else if (distribute === 'least-connections') this.distribute = leastConnections;
    else this.distribute = () => this.turn++;
  }

  async begin(member: CrewMember): Promise<void> {
    const peer = member.peer!;
    await member.ask({ kind: 'serve', serving: { ...this.plan, index: member.index } });
    if (member.peer !== peer) return;
    this.recipients.set(member, new Recipient(member, peer));
    this.deferSending();
    this.updateAccepting();
  }

  onEnded(member: CrewMember): void {
    const recipient = this.recipients.get(member);
    if (recipient === undefined) return;
    this.recipients.delete(member);
    this.takeBack(recipient, recipient.batch.splice(0));
    recipient.peer.forEachUndelivered(({ kind, name, bytes }) => {
      if (kind !== 'message' || name !== ACCEPTED) return;
      const [service, ...accepted] = new Int32Array(bytes.slice().buffer);
      if (service === this.plan.service) this.takeBack(recipient, accepted);
    });
    this.updateAccepting();
  }

  async close(): Promise<void> {
    this.isClosing = true;
    this.updateAccepting();
    // What waits in the backlog is nobody's loss as long as there is a thread to serve it.
    if (this.recipients.size > 0) {
      this.listener.divert(this.onAccepted);
      await this.listener.drain();
    } else {
      await this.listener.close();
    }
    this.sendBatches();
    while (this.waiting.size > 0) await Promise.all(this.waiting);
    const flushed = [...this.recipients.values()].map(({ peer }) => peer.request(FLUSH, null));
    await Promise.allSettled(flushed);
    // What they have parked is closed now, and what they park later.
    const { service, parking } = this.plan;
    await Promise.allSettled([...this.recipients.keys()].map(member => member.ask({ kind: 'retire', service })));
    if (parking !== undefined) closeSharedParking(parking);
    for (const fd of this.stranded.splice(0)) close(fd);
  }

  /** At the end of a step of the turn. */
  onDeferred(): void {
    this.isDeferred = false;
    this.sendBatches();
    this.updateAccepting();
  }

  private readonly onAccepted = (fd: number): void => {
    this.stranded.push(fd);
    this.deferSending();
  };

  private deferSending(): void {
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.listener.reactor.defer(this);
  }

  private sendBatches(): void {
    while (this.stranded.length > 0 && this.recipients.size > 0) {
      const recipient = this.choose();
      recipient.batch.push(this.stranded.shift()!);
      this.loads.add(recipient.member.index);
    }
    for (const recipient of this.recipients.values()) this.send(recipient, recipient.batch.splice(0));
  }

  private send(recipient: Recipient, batch: number[]): void {
    if (batch.length === 0) return;
    const { buffer } = Int32Array.of(this.plan.service, ...batch);
    const message = new Uint8Array(buffer);
    const failed = () => {
      this.takeBack(recipient, batch);
      this.deferSending();
    };
    try {
      if (recipient.sender.trySend(message)) return;
    } catch {
      // It has ended, and `onEnded` is about to say so.
      this.recipients.delete(recipient.member);
      failed();
      return;
    }
    const sending = recipient.sender.send(message).catch(failed);
    this.waiting.add(sending);
    void sending.finally(() => {
      this.waiting.delete(sending);
      this.updateAccepting();
    });
  }

  private takeBack({ member }: Recipient, batch: readonly number[]): void {
    for (const fd of batch) {
      this.loads.takeBack(member.index);
      this.stranded.push(fd);
    }
    if (batch.length > 0) this.deferSending();
  }

  private updateAccepting(): void {
    if (this.listener.isClosed) return;
    const canGive = this.recipients.size > 0 && this.waiting.size === 0 && this.stranded.length === 0;
    this.listener.divert(canGive && !this.isClosing ? this.onAccepted : undefined);
  }

  private choose(): Recipient {
    const recipients = [...this.recipients.values()].sort((a, b) => a.member.index - b.member.index);
    const loads = recipients.map(({ member: { index, name } }) => {
      return {
        index,
        name,
        accepted: this.loads.accepted(index),
        awakened: this.loads.awakened(index),
        open: this.loads.open(index),
      };
    });
    const chosen = this.distribute(loads);
    if (!Number.isInteger(chosen)) {
      throw new TypeError(`distribute: it answered ${String(chosen)}; allowed: an index from 0 to ${loads.length - 1}`);
    }
    return recipients[Math.abs(chosen) % recipients.length];
  }
}

function leastConnections(loads: readonly ThreadLoad[]): number {
  let least = 0;
  for (let index = 1; index < loads.length; index++) if (loads[index].open < loads[least].open) least = index;
  return least;
}
