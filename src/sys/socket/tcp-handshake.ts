/** TCP_INFO, Linux: how a handshake went, which state a socket is in, and how many wait at one that listens. */
import { IPPROTO_TCP } from '../ffi/constants.js';
import { platform } from '../ffi/platform.js';
import { getOption } from './socket.js';

const TCP_INFO = 11;
const ESTABLISHED = 1;
/** tcpi_segs_in of struct tcp_info, since Linux 4.2. */
const SEGMENTS_IN_OFFSET = 140;
/** tcpi_unacked, which of a socket that listens is the length of its accept queue. */
const UNACKED_OFFSET = 24;

export const hasTcpInfo = platform === 'linux';

/**
 * Whether a socket is connected after one segment of its peer, which then was SYN-ACK: a socket that has met itself
 * has received its own SYN as well. False says nothing: the peer may have sent more already, or the system may not
 * tell.
 */
export function wasAnsweredOnce(fd: number): boolean {
  try {
    const info = getOption(fd, IPPROTO_TCP, TCP_INFO);
    if (info[0] !== ESTABLISHED || info.length < SEGMENTS_IN_OFFSET + 4) return false;
    return new DataView(info.buffer, info.byteOffset).getUint32(SEGMENTS_IN_OFFSET, true) === 1;
  } catch {
    // A sandbox refuses it, or it is no TCP. The long way names what is wrong.
    return false;
  }
}

/** The states of TCP by their numbers in struct tcp_info. */
const STATES = (
  'unknown established syn-sent syn-received fin-wait-1 fin-wait-2 time-wait closed close-wait last-ack listen closing ' +
  'new-syn-received'
).split(' ');

/** @returns 'established' and its like; undefined where the system does not tell, or the socket is no TCP. */
export function tcpState(fd: number): string | undefined {
  if (!hasTcpInfo) return undefined;
  try {
    return STATES[getOption(fd, IPPROTO_TCP, TCP_INFO)[0]];
  } catch {
    return undefined;
  }
}

/** Connections that nobody has accepted yet; undefined where the system does not tell, or nobody listens. */
export function acceptQueueLength(fd: number): number | undefined {
  if (!hasTcpInfo) return undefined;
  try {
    const info = getOption(fd, IPPROTO_TCP, TCP_INFO);
    if (STATES[info[0]] !== 'listen') return undefined;
    return new DataView(info.buffer, info.byteOffset).getUint32(UNACKED_OFFSET, true);
  } catch {
    return undefined;
  }
}
