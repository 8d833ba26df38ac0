/** The threads that this one knows, and what waits for the address of one that it does not know yet. */
import { wrongState } from '../../sys/ffi/io-error.js';
import { POSTPONED_ANSWERS, POSTPONED_BYTES } from '../../core/limits.js';
import type { Peer } from './peer.js';
import { RecentThreads } from './recent-threads.js';

/** An answer that waits for the address of who asked. */
interface Postponed {
  readonly to: number;
  readonly run: (peer: Peer) => void;
  readonly lengthBytes: number;
}

export class PeerBook implements Iterable<Peer> {
  private readonly peers = new Map<number, Peer>();
  /** Threads that were known here and are no more: they are not waited for. */
  private readonly departed = new RecentThreads();
  private postponed: Postponed[] = [];

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
   * Does something with the thread that has sent something here: now, once its address is known, or never if it has
   * gone.
   *
   * @param lengthBytes what it keeps until then.
   * @throws IoError ENOBUFS: too much waits for addresses.
   */
  withPeer(threadId: number, run: (peer: Peer) => void, lengthBytes = 0): void {
    const peer = this.peers.get(threadId);
    if (peer !== undefined) {
      this.tell(peer, run);
      return;
    }
    if (this.departed.has(threadId)) return;
    const bytes = this.postponed.reduce((sum, each) => sum + each.lengthBytes, lengthBytes);
    if (this.postponed.length >= POSTPONED_ANSWERS || bytes > POSTPONED_BYTES) {
      throw wrongState(
        'ENOBUFS',
        'answer',
        `${this.postponed.length} answers, ${bytes} bytes with this one, wait for the address of threads unknown here, such ` +
          `as ${threadId}: give it to peer()`,
      );
    }
    this.postponed.push({ to: threadId, run, lengthBytes });
  }

  /**
   * What can't be told since the thread has just gone is of no interest; what fails otherwise is `peer.onFailure`'s.
   */
  tell(peer: Peer, run: (peer: Peer) => void): void {
    try {
      if (!peer.isGone) run(peer);
    } catch (failure) {
      if (!peer.isGone) peer.fail(failure as Error);
    }
  }
}
