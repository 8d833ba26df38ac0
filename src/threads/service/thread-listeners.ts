/**
 * Threads that accept for themselves: each from a socket of its own (reuseport), or all from one (exclusive). The sockets
 * belong to the thread that has the runtime, so none is lost with a thread: what waits in its backlog is accepted by the
 * thread that comes after it, or by another.
 */
import { SHUT_RD } from '../../sys/ffi/constants.js';
import { close } from '../../sys/file/io.js';
import { shutdown } from '../../sys/socket/socket.js';
import type { ListeningSocket } from '../../api/listening/listening-socket.js';
import type { Peer } from '../endpoint/peer.js';
import type { Serving } from './inlet.js';
import { askAll, type AcceptModelRun, type Crew, type CrewMember, type Deadline } from './model.js';

export class ThreadListeners implements AcceptModelRun {
  /** Who accepts from each socket that is not shared; nobody does if none was left, or it is drained. */
  private readonly keepers: (CrewMember | undefined)[];
  /** Sockets that are being given to another thread, by index. */
  private readonly bequests = new Map<number, Promise<void>>();
  private isClosing = false;

  /** @param sockets one a thread, or one for all. */
  constructor(
    private readonly crew: Crew,
    private readonly sockets: readonly ListeningSocket[],
    private readonly isShared: boolean,
    private readonly plan: Omit<Serving, 'index' | 'listening'>,
  ) {
    this.keepers = sockets.map((_socket, index) => crew[index]);
  }

  async begin(member: CrewMember): Promise<void> {
    for (const [index, socket] of this.sockets.entries()) {
      // One that has been told to accept no more can't begin anew.
      if (this.isClosing) return;
      if (this.isShared || this.isKeeper(member, index)) await this.serve(member, socket);
    }
  }

  onEnded(member: CrewMember, willReturn: boolean): void {
    // One that comes after it goes on where it was, but nobody begins while the service closes.
    if (this.isShared || (willReturn && !this.isClosing)) return;
    for (const [index, keeper] of this.keepers.entries()) {
      if (keeper !== member) continue;
      this.keepers[index] = undefined;
      this.bequests.set(
        index,
        this.bequeath(index).finally(() => this.bequests.delete(index)),
      );
    }
  }

  async close(deadline: Deadline): Promise<readonly CrewMember[]> {
    const { late } = await askAll(this.crew, member => this.release(member), deadline);
    while (this.bequests.size > 0 && !deadline.isPast) await deadline.holds(Promise.all(this.bequests.values()));
    for (const { fd } of this.sockets) {
      // A thread that is late has a duplicate, by which clients would be let in with nobody to serve them.
      if (deadline.isPast) shutdown(fd, SHUT_RD);
      close(fd);
    }
    return late;
  }

  async release(member: CrewMember): Promise<void> {
    this.isClosing = true;
    if (member.peer === undefined) return;
    await this.retire(member);
    for (const [index, keeper] of this.keepers.entries()) if (keeper === member) this.keepers[index] = undefined;
  }

  /** Whether it is to accept from that socket: its own, or one that was left when there was nobody else. */
  private isKeeper(member: CrewMember, index: number): boolean {
    if (this.bequests.has(index)) return false;
    return (this.keepers[index] ??= member) === member;
  }

  /** Another thread accepts from the socket, or takes what waits there if the service closes: the first that can. */
  private async bequeath(index: number): Promise<void> {
    const asked = new Set<Peer>();
    for (;;) {
      const others = this.crew.filter(({ peer }) => peer !== undefined && !asked.has(peer));
      if (others.length === 0) return;
      const heir = others[index % others.length];
      asked.add(heir.peer!);
      try {
        await this.serve(heir, this.sockets[index]);
        // A thread that was told to accept no more accepts this once.
        if (this.isClosing) await this.retire(heir);
        else this.keepers[index] = heir;
        return;
      } catch {
        // It has ended as well, or has no room for one more descriptor.
      }
    }
  }

  private serve(member: CrewMember, { fd }: ListeningSocket): Promise<void> {
    return member.ask({ kind: 'serve', serving: { ...this.plan, index: member.index, listening: fd } });
  }

  private retire(member: CrewMember): Promise<void> {
    return member.ask({ kind: 'retire', service: this.plan.service });
  }
}
