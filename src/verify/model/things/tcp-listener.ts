/** A TCP socket that listens: connections are complete before anybody accepts them. */
import type { VirtualClock } from '../clock.js';
import { Refusal } from '../refusal.js';
import { Socket } from './socket.js';
import { TcpSocket } from './tcp-socket.js';

export class TcpListener extends Socket {
  private readonly queue: TcpSocket[] = [];

  constructor(
    readonly port: number,
    readonly limit: number,
    private readonly clock: VirtualClock,
  ) {
    super();
  }

  override get backlog(): number {
    return this.queue.length;
  }

  get available(): number {
    return 0;
  }

  get room(): number {
    return 0;
  }

  get unsent(): number {
    return 0;
  }

  /** @returns whether there is room in the queue; without, the connection stays under way. */
  connect(client: TcpSocket): boolean {
    if (this.queue.length > (3 * this.limit) / 2) return false;
    const server = new TcpSocket(this.clock);
    server.establish(client);
    client.establish(server);
    this.queue.push(server);
    this.receiving.watchers.notify();
    return true;
  }

  /** @throws Refusal EAGAIN; ECONNABORTED: the client was faster away. */
  accept(): TcpSocket {
    const error = this.takeError();
    if (error !== undefined) throw new Refusal(error);
    const accepted = this.queue.shift();
    if (accepted === undefined) throw new Refusal('EAGAIN');
    this.receiving.watchers.notify();
    if (accepted.wasAborted) throw new Refusal('ECONNABORTED');
    return accepted;
  }

  read(): Uint8Array {
    throw new Refusal('ENOTCONN');
  }

  write(): number {
    throw new Refusal('ENOTCONN');
  }

  /** It says that it can't, and wakes those who wait to accept all the same. */
  shutdownReceiving(): void {
    this.error = 'ECONNABORTED';
    this.receiving.watchers.notify();
    throw new Refusal('ENOTCONN');
  }

  shutdownSending(): void {
    throw new Refusal('ENOTCONN');
  }

  closed(): void {
    for (const connection of this.queue.splice(0)) connection.abort();
  }
}
