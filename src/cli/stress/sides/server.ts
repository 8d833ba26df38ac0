/** libiapp's server: a sink that accepts everybody, reads everything and throws it away. */
import type { Connection } from '../../../api/stream/connection.js';
import { listen } from '../../../api/listening/listen.js';
import type { Listener } from '../../../api/listening/listener.js';
import { currentReactor } from '../../../api/thread-reactor.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import { formatAddress } from '../../../sys/socket/sockaddr.js';
import type { ThreadAccount } from '../account.js';
import type { ServerPlan } from '../plan.js';
import { Tally, type SideProgress } from '../tally.js';

export class SinkServer {
  private readonly open = new Set<Connection>();
  private emptied: (() => void) | undefined;
  private readonly swallow = (chunk: BufferList) => {
    this.tally.bytes += chunk.length;
  };

  private constructor(
    private readonly listener: Listener,
    private readonly tally: Tally,
    private readonly patienceMs: number,
  ) {
    listener.onError = failure => tally.countError(failure);
    listener.onConnection = connection => this.accepted(connection);
  }

  /** @throws IoError EADDRINUSE and its like; ENOTSUP a shared port where the system does not spread connections. */
  static async start({ host, port, isShared, patienceMs }: ServerPlan): Promise<SinkServer> {
    const listener = await listen({ host, port, reusePort: isShared ? 'require' : 'off' });
    return new SinkServer(listener, new Tally(currentReactor()), patienceMs);
  }

  get port(): number {
    const { address } = this.listener;
    return address.family === 'unix' ? 0 : address.port;
  }

  /** '127.0.0.1:1667' */
  get address(): string {
    return formatAddress(this.listener.address);
  }

  /** Notes how many connections are held: called when the pushing is over. */
  noteHeld(): void {
    this.tally.noteHeld();
  }

  /** Stops accepting, gives the clients a while to close, then closes what is left. */
  async finish(): Promise<ThreadAccount> {
    this.tally.noteHeld();
    await this.listener.close();
    if (this.open.size > 0) {
      const patience = setTimeout(() => {
        for (const connection of this.open) connection.destroy();
      }, this.patienceMs);
      await new Promise<void>(resolve => (this.emptied = resolve));
      clearTimeout(patience);
    }
    return this.tally.finish();
  }

  progress(): SideProgress {
    return this.tally.progress();
  }

  private accepted(connection: Connection): void {
    this.tally.open();
    this.open.add(connection);
    connection.onClose = failure => {
      this.open.delete(connection);
      this.tally.close(failure);
      if (this.open.size === 0) this.emptied?.();
    };
    connection.onData = this.swallow;
  }
}
