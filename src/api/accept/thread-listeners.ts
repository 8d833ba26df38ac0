/**
 * Threads that accept for themselves: each from a socket of its own (reuseport), or all from one (exclusive). The sockets
 * belong to the thread that has the runtime, so none is lost with a thread: what waits in its backlog is accepted by the
 * thread that comes after it, or by another.
 */
import { close } from '../../sys/io.js';
import type { ListeningSocket } from '../listening-socket.js';
import type { Serving } from './inlet.js';
import type { AcceptModelRun, Crew, CrewMember } from './model.js';

export class ThreadListeners implements AcceptModelRun {
  /** Who accepts from each socket that is not shared. */
  private readonly keepers: CrewMember[];
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
      if (this.isShared || this.keepers[index] === member) await this.serve(member, socket);
    }
  }

  onEnded(member: CrewMember, willReturn: boolean): void {
    // One that has been told to accept no more can't begin anew.
    if (this.isShared || willReturn || this.isClosing) return;
    const others = this.crew.filter(other => other.peer !== undefined);
    for (const [index, socket] of this.sockets.entries()) {
      if (this.keepers[index] !== member || others.length === 0) continue;
      const heir = others[index % others.length];
      this.keepers[index] = heir;
      // If that one ends as well, the next call of this finds another.
      void this.serve(heir, socket).catch(() => {});
    }
  }

  async close(): Promise<void> {
    await Promise.allSettled(this.crew.map(member => this.release(member)));
    for (const { fd } of this.sockets) close(fd);
  }

  async release(member: CrewMember): Promise<void> {
    this.isClosing = true;
    if (member.peer !== undefined) await member.ask({ kind: 'retire', service: this.plan.service });
  }

  private serve(member: CrewMember, { fd }: ListeningSocket): Promise<void> {
    return member.ask({ kind: 'serve', serving: { ...this.plan, index: member.index, listening: fd } });
  }
}
