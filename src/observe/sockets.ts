/**
 * The sockets of a thread as plain data: how many there are of each kind, and those through which most has gone lately.
 */
import { Connection } from '../api/stream/connection.js';
import { shownAddress } from '../api/stream/parts/connection-parts.js';
import { DatagramSocket } from '../api/datagram/datagram-socket.js';
import { Listener } from '../api/listening/listener.js';
import type { ShownConnection } from '../core/observation/shown-connection.js';
import type { Reactor } from '../core/reactor/reactor.js';
import { formatAddress } from '../sys/socket/sockaddr.js';
import { acceptQueueLength } from '../sys/socket/tcp-handshake.js';

/** The open sockets of a thread, by kind. */
export interface SocketCounts {
  readonly connections: number;
  readonly listeners: number;
  readonly datagramSockets: number;
}

/** One connection at the time of the snapshot. */
export interface ConnectionSnapshot {
  /** The same in all snapshots of its thread, as long as it is open. */
  readonly id: number;
  readonly fd: number;
  /**
   * 'open', 'peer-ended', 'ending', … See docs/connection-states.md. 'secure': it has TLS, and bytes are counted
   * without it.
   */
  readonly state: string;
  readonly local: string | undefined;
  readonly remote: string | undefined;
  readonly receivedBytes: number;
  readonly sentBytes: number;
  /** Bytes in memory that the kernel has not taken yet. */
  readonly queuedBytes: number;
}

/** One listener at the time of the snapshot. */
export interface ListenerSnapshot {
  readonly fd: number;
  readonly address: string;
  readonly accepted: number;
  /** Times that no descriptor or memory was left for a connection. */
  readonly exhausted: number;
  /** Connections that were closed at once for want of a descriptor. */
  readonly shed: number;
  /** Connections that wait in the kernel to be accepted; undefined where the system does not tell. */
  readonly waiting: number | undefined;
}

/** The sockets of a thread. */
export interface SocketsSnapshot {
  readonly counts: SocketCounts;
  /** Those through which most has gone since the last snapshot of this thread. */
  readonly connections: readonly ConnectionSnapshot[];
  readonly listeners: readonly ListenerSnapshot[];
}

interface Ranked {
  readonly id: number;
  readonly connection: ShownConnection;
  readonly weight: number;
}

/** What is kept of a connection from one look at this thread to the next. */
interface Seen {
  readonly id: number;
  bytes: number;
}

const seen = new WeakMap<ShownConnection, Seen>();
let lastId = 0;

/** @param most connections to list. */
export function snapshotSockets(reactor: Reactor, most: number): SocketsSnapshot {
  const open = [...reactor.elsewhere];
  const listeners: ListenerSnapshot[] = [];
  let datagramSockets = 0;
  for (const { owner } of reactor.driver.registered.inCare()) {
    if (owner instanceof Connection) open.push(owner);
    else if (owner instanceof Listener) listeners.push(snapshotListener(owner));
    else if (owner instanceof DatagramSocket) datagramSockets++;
  }
  // A look that lists none must not take the changes from one that does.
  const ranked = most === 0 ? [] : open.map(rank);
  ranked.sort((a, b) => b.weight - a.weight || a.id - b.id);
  return {
    counts: { connections: open.length, listeners: listeners.length, datagramSockets },
    connections: ranked.slice(0, most).map(snapshotConnection),
    listeners,
  };
}

/** By what has moved since the last look, and what waits to move. */
function rank(connection: ShownConnection): Ranked {
  const { bytesReceived, bytesSent, queuedBytes } = connection;
  const bytes = bytesReceived + bytesSent;
  const before = seen.get(connection) ?? { id: ++lastId, bytes: 0 };
  const weight = bytes - before.bytes + queuedBytes;
  before.bytes = bytes;
  seen.set(connection, before);
  return { id: before.id, connection, weight };
}

function snapshotConnection({ id, connection }: Ranked): ConnectionSnapshot {
  return {
    id,
    fd: connection.ownFd,
    state: connection.state,
    local: shownAddress(() => connection.localAddress),
    remote: shownAddress(() => connection.remoteAddress),
    receivedBytes: connection.bytesReceived,
    sentBytes: connection.bytesSent,
    queuedBytes: connection.queuedBytes,
  };
}

function snapshotListener({ ownFd, address, counters }: Listener): ListenerSnapshot {
  return { fd: ownFd, address: formatAddress(address), ...counters, waiting: acceptQueueLength(ownFd) };
}
