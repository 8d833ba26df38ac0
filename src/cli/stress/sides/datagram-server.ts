/** The sink for datagrams: one socket a thread, and each datagram that the kernel did not drop is counted. */
import { setTimeout as delay } from 'node:timers/promises';
import { bindDatagram } from '../../../api/datagram/bind-datagram.js';
import type { DatagramSocket } from '../../../api/datagram/datagram-socket.js';
import { currentReactor } from '../../../api/thread-reactor.js';
import type { BufferList } from '../../../core/memory/buffer-list.js';
import { formatAddress } from '../../../sys/socket/sockaddr.js';
import type { ThreadAccount } from '../account.js';
import type { ServerPlan } from '../plan.js';
import { Tally, type ThreadProgress } from '../tally.js';
import { machineMs } from '../timing/machine-clock.js';
import { Stamp } from '../traffic/stamp.js';
import type { Listening, ServerSide } from './side-thread.js';

/** How often it is asked whether all have come. */
const LOOK_MS = 20;
/** After which silence nothing more is expected: on loopback a datagram has come or is dropped once it was sent. */
const SILENCE_MS = 1_000;

export class DatagramServer implements ServerSide {
  private readonly tally = new Tally(currentReactor());
  private readonly stamp = new Stamp();
  private received = 0;
  private readonly count = (bytes: BufferList) => {
    const { tally, stamp } = this;
    if (this.received++ === 0) tally.open();
    tally.bytes += bytes.length;
    if (!this.isStamped) return;
    bytes.copyTo(stamp.bytes);
    tally.delays.record(machineMs() - stamp.sentMs);
  };

  private constructor(
    private readonly socket: DatagramSocket,
    private readonly isStamped: boolean,
  ) {
    socket.onDatagram = this.count;
    socket.onError = failure => this.tally.countError(failure);
  }

  /** @throws IoError EADDRINUSE and its like; ENOTSUP a shared port where the system does not spread datagrams. */
  static async start({ at, isShared, stampedBytes }: ServerPlan): Promise<DatagramServer> {
    if ('directory' in at) throw new TypeError('at: a directory; allowed: host and port');
    const { host, port } = at;
    const socket = await bindDatagram({ host, port, reusePort: isShared ? 'require' : 'off' });
    return new DatagramServer(socket, stampedBytes !== null);
  }

  get place(): Listening {
    const { address, port } = this.socket;
    return { place: { host: address.family === 'unix' ? '' : address.address, port }, address: formatAddress(address) };
  }

  noteHeld(): void {
    this.tally.noteHeld();
  }

  /** @param expected how many were sent; null: nobody knows. */
  async finish(expected: number | null): Promise<ThreadAccount> {
    const { socket, tally } = this;
    for (let quietMs = 0, last = -1; quietMs < SILENCE_MS; quietMs += LOOK_MS) {
      const { received, truncated, dropped } = socket.counters;
      const found = received + truncated + (dropped ?? 0);
      if (found === expected) break;
      if (found !== last) quietMs = 0;
      last = found;
      await delay(LOOK_MS);
    }
    this.noteHeld();
    this.look();
    if (this.received > 0) tally.close(undefined);
    await socket.close();
    return tally.finish();
  }

  progress(): ThreadProgress {
    this.look();
    return this.tally.progress();
  }

  private look(): void {
    const { received, truncated, dropped = null } = this.socket.counters;
    this.tally.messages = received;
    this.tally.datagrams = { sent: 0, refused: 0, received, truncated, dropped };
  }
}
