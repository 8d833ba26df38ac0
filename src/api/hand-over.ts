/** Connections that move from one thread to another, with everything that is in flight. */
import { threadId } from 'node:worker_threads';
import { close, dup } from '../sys/io.js';
import { adopt } from './adopt.js';
import type { Connection, Departure } from './connection.js';
import type { Endpoint } from './messages/endpoint.js';
import type { Peer } from './messages/peer.js';

const REQUEST = 'pollux: connection';
const QUEUED = 'pollux: queued bytes';
/** Queued bytes of one message: a quarter of a mailbox, so that others get through as well. */
const PART_BYTES = 128 * 1024;

let moves = 0;

interface Part {
  readonly move: string;
  readonly bytes: Uint8Array;
}

interface Parcel extends Omit<Departure, 'queued'> {
  /** Names the parts that came before: unique in the process. */
  readonly move: string;
  readonly state: unknown;
}

/**
 * Moves a connection to another thread, which has called `receiveConnections`. Bytes that the kernel holds and bytes that
 * were sent and still queue here go with it, and so does an ended write side; timeouts and handlers don't. This object is
 * of no more use, and `onClose` is not called.
 *
 * @param state what the other thread needs to go on, such as the beginning of a message: anything that can be cloned.
 * @returns a promise that resolves when the other thread has it. If it rejects (EPIPE: that thread has ended), the
 *   connection is closed.
 * @throws IoError (by the promise) EBADF: it is closed, or was moved before.
 * @throws Error (by the promise) a read or a transfer is under way.
 */
export async function moveTo(connection: Connection, peer: Peer, state?: unknown): Promise<void> {
  const { queued, ...departure } = connection.detach();
  const move = `${threadId} ${moves++}`;
  try {
    for (let offset = 0; offset < queued.length; offset += PART_BYTES) {
      const bytes = queued.subarray(offset, offset + PART_BYTES);
      await peer.request(QUEUED, { move, bytes } satisfies Part);
    }
    await peer.request(REQUEST, { ...departure, move, state } satisfies Parcel);
  } finally {
    // The other thread has a duplicate of its own, or there is none: each closes what is his, whoever dies meanwhile.
    close(departure.fd);
  }
}

/**
 * Lets other threads move connections here.
 *
 * @param onConnection told of each, before anything is received from it. @param endpoint of this thread.
 * @throws Error it was called before.
 */
export function receiveConnections<S = unknown>(
  endpoint: Endpoint,
  onConnection: (connection: Connection, state: S) => void,
): void {
  const queued = new Map<string, Uint8Array[]>();
  endpoint.answer<Part, true>(QUEUED, ({ value: { move, bytes } }) => {
    const parts = queued.get(move);
    if (parts === undefined) queued.set(move, [bytes]);
    else parts.push(bytes);
    return true;
  });
  endpoint.answer<Parcel, true>(REQUEST, ({ value: { fd, move, hasEnded, limits, state } }) => {
    const connection = adopt(dup(fd), limits);
    for (const bytes of queued.get(move) ?? []) connection.send(bytes);
    queued.delete(move);
    if (hasEnded) connection.end();
    onConnection(connection, state as S);
    return true;
  });
}
