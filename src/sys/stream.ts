/** Receiving and sending on whatever carries a stream: sockets by recv and send, pipes by read and write. */
import { MSG_DONTWAIT, MSG_NOSIGNAL, SOL_SOCKET, SO_TYPE } from './constants.js';
import { read, write } from './io.js';
import { IoError } from './io-error.js';
import { errno } from './libc.js';
import { getIntOption, recv, send } from './socket.js';

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

/** Whether it is a socket. @throws IoError EBADF. */
export function isSocket(fd: number): boolean {
  try {
    getIntOption(fd, SOL_SOCKET, SO_TYPE);
    return true;
  } catch (error) {
    if (error instanceof IoError && error.code === 'ENOTSOCK') return false;
    throw error;
  }
}
