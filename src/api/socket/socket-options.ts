/** The socket options that have a name here; everything else goes through `setOption` and `getOption`. */
import {
  IPPROTO_TCP,
  SOL_SOCKET,
  SO_KEEPALIVE,
  SO_LINGER,
  SO_RCVBUF,
  SO_SNDBUF,
  TCP_KEEPCNT,
  TCP_KEEPIDLE,
  TCP_KEEPINTVL,
  TCP_NODELAY,
} from '../../sys/ffi/constants.js';
import { preferOption, setOption } from '../../sys/socket/socket.js';
import { checkBoolean, checkInteger, checkOptions, type OptionNames } from '../../base/arguments.js';
import { type SocketOptions } from '../options.js';

/** When and how often an idle peer is probed. */
export interface KeepAliveOptions {
  /** Silence before the first probe, in seconds. */
  readonly idleSeconds?: number;
  /** Between probes, in seconds. */
  readonly intervalSeconds?: number;
  /** Unanswered probes before the connection is given up. */
  readonly probes?: number;
}

const KEEP_ALIVE_OPTIONS = {
  idleSeconds: 'other',
  intervalSeconds: 'other',
  probes: 'other',
} as const satisfies OptionNames<KeepAliveOptions>;

const MAX_SECONDS = 32767;

/** Options given at the making of a socket; what the user left out stays the system's, but for TCP_NODELAY. */
export function applySocketOptions(fd: number, options: SocketOptions, isTcp: boolean): void {
  if (isTcp && options.noDelay === undefined) preferOption(fd, IPPROTO_TCP, TCP_NODELAY, 1);
  else if (isTcp && options.noDelay === true) setNoDelay(fd, true);
  if (isTcp && options.keepAlive) setKeepAlive(fd, true);
  if (options.sendBufferBytes !== undefined) setBufferBytes(fd, 'sendBufferBytes', options.sendBufferBytes);
  if (options.receiveBufferBytes !== undefined) setBufferBytes(fd, 'receiveBufferBytes', options.receiveBufferBytes);
}

export function setNoDelay(fd: number, enable: boolean): void {
  checkBoolean('enable', enable);
  setOption(fd, IPPROTO_TCP, TCP_NODELAY, enable ? 1 : 0);
}

export function setKeepAlive(fd: number, enable: boolean, options: KeepAliveOptions = {}): void {
  checkBoolean('enable', enable);
  checkOptions(options, KEEP_ALIVE_OPTIONS, 'keepAlive');
  const { idleSeconds, intervalSeconds, probes } = options;
  if (idleSeconds !== undefined) checkInteger('idleSeconds', idleSeconds, 1, MAX_SECONDS);
  if (intervalSeconds !== undefined) checkInteger('intervalSeconds', intervalSeconds, 1, MAX_SECONDS);
  if (probes !== undefined) checkInteger('probes', probes, 1, 127);
  setOption(fd, SOL_SOCKET, SO_KEEPALIVE, enable ? 1 : 0);
  if (idleSeconds !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPIDLE, idleSeconds);
  if (intervalSeconds !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPINTVL, intervalSeconds);
  if (probes !== undefined) setOption(fd, IPPROTO_TCP, TCP_KEEPCNT, probes);
}

export function setBufferBytes(fd: number, name: 'sendBufferBytes' | 'receiveBufferBytes', lengthBytes: number): void {
  checkInteger(name, lengthBytes, 1, 0x3fffffff);
  setOption(fd, SOL_SOCKET, name === 'sendBufferBytes' ? SO_SNDBUF : SO_RCVBUF, lengthBytes);
}

/** @param seconds how long close(2) lingers; 0 makes it reset the connection; undefined leaves it to the kernel. */
export function setLinger(fd: number, seconds: number | undefined): void {
  if (seconds !== undefined) checkInteger('seconds', seconds, 0, MAX_SECONDS);
  const linger = new Int32Array([seconds === undefined ? 0 : 1, seconds ?? 0]);
  setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(linger.buffer));
}
