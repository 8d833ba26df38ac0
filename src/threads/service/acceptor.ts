/**
 * The thread that has the runtime accepts, and gives the connections out: all that one turn brought for a thread go in one
 * message. On its way a connection belongs to a holder of its own, one for each thread, which this thread keeps: either the
 * other thread claims it, or this one claims it back. A thread whose mailbox is full gets none until there is room, and what
 * a thread did not get since it ended goes to another. While there is nobody to give to, nothing is accepted. Once it closes, what there is nobody left for is closed.
 */
import { CONNECTIONS_PER_BATCH } from '../../core/limits.js';
import type { Deferred } from '../../core/reactor/reactor.js';
import { close } from '../../sys/file/io.js';
import { claim, closeHolder, entrust, heldBy, openHolder } from '../../sys/file/owned-descriptors.js';
import { shown } from '../../base/arguments.js';
import type { Listener } from '../../api/listening/listener.js';
import type { Peer } from '../endpoint/peer.js';
import type { QueueSender } from '../messages/queue-sender.js';
import { throwLater } from '../../api/throw-later.js';
import { ACCEPTED, FLUSH, type Serving } from './inlet.js';
import type { Loads } from './loads.js';
import { closeParked, closeSharedParking } from './parking.js';
import { askAll, type AcceptModelRun, type CrewMember, type Deadline } from './model.js';
import type { Distribute, ServiceOptions, ThreadLoad } from './options.js';

class Recipient {
  readonly batch: number[] = [];
  readonly sender: QueueSender;
  /** Has what the thread was sent and has not claimed. */
  readonly holder = openHolder();
  /** A message waits for room in its mailbox, or it has ended. */
  isFull = false;
  /** Resolves when that message has been sent, or is not to be. */
  sending: Promise<void> | undefined = undefined;
  /** It has gone, and what it did not get was taken back. */
  isReclaimed = false;
  /** How many messages it was sent. */
  messages = 0;

  constructor(
    readonly member: CrewMember,
    readonly peer: Peer,
  ) {
    this.sender = peer.control.queue(ACCEPTED);
  }
}

export class Acceptor implements AcceptModelRun, Deferred {
  private readonly recipients = new Map<CrewMember, Recipient>();
  /** Accepted, and nobody's. */
  private readonly stranded: number[] = [];
  /** Threads that are given nothing any more. */
  private readonly released = new Set<CrewMember>();
  private drained: Promise<void> | undefined = undefined;
  /** Whose turn it is, of those that have room. */
  private readonly pick: (recipients: readonly Recipient[]) => number;
  private turn = 0;
  private isDeferred = false;
  private isClosing = false;
  /** Nobody is given anything any more. */
  private isOver = false;

  constructor(
    private readonly listener: Listener,
    private readonly loads: Loads,
    private readonly plan: Omit<Serving, 'index'>,
    distribute: ServiceOptions['distribute'] = 'round-robin',
  ) {
    if (distribute === 'round-robin') {
      this.pick = this.byTurns;
    } else {
      const choose = distribute === 'least-connections' ? leastConnections : checked(distribute);
      this.pick = recipients => choose(this.loadsOf(recipients));
    }
  }

  async begin(member: CrewMember): Promise<void> {
    const peer = member.peer!;
    await member.ask({ kind: 'serve', serving: { ...this.plan, index: member.index } });
    if (member.peer !== peer || this.released.has(member)) return;
    this.recipients.set(member, new Recipient(member, peer));
    this.deferSending();
    this.updateAccepting();
  }

  onEnded(member: CrewMember): void {
    const recipient = this.recipients.get(member);
    if (recipient === undefined) return;
    this.forget(recipient);
    this.reclaim(recipient);
    this.closeUnclaimed();
    this.updateAccepting();
  }

  async close(deadline: Deadline): Promise<readonly CrewMember[]> {
    await this.stopAccepting();
    // One that ends meanwhile leaves its own to the others, and so does one that does not take it in time.
    let unsettled: Set<Recipient>;
    do {
      unsettled = new Set(this.recipients.values());
      const waiting = unsettled;
      const settled = [...waiting].map(async recipient => {
        await this.settle(recipient, deadline);
        waiting.delete(recipient);
      });
      if (!(await deadline.holds(Promise.all(settled)))) for (const recipient of unsettled) this.reclaim(recipient);
    } while (this.stranded.length > 0 && this.hasTakers && !deadline.isPast);
    this.sendBatches();
    this.isOver = true;
    this.closeUnclaimed();
    // What they have parked is closed now, and what they park later.
    const { service, parking } = this.plan;
    const members = [...this.recipients.keys()];
    const { late, answered } = await askAll(members, member => member.ask({ kind: 'retire', service }), deadline);
    if (parking !== undefined) closeParked(parking);
    // One that is late may still use the number of the queue, and read the messages that it was sent.
    const release = answered.then(() => {
      if (parking !== undefined) closeSharedParking(parking);
      for (const recipient of this.recipients.values()) closeHolder(recipient.holder);
      this.recipients.clear();
    });
    if (late.length === 0) await release;
    // When the time was over before, nobody was waited for in the end: late are those that have not taken what they were sent.
    return unsettled.size > 0 ? [...unsettled].map(({ member }) => member) : late;
  }

