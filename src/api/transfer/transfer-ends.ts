/** Whether something can be an end of a transfer at all; the connection itself knows whether it can be one now. */
import { O_RDONLY, O_WRONLY } from '../../sys/file/file-constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { accessMode } from '../../sys/file/io.js';
import { kindOf } from '../../base/arguments.js';
import { Connection } from '../stream/connection.js';

/** @throws TypeError it is no connection. @throws IoError EBADF: the end of a pipe that gives nothing. */
export function checkSource(name: string, end: Connection): void {
  checkConnection(name, end);
  if (end.isClosed || end.isSocket || accessMode(end.ownFd) !== O_WRONLY) return;
  throw new IoError('EBADF', 'read', name, 'it is the end of a pipe that is for writing, so nothing comes from it');
}

/** @throws TypeError it is no connection. @throws IoError EBADF: the end of a pipe that takes nothing. */
export function checkSink(name: string, end: Connection): void {
  checkConnection(name, end);
  if (end.isClosed || end.isSocket || accessMode(end.ownFd) !== O_RDONLY) return;
  throw new IoError('EBADF', 'send', name, 'it is the end of a pipe that is for reading, so nothing can be sent to it');
}

function checkConnection(name: string, end: unknown): void {
  if (!(end instanceof Connection)) throw new TypeError(`${name}: ${kindOf(end)}; allowed: a Connection`);
}
