/** Receiving and sending on whatever carries a stream: sockets by recv and send, pipes by read and write. */
import { MSG_DONTWAIT, MSG_NOSIGNAL, SOL_SOCKET, SO_TYPE } from '../ffi/constants.js';
import { ENOTSOCK, EPIPE, isRefusal } from '../ffi/errno.js';
import { descriptorKind } from '../file/file-stat.js';
import { read, write } from '../file/io.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno } from '../ffi/libc.js';
import { getIntOption, pendingError, recv, send, sendmsg, type MessageHeader } from './socket.js';

/** An object, so that a test can be the kernel. */
export interface StreamCalls {
  /** @returns bytes received, 0 at the end of the stream, -1 with `errno()`. */
  receive(fd: number, address: number, lengthBytes: number): number;
  /** @returns bytes that the kernel took, -1 with `errno()`. */
  send(fd: number, address: number, lengthBytes: number): number;
  errno(): number;
  /** What the calls are called, for errors. */
  readonly receiveName: string;
  readonly sendName: string;
}

export const socketStream: StreamCalls = {
  receive: (fd, address, lengthBytes) => recv(fd, address, lengthBytes, MSG_DONTWAIT),
  send: (fd, address, lengthBytes) => send(fd, address, lengthBytes, MSG_DONTWAIT | MSG_NOSIGNAL),
  errno,
  receiveName: 'recv',
  sendName: 'send',
};

/** The descriptor must be non-blocking. */
export const pipeStream: StreamCalls = { receive: read, send: write, errno, receiveName: 'read', sendName: 'write' };

/** writev(2). */
const writev = declare<(fd: number, iovecs: number, count: number) => number>('writev', 'int', [
  'int',
  'uintptr_t',
  'int',
]);

/** recv(2); read(2) of what is no socket. @returns bytes received, 0 at the end of the stream, -1 with `errno()`. */
export function receiveFrom(fd: number, address: number, lengthBytes: number): number {
  const received = recv(fd, address, lengthBytes, MSG_DONTWAIT);
  return received < 0 && errno() === ENOTSOCK ? read(fd, address, lengthBytes) : received;
}

/** send(2); write(2) to what is no socket. @returns bytes that the kernel took, -1 with `errno()`. */
export function sendTo(fd: number, address: number, lengthBytes: number, flags: number): number {
  const sent = send(fd, address, lengthBytes, flags);
  return sent < 0 && errno() === ENOTSOCK ? write(fd, address, lengthBytes) : sent;
}

/** sendmsg(2); writev(2) to what is no socket. */
export function sendListTo(fd: number, header: MessageHeader, flags: number): number {
  const sent = sendmsg(fd, header.address, flags);
  return sent < 0 && errno() === ENOTSOCK ? writev(fd, header.iovecsAddress, header.count) : sent;
}

/**
 * What a stream broke with, of which sending says EPIPE. FreeBSD looks at the end of the write side first and leaves
 * the cause, a reset by the peer, in SO_ERROR; Linux tells it at once.
 */
export function causeOf(fd: number, code: number): number {
  if (code !== EPIPE || !isSocket(fd)) return code;
  return pendingError(fd) || code;
}

/** Whether it is a socket. @throws IoError EBADF. */
export function isSocket(fd: number): boolean {
  try {
    getIntOption(fd, SOL_SOCKET, SO_TYPE);
    return true;
  } catch (error) {
    if (!(error instanceof IoError)) throw error;
    if (error.errno === ENOTSOCK) return false;
    if (isRefusal(error.errno)) return descriptorKind(fd) === 'socket';
    throw error;
  }
}