  async release(member: CrewMember): Promise<void> {
    // One that begins just now is no recipient any more.
    this.released.add(member);
    await this.stopAccepting();
    const recipient = this.recipients.get(member);
    // From one that may still read what it was sent, `onEnded` takes back the rest.
    if (recipient !== undefined && ((await this.settle(recipient)) || recipient.peer.isGone)) {
      this.forget(recipient);
      this.closeUnclaimed();
    }
    if (member.peer !== undefined) await member.ask({ kind: 'retire', service: this.plan.service });
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

  /** What waits in the backlog is nobody's loss as long as there is a thread to serve it. */
  private stopAccepting(): Promise<void> {
    if (this.drained !== undefined) return this.drained;
    this.isClosing = true;
    if (this.recipients.size > 0) {
      this.listener.divert(this.onAccepted);
      this.drained = this.listener.drain();
    } else {
      this.drained = this.listener.close();
    }
    return this.drained;
  }

  /** Resolves with true when the thread has taken all that is for it, and with false when it takes nothing. */
  private async settle(recipient: Recipient, deadline?: Deadline): Promise<boolean> {
    let messages: number;
    do {
      this.sendBatches();
      ({ messages } = recipient);
      await recipient.sending;
      try {
        await recipient.peer.askControl(FLUSH, null);
      } catch {
        // One that lives on after it has closed its endpoint reads nothing more either.
        if (recipient.peer.isGone) this.reclaim(recipient);
        return false;
      }
    } while (deadline?.isPast !== true && (this.stranded.length > 0 || recipient.messages > messages));
    return true;
  }

  private deferSending(): void {
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.listener.reactor.defer(this);
  }

  private sendBatches(): void {
    for (let free = this.free(); this.stranded.length > 0 && free.length > 0;) {
      const recipient = this.choose(free);
      const fd = this.stranded.shift()!;
      entrust(fd, recipient.holder);
      recipient.batch.push(fd);
      this.loads.add(recipient.member.index);
      if (recipient.batch.length < CONNECTIONS_PER_BATCH) continue;
      this.send(recipient, recipient.batch.splice(0));
      free = this.free();
    }
    for (const recipient of this.recipients.values()) this.send(recipient, recipient.batch.splice(0));
  }

  /** Threads that have room, by index. */
  private free(): Recipient[] {
    return [...this.recipients.values()]
      .filter(({ isFull, isReclaimed }) => !isFull && !isReclaimed)
      .sort((a, b) => a.member.index - b.member.index);
  }

  private send(recipient: Recipient, batch: number[]): void {
    if (batch.length === 0) return;
    recipient.messages++;
    const { buffer } = Int32Array.of(this.plan.service, recipient.holder, ...batch);
    const message = new Uint8Array(buffer);
    try {
      if (recipient.sender.trySend(message)) return;
    } catch {
      // It has ended, or has closed its endpoint.
      recipient.isFull = true;
      this.takeBack(recipient, batch);
      if (recipient.peer.isGone) this.reclaim(recipient);
      return;
    }
    recipient.isFull = true;
    recipient.sending = recipient.sender
      .send(message)
      .catch(() => this.takeBack(recipient, batch))
      .finally(() => {
        recipient.isFull = false;
        recipient.sending = undefined;
        this.deferSending();
      });
  }

  private takeBack({ member, holder }: Recipient, batch: readonly number[]): void {
    for (const fd of batch) {
      if (!claim(fd, holder)) continue;
      this.loads.takeBack(member.index);
      this.stranded.push(fd);
    }
    if (batch.length === 0) return;
    this.deferSending();
    this.closeUnclaimed();
  }

  /** One that has taken all that is for it, or does not get it any more. */
  private forget(recipient: Recipient): void {
    this.recipients.delete(recipient.member);
    // What waited to be sent is taken back by then.
    void Promise.resolve(recipient.sending).then(() => closeHolder(recipient.holder));
  }

  /** Takes back what a thread that has gone did not get. */
  private reclaim(recipient: Recipient): void {
    if (recipient.isReclaimed) return;
    recipient.isReclaimed = true;
    this.takeBack(recipient, heldBy(recipient.holder));
  }

  /** While it closes no thread begins to take, so what those that are left can't be given is lost. */
  private closeUnclaimed(): void {
    if (!this.isClosing || this.hasTakers) return;
    for (const fd of this.stranded.splice(0)) close(fd);
  }

  private get hasTakers(): boolean {
    return !this.isOver && [...this.recipients.values()].some(({ peer }) => !peer.isGone);
  }

  private updateAccepting(): void {
    // While it is drained it takes all that wait, whoever has room.
    if (this.isClosing || this.listener.isClosed) return;
    const canGive = this.stranded.length === 0 && this.free().length > 0;
    this.listener.divert(canGive ? this.onAccepted : undefined);
  }

  private choose(recipients: readonly Recipient[]): Recipient {
    try {
      return recipients[this.pick(recipients)];
    } catch (error) {
      // The connection is served all the same.
      throwLater(this.listener.reactor, error);
      return recipients[this.byTurns(recipients)];
    }
  }

  private loadsOf(recipients: readonly Recipient[]): ThreadLoad[] {
    return recipients.map(({ member: { index, name } }) => this.loads.of(index, name));
  }

  private readonly byTurns = ({ length }: readonly Recipient[]): number => this.turn++ % length;
}

/** A function of the user's, whose answer is looked at. */
function checked(distribute: Distribute): Distribute {
  return loads => {
    const chosen = distribute(loads);
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < loads.length) return chosen;
    throw new RangeError(`distribute: it answered ${shown(chosen)}; allowed: integers from 0 to ${loads.length - 1}`);
  };
}

function leastConnections(loads: readonly ThreadLoad[]): number {
  let least = 0;
  for (let index = 1; index < loads.length; index++) if (loads[index].open < loads[least].open) least = index;
  return least;
}
