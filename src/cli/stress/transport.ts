/** Whether this system has a transport, asked before anything starts. */
import { AF_INET, AF_UNIX, SOCK_DGRAM, SOCK_STREAM } from '../../sys/ffi/constants.js';
import { close } from '../../sys/file/io.js';
import { openSocket } from '../../sys/socket/socket.js';
import type { Transport } from './plan.js';

const SOCKETS = { tcp: [AF_INET, SOCK_STREAM], udp: [AF_INET, SOCK_DGRAM], unix: [AF_UNIX, SOCK_STREAM] } as const;

/** @throws Error there are no such sockets here: EAFNOSUPPORT, EPROTONOSUPPORT, or EACCES, EPERM in a sandbox. */
export function checkTransport(transport: Transport): void {
  const [domain, type] = SOCKETS[transport];
  let fd: number;
  try {
    fd = openSocket(domain, type);
  } catch (error) {
    throw new Error(`--transport ${transport} can't be used on this system: ${(error as Error).message}`, {
      cause: error,
    });
  }
  close(fd);
}
