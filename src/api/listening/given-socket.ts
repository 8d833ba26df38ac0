/** A listening socket that was opened elsewhere, such as by systemd. */
import { localAddress } from '../../sys/socket/socket.js';
import { queueLimits } from '../options.js';
import { takeSocket } from '../socket/given-descriptor.js';
import { applySocketOptions } from '../socket/socket-options.js';
import type { AcceptingValues } from './accepting-options.js';
import { deferAccept } from './defer-accept.js';
import type { ListeningSocket } from './listening-socket.js';

/**
 * Takes it. If it fails the caller still owns the descriptor.
 *
 * @param call that the user made, for messages.
 * @throws IoError, RangeError as `listen`.
 */
export function takeListeningSocket(
  call: string,
  fd: number,
  options: Omit<AcceptingValues, 'onConnection'>,
): ListeningSocket {
  const limits = queueLimits(options);
  takeSocket(call, fd, 'listener');
  const { noDelay, keepAlive, sendBufferBytes, receiveBufferBytes } = options;
  const socketOptions = { noDelay, keepAlive, sendBufferBytes, receiveBufferBytes };
  const address = localAddress(fd);
  const isTcp = address.family !== 'unix';
  applySocketOptions(fd, socketOptions, isTcp);
  const deferred = isTcp ? deferAccept(fd, options.deferAccept) : 'off';
  return { fd, details: { address, reusePort: false, deferAccept: deferred, limits, socketOptions, isGiven: true } };
}
