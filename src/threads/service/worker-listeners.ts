/**
 * Workers that accept for themselves: each from a socket of its own (reuseport), or all from one (exclusive). The
 * sockets belong to the thread that has the runtime, so none is lost with a worker: what waits in its backlog is
 * accepted by the worker that comes after it, or by another.
 */
import { SHUT_RD } from '../../sys/ffi/constants.js';
import { close } from '../../sys/file/io.js';
import { shutdown } from '../../sys/socket/socket.js';
import type { ListeningSocket } from '../../api/listening/listening-socket.js';
import type { Peer } from '../endpoint/peer.js';
import type { Serving } from './worker-services.js';
import { askAll, type AcceptModelRun, type ServingWorkers, type ServingWorker, type Deadline } from './model.js';

export class WorkerListeners implements AcceptModelRun {
  /**
   * The worker that accepts from each socket that is not shared; undefined: no worker was left, or the socket is
   * drained.
   */
  private readonly acceptors: (ServingWorker | undefined)[];
  /** Sockets that are being given to another worker, by index. */
  private readonly handOvers = new Map<number, Promise<void>>();
  private isClosing = false;

  /** @param sockets one a worker, or one for all. */
  constructor(
    private readonly workers: ServingWorkers,
    private readonly sockets: readonly ListeningSocket[],
    private readonly isShared: boolean,
    private readonly plan: Omit<Serving, 'index' | 'listening'>,
  ) {
    this.acceptors = sockets.map((_socket, index) => workers[index]);
  }

  async begin(worker: ServingWorker): Promise<void> {
    for (const [index, socket] of this.sockets.entries()) {
      // One that has been told to accept no more can't begin anew.
      if (this.isClosing) return;
      if (this.isShared || this.isAcceptor(worker, index)) await this.serve(worker, socket);
    }
  }

  onEnded(worker: ServingWorker, willReturn: boolean): void {
    // One that comes after it goes on where it was, but nobody begins while the service closes.
    if (this.isShared || (willReturn && !this.isClosing)) return;
    for (const [index, acceptor] of this.acceptors.entries()) {
      if (acceptor !== worker) continue;
      this.acceptors[index] = undefined;
      this.handOvers.set(
        index,
        this.handOver(index).finally(() => this.handOvers.delete(index)),
      );
    }
  }

  async close(deadline: Deadline): Promise<readonly ServingWorker[]> {
    const { late } = await askAll(this.workers, worker => this.release(worker), deadline);
    while (this.handOvers.size > 0 && !deadline.isPast) await deadline.holds(Promise.all(this.handOvers.values()));
    for (const { fd } of this.sockets) {
      // A worker that is late has a duplicate, by which clients would be let in with nobody to serve them.
      if (deadline.isPast) shutdown(fd, SHUT_RD);
      close(fd);
    }
    return late;
  }

  async release(worker: ServingWorker): Promise<void> {
    this.isClosing = true;
    if (!worker.isRunning) return;
    await this.retire(worker);
    for (const [index, acceptor] of this.acceptors.entries())
      if (acceptor === worker) this.acceptors[index] = undefined;
  }

  /** Whether it is to accept from that socket: its own, or one that was left when there was nobody else. */
  private isAcceptor(worker: ServingWorker, index: number): boolean {
    if (this.handOvers.has(index)) return false;
    return (this.acceptors[index] ??= worker) === worker;
  }

  /** Another worker accepts from the socket, or takes what waits there if the service closes: the first that can. */
  private async handOver(index: number): Promise<void> {
    const asked = new Set<Peer>();
    for (;;) {
      const others = this.workers.filter(other => other.isRunning && !asked.has(other.peer));
      if (others.length === 0) return;
      const successor = others[index % others.length];
      asked.add(successor.peer);
      try {
        await this.serve(successor, this.sockets[index]);
        // A worker that was told to accept no more accepts this once.
        if (this.isClosing) await this.retire(successor);
        else this.acceptors[index] = successor;
        return;
      } catch {
        // It has ended as well, or has no room for one more descriptor.
      }
    }
  }

  private serve(worker: ServingWorker, { fd }: ListeningSocket): Promise<void> {
    return worker.ask({ kind: 'serve', serving: { ...this.plan, index: worker.index, listening: fd } });
  }

  private retire(worker: ServingWorker): Promise<void> {
    return worker.ask({ kind: 'retire', service: this.plan.service });
  }
}
