/** The threads that this one knows, and what waits for the address of one that it does not know yet. */
import type { Peer } from './peer.js';

/** Answers that wait for the address of who asked. */
const MAX_POSTPONED = 4096;

export class PeerBook implements Iterable<Peer> {
  private readonly peers = new Map<number, Peer>();
  /** Threads that were known here and are no more: they are not waited for. */
  private readonly departed = new Set<number>();
  private postponed: { to: number; run: (peer: Peer) => void }[] = [];

  /** Those that live. */
  *[Symbol.iterator](): Iterator<Peer> {
    for (const peer of this.all()) if (!peer.isGone) yield peer;
  }

  /** Those too whose end has not been told yet. */
  all(): Peer[] {
    return [...this.peers.values()];
  }

  get(threadId: number): Peer | undefined {
    return this.peers.get(threadId);
  }

  add(peer: Peer): void {
    const { threadId } = peer;
    this.peers.set(threadId, peer);
    this.departed.delete(threadId);
    const due = this.postponed.filter(({ to }) => to === threadId);
    this.postponed = this.postponed.filter(({ to }) => to !== threadId);
    for (const { run } of due) this.tell(peer, run);
  }

  remove(peer: Peer): void {
    if (this.peers.get(peer.threadId) !== peer) return;
    this.peers.delete(peer.threadId);
    this.depart(peer.threadId);
  }

  /** A thread has ended: nothing is to be told to it any more. */
  depart(threadId: number): void {
    this.departed.add(threadId);
    this.postponed = this.postponed.filter(({ to }) => to !== threadId);
  }

  /**
   * Does something with the thread that has sent something here: now, once its address is known, or never if it has gone.
   *
   * @throws Error too much waits for addresses.
   */
  withPeer(threadId: number, run: (peer: Peer) => void): void {
    const peer = this.peers.get(threadId);
    if (peer !== undefined) {
      this.tell(peer, run);
      return;
    }
    if (this.departed.has(threadId)) return;
    if (this.postponed.length >= MAX_POSTPONED) {
      throw new Error(
        `${MAX_POSTPONED} answers wait for the address of threads unknown here, such as ${threadId}: give it to peer()`,
      );
    }
    this.postponed.push({ to: threadId, run });
  }

  /** What can't be told since the thread has just gone is of no interest; what fails otherwise is `peer.onFailure`'s. */
  tell(peer: Peer, run: (peer: Peer) => void): void {
    try {
      if (!peer.isGone) run(peer);
    } catch (failure) {
      if (!peer.isGone) peer.fail(failure as Error);
    }
  }
}
