/** The socket options that have a name here; everything else goes through `setOption` and `getOption`. */
import {
  IPPROTO_TCP,
  SOL_SOCKET,
  SO_KEEPALIVE,
  SO_LINGER,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from '../../sys/ffi/constants.js';
import { setBufferSize } from '../../sys/socket/buffer-size.js';
import { getOption, preferOption, setOption } from '../../sys/socket/socket.js';
import { checkBoolean, checkInteger, shown } from '../../base/arguments.js';
import { integer, valuesOf, type OptionTable } from '../../base/options.js';
import { MAX_SOCKET_BUFFER_BYTES, type SocketOptions } from '../options.js';
import { checkBytes } from './sendable.js';

/** When and how often an idle peer is probed. */
export interface KeepAliveOptions {
  /** Silence before the first probe, in seconds. */
  readonly idleSeconds?: number;
  /** Between probes, in seconds. */
  readonly intervalSeconds?: number;
  /** Unanswered probes before the connection is given up. */
  readonly probes?: number;
}

const MAX_SECONDS = 32767;

const KEEP_ALIVE_OPTIONS = {
  idleSeconds: integer(1, MAX_SECONDS),
  intervalSeconds: integer(1, MAX_SECONDS),
  probes: integer(1, 127),
} satisfies OptionTable<KeepAliveOptions>;

/** Options given at the making of a socket; what the user left out stays the system's, but for TCP_NODELAY. */
export function applySocketOptions(fd: number, options: SocketOptions, isTcp: boolean): void {
  if (isTcp && options.noDelay === undefined) preferOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  else if (isTcp && options.noDelay === true) setNoDelay(fd, true);
  if (isTcp && options.keepAlive) setKeepAlive(fd, true);
  if (options.sendBufferBytes !== undefined) setBufferBytes(fd, 'send', options.sendBufferBytes);
  if (options.receiveBufferBytes !== undefined) setBufferBytes(fd, 'receive', options.receiveBufferBytes);
}

export function setNoDelay(fd: number, enable: boolean): void {
  checkBoolean('enable', enable);
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, enable ? 1 : 0);
}

export function setKeepAlive(fd: number, enable: boolean, options: KeepAliveOptions = {}): void {
  checkBoolean('enable', enable);
  const { idleSeconds, intervalSeconds, probes } = valuesOf(KEEP_ALIVE_OPTIONS, options, 'keepAlive');
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, enable ? 1 : 0);
  if (idleSeconds !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
  if (intervalSeconds !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, intervalSeconds);
  if (probes !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
}

/** @returns the size that the system says it is now. */
export function setBufferBytes(fd: number, direction: 'send' | 'receive', lengthBytes: number): number {
  if (direction !== 'send' && direction !== 'receive') {
    throw new TypeError(`direction: ${shown(direction)}; allowed: 'send', 'receive'`);
  }
  checkInteger(`${direction}BufferBytes`, lengthBytes, 1, MAX_SOCKET_BUFFER_BYTES);
  return setBufferSize(fd, direction, lengthBytes);
}

/** @param seconds how long close(2) lingers; 0 makes it reset the connection; undefined leaves it to the kernel. */
export function setLinger(fd: number, seconds: number | undefined): void {
  if (seconds !== undefined) checkInteger('seconds', seconds, 0, MAX_SECONDS);
  const linger = new Int32Array([seconds === undefined ? 0 : 1, seconds ?? 0]);
  setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(linger.buffer));
}

/** setsockopt(2), as it is. */
export function setAnyOption(fd: number, level: number, name: number, value: number | Uint8Array): void {
  checkInt('level', level);
  checkInt('name', name);
  if (typeof value === 'number') checkInt('value', value);
  else checkBytes('value', value, 'a number, a Uint8Array');
  setOption(fd, level, name, value);
}

/** getsockopt(2), as it is. */
export function getAnyOption(fd: number, level: number, name: number): Uint8Array {
  checkInt('level', level);
  checkInt('name', name);
  return getOption(fd, level, name);
}

/** @throws RangeError what does not fit into an `int` of C, or into an unsigned one. */
function checkInt(name: string, value: number): void {
  checkInteger(name, value, -0x80000000, 0xffffffff);
}
