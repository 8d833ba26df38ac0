/**
 * The receiving side of a hand-over: connections, listeners, datagram sockets and files that other threads move here.
 */
import { wrongState } from '../sys/ffi/io-error.js';
import { deserialize } from 'node:v8';
import { close, dup } from '../sys/file/io.js';
import { restoreConnection } from '../api/stream/adopt.js';
import { checkFunction, kindOf } from '../base/arguments.js';
import type { ConnectionDetails } from '../api/stream/parts/connection-parts.js';
import type { Connection } from '../api/stream/connection.js';
import type { DiskFile } from '../api/file/disk-file.js';
import { restoreFile } from '../api/file/open.js';
import { WorkerServices } from './service/worker-services.js';
import type { DatagramDetails } from '../api/datagram/datagram-details.js';
import { restoreDatagramSocket } from '../api/datagram/bind-datagram.js';
import type { DatagramSocket } from '../api/datagram/datagram-socket.js';
import type { InFlight, Movable } from '../api/departure.js';
import { answerOf, inFlightOf, type InFlightPart, type Parcel, type Part } from './move.js';
import { restoreListener } from '../api/listening/listen.js';
import type { Listener } from '../api/listening/listener.js';
import { Endpoint } from './endpoint/endpoint.js';
import { currentReactor } from '../api/thread-reactor.js';
import { throwLater } from '../api/throw-later.js';

/**
 * Lets other threads move connections here (`connection.moveTo`), and those of services come here (`runtime.listen`),
 * which have no state. An endpoint does so once, and it keeps its thread alive.
 *
 * @param onConnection told of each, before anything is received from it, with the state that was given along. What it
 *   throws is thrown in this thread, which has the connection.
 * @throws TypeError no endpoint, or a handler that is no function.
 * @throws IoError EALREADY: it was called before; EBADF: the endpoint is closed.
 */
export function receiveConnections<S = unknown>(
  endpoint: Endpoint,
  onConnection: (connection: Connection, state: S) => void,
): void {
  checkReceiver('receiveConnections', endpoint, 'connection', onConnection);
  const take = collectInFlight(endpoint, 'connection');
  const make = (fd: number, details: ConnectionDetails, from: number, move: string) =>
    restoreConnection(fd, details, take(from, move));
  receive(endpoint, 'connection', make, onConnection);
  new WorkerServices(endpoint, connection => onConnection(connection, undefined as S));
}

/**
 * Lets other threads move listeners here (`listener.moveTo`): what waits in the backlog is accepted here. Otherwise as
 * `receiveConnections`.
 *
 * @param onListener told of each; it accepts once it has an `onConnection` or is iterated.
 */
export function receiveListeners<S = unknown>(
  endpoint: Endpoint,
  onListener: (listener: Listener, state: S) => void,
): void {
  checkReceiver('receiveListeners', endpoint, 'listener', onListener);
  receive(endpoint, 'listener', restoreListener, onListener);
}

/** Lets other threads move files here (`file.moveTo`). Otherwise as `receiveConnections`. */
export function receiveFiles<S = unknown>(endpoint: Endpoint, onFile: (file: DiskFile, state: S) => void): void {
  checkReceiver('receiveFiles', endpoint, 'file', onFile);
  receive(endpoint, 'file', restoreFile, onFile);
}

/**
 * Lets other threads move datagram sockets here (`socket.moveTo`): what the kernel holds is received here, and what
 * waited to be sent is sent from here, before anything else. Otherwise as `receiveConnections`.
 *
 * @param onSocket told of each; it receives once it has an `onDatagram`, or `receive` is called.
 */
export function receiveDatagrams<S = unknown>(
  endpoint: Endpoint,
  onSocket: (socket: DatagramSocket, state: S) => void,
): void {
  checkReceiver('receiveDatagrams', endpoint, 'datagram socket', onSocket);
  const take = collectInFlight(endpoint, 'datagram socket');
  const make = (fd: number, details: DatagramDetails, from: number, move: string) =>
    restoreDatagramSocket(fd, details, take(from, move));
  receive(endpoint, 'datagram socket', make, onSocket);
}

/** Before anything is done, so that what is wrong leaves nothing behind, and is told in the words of who called. */
function checkReceiver(call: string, endpoint: Endpoint, kind: Movable, onReceived: unknown): void {
  if (!(endpoint instanceof Endpoint)) {
    throw new TypeError(
      `endpoint: ${kindOf(endpoint)}; allowed: this thread's Endpoint, such as currentWorker().endpoint`,
    );
  }
  checkFunction('handler', onReceived);
  if (endpoint.isClosed) throw wrongState('EBADF', call, 'the endpoint is closed');
  if (endpoint.isAnswering(answerOf(kind)))
    throw wrongState('EALREADY', call, 'it was called before; a thread has one such handler');
}

/** Takes in what comes ahead of the descriptors of a kind. @returns how to take out what belongs to a move, once. */
function collectInFlight(endpoint: Endpoint, kind: Movable): (from: number, move: string) => InFlight {
  // By the thread that sends them, since one that ends leaves its moves half done.
  const arrived = new Map<number, InFlightPart[]>();
  endpoint.watchDepartures(threadId => arrived.delete(threadId));
  endpoint.answer<Part, true>(inFlightOf(kind), ({ from, value }) => {
    if (value.of === 'nothing') {
      drop(from, value.move);
      return true;
    }
    const parts = arrived.get(from);
    if (parts === undefined) arrived.set(from, [value]);
    else parts.push(value);
    return true;
  });
  const drop = (from: number, move: string) => {
    const others = arrived.get(from)?.filter(part => part.move !== move) ?? [];
    if (others.length > 0) arrived.set(from, others);
    else arrived.delete(from);
  };
  return (from, move) => {
    const parts = arrived.get(from) ?? [];
    drop(from, move);
    const bytesOf = (of: keyof InFlight) =>
      Buffer.concat(parts.filter(part => part.move === move && part.of === of).map(({ bytes }) => bytes));
    return { queued: bytesOf('queued'), unread: bytesOf('unread') };
  };
}

/** @param make makes the object of a descriptor, which is the object's after it; if it throws, it is nobody's. */
function receive<T, Details, S>(
  endpoint: Endpoint,
  kind: Movable,
  make: (fd: number, details: Details, from: number, move: string) => T,
  onReceived: (received: T, state: S) => void,
): void {
  endpoint.answer<Parcel<Details>, true>(answerOf(kind), ({ from, value: { fd, move, details, state } }) => {
    // The number may be something else's by now.
    if (endpoint.hasEnded(from)) throw wrongState('ESRCH', 'moveTo', `thread ${from} has ended`);
    // Before anything is taken: what can't be read here, such as a state nested deeper than this thread's stack, is
    // refused.
    const [given] = deserialize(state) as [S];
    const copy = dup(fd);
    let received: T;
    try {
      received = make(copy, details, from, move);
    } catch (error) {
      close(copy);
      throw error;
    }
    try {
      onReceived(received, given);
    } catch (error) {
      // It is not the affair of who moved it: the move is done.
      throwLater(currentReactor(), error);
    }
    return true;
  });
}
