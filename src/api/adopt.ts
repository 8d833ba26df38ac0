/** A connection made of a descriptor that came from elsewhere. */
import { Connection } from './connection.js';
import { queueLimits, type QueueLimits } from './options.js';
import { currentReactor } from './thread-reactor.js';
import { setNonBlocking } from '../sys/io.js';

/**
 * Makes a connection of a connected stream socket, which belongs to it from now on: whoever had it must neither use nor
 * close it. It is made non-blocking.
 *
 * @throws IoError EBADF.
 * @throws RangeError a limit that makes no sense.
 */
export function adopt(fd: number, limits: Partial<QueueLimits> = {}): Connection {
  const checked = queueLimits(limits);
  setNonBlocking(fd);
  const reactor = currentReactor();
  return new Connection(reactor, reactor.driver.add(fd), checked);
}
