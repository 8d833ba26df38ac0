/** A connection made of a descriptor or of a socket that came from elsewhere. */
import { BufferList } from '../../core/memory/buffer-list.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { Socket as NodeSocket } from 'node:net';
import { SOCK_DGRAM, SO_ACCEPTCONN, SO_TYPE } from '../../sys/ffi/constants.js';
import { O_RDONLY, O_WRONLY } from '../../sys/file/file-constants.js';
import { accessMode } from '../../sys/file/io.js';
import { descriptorKind } from '../../sys/file/file-stat.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { makeNonBlocking } from '../../sys/file/open-description.js';
import { own } from '../../sys/file/owned-descriptors.js';
import { checkInteger, MAX_DESCRIPTOR } from '../../base/arguments.js';
import { valuesOf } from '../../base/options.js';
import type { InFlight } from '../departure.js';
import type { ConnectionDetails } from './parts/connection-parts.js';
import type { ConnectionState } from './parts/connection-states.js';
import { Connection } from './connection.js';
import { takeNodeSocket } from './node-socket.js';
import { QUEUE_LIMITS, queueLimits, type QueueLimits } from '../options.js';
import { answerOf } from '../socket/given-descriptor.js';
import { currentReactor } from '../thread-reactor.js';

/** A pipe's end has one direction: as if the other had ended already. */
const STATE_BY_ACCESS = new Map<number, ConnectionState>([
  [O_RDONLY, 'ended'],
  [O_WRONLY, 'peer-ended'],
]);

/**
 * Makes a connection of what came from elsewhere.
 *
 * A descriptor, of a connected stream socket or of a pipe's end, belongs to the connection from now on: its former
 * owner must neither use nor close it. Others that share a pipe, a terminal or a socket with this process do not
 * notice: pipes and terminals are opened anew on Linux, and elsewhere made non-blocking until the close; a socket that
 * waits for others goes on to do so, and its files and joins go by buffers. To the end of a pipe that is for reading
 * nothing can be sent, and the one for writing has nothing to read.
 *
 * A `net.Socket` of Node is taken in whatever state of reading it is, paused or not: what Node had received and nobody
 * had read comes first, also for a join or a copy. The peer notices nothing. The socket is of no more use; it emits
 * 'close'.
 *
 * @throws IoError EBADF; EINVAL: it is a file or a directory, a socket for datagrams or one that listens, or a socket
 *   with TLS or with an encoding; ENOTCONN: a socket that is connecting; EBUSY: a socket that is piped, feeds an HTTP
 *   parser, or has something to write; ENOTSUP: a `net.Socket` of Bun, which can't stop to read.
 * @throws TypeError neither a descriptor nor a socket; a limit that does not exist.
 * @throws RangeError a number that is no descriptor, a limit that makes no sense.
 */
export function adopt(from: number | NodeSocket, limits: Partial<QueueLimits> = {}): Connection {
  const isDescriptor = typeof from === 'number';
  if (isDescriptor) checkInteger('fd', from, 0, MAX_DESCRIPTOR);
  const checked = queueLimits(valuesOf(QUEUE_LIMITS, limits, 'limits'));
  if (isDescriptor) return adoptDescriptor(from, checked);
  if (!(from instanceof NodeSocket)) {
    throw new TypeError(`from: ${typeof from}; allowed: a descriptor, or a net.Socket of Node`);
  }
  const { fd, unread, hasEnded } = takeNodeSocket(from);
  const connection = adoptDescriptor(fd, checked);
  putUnread(connection, unread);
  if (hasEnded) connection.end();
  return connection;
}

/** Makes a connection anew of what `connection.detach()` gave. @param fd the connection owns it after the call. */
export function restoreConnection(fd: number, details: ConnectionDetails, { queued, unread }: InFlight): Connection {
  const connection = adoptDescriptor(fd, details.limits);
  putUnread(connection, unread);
  if (queued.length > 0) connection.send(queued);
  if (details.hasEnded) connection.end();
  return connection;
}

/** Bytes that were received elsewhere count as received here. */
function putUnread({ inbound }: Connection, unread: Uint8Array): void {
  inbound.bytesReceived += unread.length;
  inbound.putBack(BufferList.from(unread));
}

function adoptDescriptor(fd: number, limits: QueueLimits): Connection {
  const kind = descriptorKind(fd);
  if (kind !== 'socket' && kind !== 'fifo' && kind !== 'character device') {
    throw new IoError('EINVAL', 'adopt', `descriptor ${fd}`, `it is a ${kind}; allowed: stream sockets, pipes`);
  }
  if (kind === 'socket') checkStream(fd);
  const reactor = currentReactor();
  if (reactor.driver.isWatched(fd))
    throw new IoError('EEXIST', 'adopt', `descriptor ${fd}`, 'it is watched: close the watch');
  makeNonBlocking(fd, kind);
  const descriptor = reactor.driver.add(fd, new AsyncScope('POLLUX_CONNECTION'));
  if (kind === 'socket') {
    // What Node opened in a worker it closes at the worker's end; it opens no sockets without an object of its own.
    own(fd);
    return new Connection(descriptor, { reactor, limits, unread: 'left' });
  }
  descriptor.origin = 'pipe';
  // Nobody answers a pipe that closes.
  const terms = { reactor, limits: { ...limits, lingerMs: 0 }, unread: 'left' } as const;
  return new Connection(descriptor, terms, STATE_BY_ACCESS.get(accessMode(fd)));
}

/**
 * @throws IoError EINVAL: a connection of datagrams would take an empty one for the end, and cut a long one; nothing
 *   comes to a socket that listens.
 */
function checkStream(fd: number): void {
  const refuse = (what: string, opener: string) => {
    const explanation = `it is a socket ${what}; allowed: stream sockets, pipes. ${opener} such sockets`;
    throw new IoError('EINVAL', 'adopt', `descriptor ${fd}`, explanation);
  };
  if (answerOf(fd, SO_TYPE) === SOCK_DGRAM) refuse('for datagrams', 'bindDatagram() opens');
  if (answerOf(fd, SO_ACCEPTCONN) === 1) refuse('that listens', 'listen() opens');
}
