/** libiapp's server of streams: a sink that accepts everybody, reads everything and throws it away. */
import { join } from 'node:path';
import process from 'node:process';
import { threadId } from 'node:worker_threads';
import type { Connection } from '../../../api/stream/connection.js';
import { listen, type ListenOptions } from '../../../api/listening/listen.js';
import type { Listener } from '../../../api/listening/listener.js';
import { currentReactor } from '../../../api/thread-reactor.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import { formatAddress } from '../../../sys/socket/sockaddr.js';
import type { ThreadAccount } from '../account.js';
import type { ServerPlan } from '../plan.js';
import { Tally, type ThreadProgress } from '../tally.js';
import { machineMs } from '../timing/machine-clock.js';
import { MessageReader } from '../traffic/message-reader.js';
import type { Listening, ServerSide } from './side-thread.js';

export class SinkServer implements ServerSide {
  private readonly open = new Set<Connection>();
  private emptied: (() => void) | undefined;
  private readonly swallow = (chunk: BufferList) => {
    this.tally.bytes += chunk.length;
  };

  private constructor(
    private readonly listener: Listener,
    private readonly tally: Tally,
    private readonly plan: ServerPlan,
  ) {
    if (plan.stampedBytes !== null) tally.messages = 0;
    listener.onError = failure => tally.countError(failure);
    listener.onConnection = connection => this.accepted(connection);
  }

  /** @throws IoError EADDRINUSE and its like; ENOTSUP a shared port where the system does not spread connections. */
  static async start(plan: ServerPlan): Promise<SinkServer> {
    const listener = await listen(listenOptions(plan));
    return new SinkServer(listener, new Tally(currentReactor()), plan);
  }

  get place(): Listening {
    const { address } = this.listener;
    const place =
      address.family === 'unix' ? { path: address.path } : { host: address.address, port: this.listener.port };
    return { place, address: formatAddress(address) };
  }

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
      }, this.plan.patienceMs);
      await new Promise<void>(resolve => (this.emptied = resolve));
      clearTimeout(patience);
    }
    return this.tally.finish();
  }

  progress(): ThreadProgress {
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
    const { stampedBytes } = this.plan;
    connection.onData = stampedBytes === null ? this.swallow : this.counting(connection, stampedBytes);
  }

  /** Cuts the messages of one connection. A stream that is out of order counts as an error, and ends. */
  private counting(connection: Connection, mostBytes: number): (chunk: BufferList) => void {
    const { tally } = this;
    const reader = new MessageReader(tally.delays, mostBytes);
    return chunk => {
      tally.bytes += chunk.length;
      const before = reader.messages;
      try {
        reader.read(chunk, machineMs());
      } catch (error) {
        tally.countError(error as Error);
        connection.destroy();
      }
      tally.messages! += reader.messages - before;
    };
  }
}

function listenOptions({ at, isShared }: ServerPlan): ListenOptions {
  if ('directory' in at) return { path: join(at.directory, `${process.pid}-${threadId}`) };
  return { host: at.host, port: at.port, reusePort: isShared ? 'require' : 'off' };
}
