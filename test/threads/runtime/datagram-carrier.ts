/** Carries datagram sockets: each datagram is echoed, and the socket moved on where its itinerary says so. */
import { isMainThread } from 'node:worker_threads';
import { type DatagramSocket } from 'pollux';
import { currentWorker, receiveDatagrams, type Endpoint, type Peer } from 'pollux/threads';

export interface DatagramHop {
  /** When so many datagrams have come. */
  readonly atCount: number;
  /** A thread's index, or OWNER. */
  readonly to: number;
  /** Within the handler that got the datagram, or in a later turn. */
  readonly now: boolean;
}

export interface DatagramItinerary {
  readonly hops: readonly DatagramHop[];
  readonly received: number;
}

/** The thread that has the runtime, in place of an index. */
export const OWNER = -1;

/** Ends the socket wherever it is. */
export const END = 'end';

export function carryDatagrams(
  socket: DatagramSocket,
  { hops, received: before }: DatagramItinerary,
  peerOf: (index: number) => Peer,
  onFailure: (failure: Error) => void,
): void {
  const [hop, ...rest] = hops;
  let received = before;
  const leave = () => {
    socket.onDatagram = undefined;
    const move = () => {
      socket.moveTo(peerOf(hop.to), { hops: rest, received } satisfies DatagramItinerary).catch(onFailure);
    };
    if (hop.now) move();
    else setImmediate(move);
  };
  socket.onError = onFailure;
  socket.onDatagram = (bytes, from) => {
    if (bytes.equals(Buffer.from(END))) {
      void socket.close();
      return;
    }
    received++;
    socket.send(bytes, from).catch(onFailure);
    if (hop !== undefined && received >= hop.atCount) leave();
  };
}

export function receiveAndCarryDatagrams(
  endpoint: Endpoint,
  peerOf: (index: number) => Peer,
  onFailure: (failure: Error) => void,
): void {
  receiveDatagrams<DatagramItinerary>(endpoint, (socket, itinerary) =>
    carryDatagrams(socket, itinerary, peerOf, onFailure),
  );
}

if (!isMainThread) {
  const worker = currentWorker();
  receiveAndCarryDatagrams(
    worker.endpoint,
    index => (index === OWNER ? worker.owner : worker.peers.get(index)!),
    failure => {
      throw failure;
    },
  );
}
