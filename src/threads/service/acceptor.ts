/**
 * The thread that has the runtime accepts, and gives the connections out: all that one turn brought for a worker go in
 * one message. On its way a connection belongs to a holder of its own, one for each worker, which this thread keeps:
 * either the other worker claims it, or this one claims it back. A worker whose mailbox is full gets none until there
 * is room, and what a worker did not get since it ended goes to another. While there is nobody to give to, nothing is
 * accepted. Once it closes, what there is nobody left for is closed.
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
import { ACCEPTED, FLUSH, type Serving } from './worker-services.js';
import type { Loads } from './loads.js';
import { closeParked, closeSharedParking } from './parking.js';
import { askAll, type AcceptModelRun, type ServingWorker, type Deadline } from './model.js';
import type { Distribute, ServiceOptions, WorkerLoad } from './options.js';

class AcceptTarget {
  readonly batch: number[] = [];
  readonly sender: QueueSender;
  /** Has what the worker was sent and has not claimed. */
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
    readonly worker: ServingWorker,
    readonly peer: Peer,
  ) {
    this.sender = peer.control.sender(ACCEPTED);
  }
}

export class Acceptor implements AcceptModelRun, Deferred {
  private readonly targets = new Map<ServingWorker, AcceptTarget>();
  /** Accepted, and nobody's. */
  private readonly stranded: number[] = [];
  /** Workers that are given nothing any more. */
  private readonly released = new Set<ServingWorker>();
  private drained: Promise<void> | undefined = undefined;
  /** Whose turn it is, of those that have room. */
  private readonly pick: (targets: readonly AcceptTarget[]) => number;
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
      this.pick = targets => choose(this.loadsOf(targets));
    }
  }

  async begin(worker: ServingWorker): Promise<void> {
    const peer = worker.peer;
    await worker.ask({ kind: 'serve', serving: { ...this.plan, index: worker.index } });
    if (!worker.isRunning || worker.peer !== peer || this.released.has(worker)) return;
    this.targets.set(worker, new AcceptTarget(worker, peer));
    this.deferSending();
    this.updateAccepting();
  }

  onEnded(worker: ServingWorker): void {
    const target = this.targets.get(worker);
    if (target === undefined) return;
    this.forget(target);
    this.reclaim(target);
    this.closeUnclaimed();
    this.updateAccepting();
  }

  async close(deadline: Deadline): Promise<readonly ServingWorker[]> {
    await this.stopAccepting();
    // One that ends meanwhile leaves its own to the others, and so does one that does not take it in time.
    let unsettled: Set<AcceptTarget>;
    do {
      unsettled = new Set(this.targets.values());
      const waiting = unsettled;
      const settled = [...waiting].map(async target => {
        await this.settle(target, deadline);
        waiting.delete(target);
      });
      if (!(await deadline.holds(Promise.all(settled)))) for (const target of unsettled) this.reclaim(target);
    } while (this.stranded.length > 0 && this.hasTakers && !deadline.isPast);
    this.sendBatches();
    this.isOver = true;
    this.closeUnclaimed();
    // What they have parked is closed now, and what they park later.
    const { service, parking } = this.plan;
    const workers = [...this.targets.keys()];
    const { late, answered } = await askAll(workers, worker => worker.ask({ kind: 'retire', service }), deadline);
    if (parking !== undefined) closeParked(parking);
    // One that is late may still use the number of the queue, and read the messages that it was sent.
    const release = answered.then(() => {
      if (parking !== undefined) closeSharedParking(parking);
      for (const target of this.targets.values()) closeHolder(target.holder);
      this.targets.clear();
    });
    if (late.length === 0) await release;
    // When the time was over before, nobody was waited for in the end: late are those that have not taken what they
    // were sent.
    return unsettled.size > 0 ? [...unsettled].map(({ worker }) => worker) : late;
  }

  async release(worker: ServingWorker): Promise<void> {
    // One that begins just now is no target any more.
    this.released.add(worker);
    await this.stopAccepting();
    const target = this.targets.get(worker);
    // From one that may still read what it was sent, `onEnded` takes back the rest.
    if (target !== undefined && ((await this.settle(target)) || target.peer.isGone)) {
      this.forget(target);
      this.closeUnclaimed();
    }
    if (worker.isRunning) await worker.ask({ kind: 'retire', service: this.plan.service });
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

  /** What waits in the backlog is nobody's loss as long as there is a worker to serve it. */
  private stopAccepting(): Promise<void> {
    if (this.drained !== undefined) return this.drained;
    this.isClosing = true;
    if (this.targets.size > 0) {
      this.listener.divert(this.onAccepted);
      this.drained = this.listener.drain();
    } else {
      this.drained = this.listener.close();
    }
    return this.drained;
  }

  /** Resolves with true when the worker has taken all that is for it, and with false when it takes nothing. */
  private async settle(target: AcceptTarget, deadline?: Deadline): Promise<boolean> {
    let messages: number;
    do {
      this.sendBatches();
      ({ messages } = target);
      await target.sending;
      try {
        await target.peer.askControl(FLUSH, null);
      } catch {
        // One that lives on after it has closed its endpoint reads nothing more either.
        if (target.peer.isGone) this.reclaim(target);
        return false;
      }
    } while (deadline?.isPast !== true && (this.stranded.length > 0 || target.messages > messages));
    return true;
  }

  private deferSending(): void {
    if (this.isDeferred) return;
    this.isDeferred = true;
    this.listener.reactor.defer(this);
  }

  private sendBatches(): void {
    for (let free = this.free(); this.stranded.length > 0 && free.length > 0;) {
      const target = this.choose(free);
      const fd = this.stranded.shift()!;
      entrust(fd, target.holder);
      target.batch.push(fd);
      this.loads.add(target.worker.index);
      if (target.batch.length < CONNECTIONS_PER_BATCH) continue;
      this.send(target, target.batch.splice(0));
      free = this.free();
    }
    for (const target of this.targets.values()) this.send(target, target.batch.splice(0));
  }

  /** Workers that have room, by index. */
  private free(): AcceptTarget[] {
    return [...this.targets.values()]
      .filter(({ isFull, isReclaimed }) => !isFull && !isReclaimed)
      .sort((a, b) => a.worker.index - b.worker.index);
  }

  private send(target: AcceptTarget, batch: number[]): void {
    if (batch.length === 0) return;
    target.messages++;
    const { buffer } = Int32Array.of(this.plan.service, target.holder, ...batch);
    const message = new Uint8Array(buffer);
    try {
      if (target.sender.trySend(message)) return;
    } catch {
      // It has ended, or has closed its endpoint.
      target.isFull = true;
      this.takeBack(target, batch);
      if (target.peer.isGone) this.reclaim(target);
      return;
    }
    target.isFull = true;
    target.sending = target.sender
      .send(message)
      .catch(() => this.takeBack(target, batch))
      .finally(() => {
        target.isFull = false;
        target.sending = undefined;
        this.deferSending();
      });
  }

  private takeBack({ worker, holder }: AcceptTarget, batch: readonly number[]): void {
    for (const fd of batch) {
      if (!claim(fd, holder)) continue;
      this.loads.takeBack(worker.index);
      this.stranded.push(fd);
    }
    if (batch.length === 0) return;
    this.deferSending();
    this.closeUnclaimed();
  }

  /** One that has taken all that is for it, or does not get it any more. */
  private forget(target: AcceptTarget): void {
    this.targets.delete(target.worker);
    // What waited to be sent is taken back by then.
    void Promise.resolve(target.sending).then(() => closeHolder(target.holder));
  }

  /** Takes back what a worker that has gone did not get. */
  private reclaim(target: AcceptTarget): void {
    if (target.isReclaimed) return;
    target.isReclaimed = true;
    this.takeBack(target, heldBy(target.holder));
  }

  /** While it closes no worker begins to take, so what those that are left can't be given is lost. */
  private closeUnclaimed(): void {
    if (!this.isClosing || this.hasTakers) return;
    for (const fd of this.stranded.splice(0)) close(fd);
  }

  private get hasTakers(): boolean {
    return !this.isOver && [...this.targets.values()].some(({ peer }) => !peer.isGone);
  }

  private updateAccepting(): void {
    // While it is drained it takes all that wait, whichever worker has room.
    if (this.isClosing || this.listener.isClosed) return;
    const canGive = this.stranded.length === 0 && this.free().length > 0;
    this.listener.divert(canGive ? this.onAccepted : undefined);
  }

  private choose(targets: readonly AcceptTarget[]): AcceptTarget {
    try {
      return targets[this.pick(targets)];
    } catch (error) {
      // The connection is served all the same.
      throwLater(this.listener.reactor, error);
      return targets[this.byTurns(targets)];
    }
  }

  private loadsOf(targets: readonly AcceptTarget[]): WorkerLoad[] {
    return targets.map(({ worker: { index, name } }) => this.loads.of(index, name));
  }

  private readonly byTurns = ({ length }: readonly AcceptTarget[]): number => this.turn++ % length;
}

/** A user's function, whose answer is checked. */
function checked(distribute: Distribute): Distribute {
  return loads => {
    const chosen = distribute(loads);
    if (Number.isInteger(chosen) && chosen >= 0 && chosen < loads.length) return chosen;
    throw new RangeError(`distribute: it answered ${shown(chosen)}; allowed: integers from 0 to ${loads.length - 1}`);
  };
}

function leastConnections(loads: readonly WorkerLoad[]): number {
  let least = 0;
  for (let index = 1; index < loads.length; index++) if (loads[index].open < loads[least].open) least = index;
  return least;
}
