/** Taking a connection from Node: its descriptor and what Node has read ahead, without a sign of it on the wire. */
import type { Socket } from 'node:net';
import { dup } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { runtime } from '../../sys/ffi/platform.js';

/** What Node's sockets have, and do not say that they have. */
interface NodeHandle {
  readonly fd?: number;
  /** Bytes that libuv has not written yet. */
  readonly writeQueueSize?: number;
  /** Bun has none. */
  readStop?(): number;
}

interface Innards {
  readonly _handle?: NodeHandle | null;
  readonly _readableState: { readonly pipes: readonly unknown[] };
  /** Of TLS sockets. */
  readonly encrypted?: boolean;
  /** Of sockets whose bytes go into Node's HTTP parser. */
  readonly parser?: object | null;
}

export interface TakenSocket {
  readonly fd: number;
  /** What Node had received and nobody had read. */
  readonly unread: Uint8Array;
  /** FIN was sent. */
  readonly hasEnded: boolean;
}

/**
 * Takes the connection. The socket is destroyed, which the peer does not notice: it has a duplicate of the descriptor.
 * Its listeners hear 'close' and nothing else.
 *
 * @throws IoError why it can't be taken, and nothing has happened to it: EBADF, ENOTCONN, EINVAL, EBUSY, ENOTSUP;
 *   EMFILE.
 */
export function takeNodeSocket(socket: Socket): TakenSocket {
  const handle = checkTakable(socket);
  const fd = dup(handle.fd!);
  handle.readStop!();
  // Nobody but the new owner is to hear of what is read from here on.
  socket.removeAllListeners('data').removeAllListeners('readable');
  const { readableLength, writableFinished } = socket;
  // Exactly what is there: more or less would make it read on, or tell of the end.
  const unread = readableLength > 0 ? (socket.read(readableLength) as Uint8Array) : new Uint8Array(0);
  socket.destroy();
  return { fd, unread, hasEnded: writableFinished };
}

/** @returns its handle, which has a descriptor. */
function checkTakable(socket: Socket): NodeHandle {
  const { _handle, _readableState, encrypted, parser } = socket as unknown as Innards;
  const refuse = (code: string, explanation: string) => new IoError(code, 'adopt', 'net.Socket', explanation);
  if (encrypted === true) throw refuse('EINVAL', 'it is a TLS socket, whose bytes only Node can read');
  if (socket.destroyed) throw refuse('EBADF', 'it is destroyed');
  if (socket.connecting || socket.pending) throw refuse('ENOTCONN', "it is not connected yet; wait for 'connect'");
  if (_handle === null || _handle === undefined || (_handle.fd ?? -1) < 0)
    throw refuse('EBADF', 'it has no descriptor');
  if (_handle.readStop === undefined) {
    throw refuse('ENOTSUP', `${runtime} has no way to stop reading it; allowed here: a descriptor`);
  }
  if (parser !== null && parser !== undefined)
    throw refuse('EBUSY', 'an HTTP parser reads from it; it can be taken after an upgrade');
  if (_readableState.pipes.length > 0 || socket.listenerCount('unpipe') > 0) {
    throw refuse('EBUSY', 'it is piped; unpipe it first');
  }
  if (socket.readableEncoding !== null) {
    throw refuse('EINVAL', 'it has an encoding, so what was received before is no longer bytes');
  }
  const unwritten = Math.max(socket.writableLength, _handle.writeQueueSize ?? 0);
  if (unwritten > 0) throw refuse('EBUSY', `it has ${unwritten} bytes to write; wait for the callback of write()`);
  if (socket.writableEnded && !socket.writableFinished) {
    throw refuse('EBUSY', "it was ended and that is under way; wait for 'finish'");
  }
  return _handle;
}
