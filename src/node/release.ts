/** A connection that becomes a socket of Node: the descriptor is Node's from then on. */
import { Socket as NodeSocket, type SocketConstructorOpts } from 'node:net';
import { boolean, valuesOf, type OptionTable } from '../base/options.js';
import type { Connection } from '../api/stream/connection.js';
import { IoError } from '../sys/ffi/io-error.js';
import { O_RDONLY, O_WRONLY } from '../sys/file/file-constants.js';
import { descriptorKind } from '../sys/file/file-stat.js';
import { accessMode, close } from '../sys/file/io.js';
import { disown } from '../sys/file/owned-descriptors.js';
import { checkUnused } from './unused-connection.js';

/** Options of `release`. */
export interface ReleaseOptions {
  /** As in `node:net`: whether the socket stays open for writing after the peer's FIN. Default false. */
  readonly allowHalfOpen?: boolean;
}

const RELEASE_OPTIONS = { allowHalfOpen: boolean(false) } satisfies OptionTable<ReleaseOptions>;

/**
 * Makes a `net.Socket` of a connection, on the same descriptor: from there on it is as fast as any socket of Node, and
 * all that takes one takes it. The way back is `adopt(socket)`.
 *
 *     const socket = release(connection);
 *     httpServer.emit('connection', socket);
 *
 * Not a byte is lost or doubled: what was received and not read is read from the socket first, and what was sent and is
 * still queued is written first. A FIN that was sent, or is to be sent after what is queued, stays so. Socket options,
 * such as TCP_NODELAY and SO_KEEPALIVE, are the descriptor's and stay. Timeouts and handlers of the connection end; it
 * is closed for its user, `closed` resolves, and `onClose` is not called.
 *
 * @throws TypeError no connection; an option that there is not.
 * @throws IoError EBADF: it is closed or being closed; EINVAL: a terminal. @throws Error it is being read, or a
 *   transfer has it. Nothing has happened to it in these cases.
 */
export function release(connection: Connection, options: ReleaseOptions = {}): NodeSocket {
  const { allowHalfOpen } = valuesOf(RELEASE_OPTIONS, options);
  checkUnused('release', connection);
  const directions = directionsOf(connection);
  const { fd, inFlight, details } = connection.detach('release');
  const socket = openNodeSocket({ fd, allowHalfOpen, ...directions });
  const { unread, queued } = inFlight!;
  if (unread.length > 0) socket.unshift(unread);
  if (queued.length > 0) socket.write(queued);
  if (details.hasEnded) socket.end();
  return socket;
}

/** What the descriptor can do: a pipe has one direction. @throws IoError EINVAL: Node has no such sockets. */
function directionsOf({ isSocket, ownFd }: Connection): { readable: boolean; writable: boolean } {
  if (isSocket) return { readable: true, writable: true };
  const kind = descriptorKind(ownFd);
  if (kind !== 'fifo') {
    throw new IoError('EINVAL', 'release', `descriptor ${ownFd}`, `it is a ${kind}; allowed: sockets, pipes`);
  }
  const access = accessMode(ownFd);
  return { readable: access !== O_WRONLY, writable: access !== O_RDONLY };
}

/** @param options its `fd` is closed if it can't be opened. */
function openNodeSocket(options: { fd: number } & SocketConstructorOpts): NodeSocket {
  try {
    // Before it is opened: of two that close a number, the second could close what has been opened since.
    disown(options.fd);
    return new NodeSocket(options);
  } catch (error) {
    close(options.fd);
    throw error;
  }
}
