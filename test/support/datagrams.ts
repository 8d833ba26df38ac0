/** Datagram sockets for tests: closed at the end of each, and the few things that nearly all of them do. */
import { bindDatagram, BufferList, type DatagramOptions, type DatagramSocket } from '../../src/index.js';
import { poll, POLLERR, POLLIN, PollfdArray } from '../../src/sys/poll/poll.js';
import { atEnd, turns } from './sockets.js';

/** `bindDatagram` on the loopback, with the socket closed at the end of the test. */
export async function bound(options: DatagramOptions = {}): Promise<DatagramSocket> {
  const socket = await bindDatagram(options.path === undefined ? { host: '127.0.0.1', ...options } : options);
  atEnd(() => socket.destroy());
  return socket;
}

/** The texts of what comes, in a list that grows. */
export function texts(socket: DatagramSocket): string[] {
  const received: string[] = [];
  socket.onDatagram = bytes => received.push(bytes.toString());
  return received;
}

/** Sends numbered datagrams to `to` until the kernel takes no more. @returns how many it took. */
export function fill(socket: DatagramSocket, to: DatagramSocket): number {
  let count = 0;
  while (socket.trySend(`${count}`, to.address)) count++;
  return count;
}

/** Turns of the loop until it holds; the test's own timeout is the ceiling. */
export async function until(holds: () => boolean): Promise<void> {
  while (!holds()) await turns(1);
}

export function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, index) => `${index}`);
}

/** A list of many ranges, more than one call takes. */
export function inPieces(text: string): BufferList {
  return BufferList.from(...text);
}

/** Whether the kernel has an error for the next call on the socket: what came back of an earlier datagram. */
export function hasError(socket: DatagramSocket): boolean {
  const array = new PollfdArray(1);
  array.set(0, socket.fd, POLLIN);
  poll(array, 1, 0);
  // FreeBSD's poll(2) has no word for it, but that there is something to receive.
  return (array.revents(0) & (POLLERR | POLLIN)) !== 0;
}
