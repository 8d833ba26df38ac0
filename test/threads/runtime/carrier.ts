/** Carries connections: each is echoed, and moved on where its itinerary says so. The owner takes part as one more thread. */
import { type Connection } from 'pollux';
import { currentWorker, receiveConnections, type Endpoint, type Peer } from 'pollux/threads';
import { isMainThread } from 'node:worker_threads';

export interface Hop {
  /** When so many bytes have come; a hop that is not due by the end of the stream is made there. */
  readonly atBytes: number;
  /** A thread's index, or OWNER. */
  readonly to: number;
  /** Within the handler that got the bytes, or in a later turn. */
  readonly now: boolean;
}

export interface Itinerary {
  readonly hops: readonly Hop[];
  readonly receivedBytes: number;
}

export const OWNER = -1;

export function carry(
  connection: Connection,
  { hops, receivedBytes }: Itinerary,
  peerOf: (index: number) => Peer,
  onFailure: (failure: Error) => void,
): void {
  const [hop, ...rest] = hops;
  let received = receivedBytes;
  let leaving = false;
  const leave = () => {
    leaving = true;
    connection.onData = undefined;
    const move = () => {
      if (connection.isClosed) return;
      connection.moveTo(peerOf(hop.to), { hops: rest, receivedBytes: received } satisfies Itinerary).catch(onFailure);
    };
    if (hop.now) move();
    else setImmediate(move);
  };
  connection.onEnd = () => {
    if (hop !== undefined) leave();
    else connection.end();
  };
  connection.onData = chunk => {
    received += chunk.length;
    connection.send(chunk);
    if (hop !== undefined && !leaving && received >= hop.atBytes) leave();
  };
}

export function receiveAndCarry(
  endpoint: Endpoint,
  peerOf: (index: number) => Peer,
  onFailure: (failure: Error) => void,
): void {
  receiveConnections<Itinerary>(endpoint, (connection, itinerary) => carry(connection, itinerary, peerOf, onFailure));
}

if (!isMainThread) {
  const worker = currentWorker();
  receiveAndCarry(
    worker.endpoint,
    index => (index === OWNER ? worker.owner : worker.peers.get(index)!),
    failure => {
      throw failure;
    },
  );
}
