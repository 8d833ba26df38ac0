/** A connection made of a descriptor that came from elsewhere. */
import { O_RDONLY, O_WRONLY } from '../sys/file-constants.js';
import { accessMode, setNonBlocking } from '../sys/io.js';
import { descriptorKind } from '../sys/file-stat.js';
import { IoError } from '../sys/io-error.js';
import { checkOptions } from './arguments.js';
import type { State } from './connection-states.js';
import { Connection } from './connection.js';
import { checkInteger, queueLimits, type QueueLimits } from './options.js';
import { currentReactor } from './thread-reactor.js';

/** A pipe's end has one direction: as if the other had ended already. */
const STATE_BY_ACCESS = new Map<number, State>([
  [O_RDONLY, 'ended'],
  [O_WRONLY, 'peer-ended'],
]);

/**
 * Makes a connection of a connected stream socket or of a pipe's end, which belongs to it from now on: whoever had it must
 * neither use nor close it. It is made non-blocking. To the end of a pipe that is for reading nothing can be sent, and the
 * one for writing has nothing to read.
 *
 * @throws IoError EBADF; EINVAL: it is a file or a directory.
 * @throws RangeError a number that is no descriptor, a limit that makes no sense.
 */
export function adopt(fd: number, limits: Partial<QueueLimits> = {}): Connection {
  checkInteger('fd', fd, 0, 0x7fffffff);
  checkOptions(limits, 'limits');
  const checked = queueLimits(limits);
  const kind = descriptorKind(fd);
  if (kind !== 'socket' && kind !== 'fifo' && kind !== 'character device') {
    throw new IoError('EINVAL', 'adopt', `descriptor ${fd}`, `it is a ${kind}; allowed: stream sockets, pipes`);
  }
  setNonBlocking(fd);
  const reactor = currentReactor();
  const descriptor = reactor.driver.add(fd);
  if (kind === 'socket') return new Connection(reactor, descriptor, checked);
  // Nobody answers a pipe that closes.
  return new Connection(reactor, descriptor, { ...checked, lingerMs: 0 }, STATE_BY_ACCESS.get(accessMode(fd)));
}
