/**
 * What sockets of every kind have: a descriptor, the options that the system keeps for it, and a say in when the
 * process ends.
 */
import { closeDescriptor } from '../../core/driver/close-descriptor.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Handle } from '../keep-alive.js';
import type { KeepAliveOptions } from './socket-options.js';

/** What every connection, listener and datagram socket has. */
export interface Socket {
  /** The reactor whose thread it lives in. */
  readonly reactor: Reactor;
  /** Whether the descriptor is closed, or another's. */
  readonly isClosed: boolean;
  /** The kernel's number, for calls that Pollux does not have; -1 once closed. The socket still owns the descriptor. */
  readonly fd: number;
  /** TCP_NODELAY. @throws IoError */
  setNoDelay(enable?: boolean): void;
  /** SO_KEEPALIVE and TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. @throws RangeError, IoError */
  setKeepAlive(enable?: boolean, keepAlive?: KeepAliveOptions): void;
  /**
   * SO_SNDBUF, SO_RCVBUF. What is over the system's maximum is clipped to it (kern.ipc.maxsockbuf, net.core.wmem_max).
   *
   * @returns the size that the system says it is now, in bytes: Linux counts double.
   * @throws RangeError, IoError
   */
  setBufferBytes(direction: 'send' | 'receive', lengthBytes: number): number;
  /** SO_LINGER. @param seconds 0 makes `destroy` reset the connection; undefined is the system's default. */
  setLinger(seconds: number | undefined): void;
  /**
   * setsockopt(2), as it is.
   * @param value an int, or the bytes of a structure.
   * @throws IoError, TypeError, RangeError
   */
  setOption(level: number, name: number, value: number | Uint8Array): void;
  /** getsockopt(2), as it is: the bytes of the value. @throws IoError, RangeError */
  getOption(level: number, name: number): Uint8Array;
  /** Keeps the process alive while this is open (the default). */
  ref(): this;
  /** Lets the process exit although this is open. It is served as long as the process lives. */
  unref(): this;
}

/** The part of a socket that the functions below work on. */
export interface SocketPart extends Handle {
  /** Of a non-blocking socket, in the care of the reactor's driver; the socket owns it. */
  readonly descriptor: Descriptor;
}

/** The number of a descriptor that leaves Pollux: from here on it may be duplicated, or be given to a child. */
export function sharedFd({ descriptor, isClosed }: SocketPart): number {
  if (descriptor.origin === 'own') descriptor.origin = 'shared';
  return isClosed ? -1 : descriptor.fd;
}

/** The number for a call about the socket's options. @throws IoError EBADF: it is closed. */
export function openFd({ descriptor, isClosed }: SocketPart): number {
  if (isClosed) throw new IoError('EBADF', 'setsockopt', undefined, 'the socket is closed');
  return descriptor.fd;
}

/** What a socket is called in messages. @param name what the user of a transfer calls it. */
export function titleOf({ fd }: Descriptor, name?: string): string {
  return name === undefined ? `descriptor ${fd}` : `${name}, descriptor ${fd}`;
}

/** Gives everything back to the kernel. @throws IoError close(2) failed; the descriptor is closed all the same. */
export function closeSocket({ reactor, descriptor, isReferenced }: SocketPart): void {
  try {
    closeDescriptor(reactor.driver, descriptor);
  } finally {
    reactor.leave(isReferenced);
  }
}

/** Ends the socket and leaves its descriptor open. @returns the number, which the caller owns. */
export function detachSocket({ reactor, descriptor, isReferenced }: SocketPart): number {
  try {
    reactor.driver.remove(descriptor);
  } finally {
    reactor.leave(isReferenced);
  }
  return descriptor.fd;
}
