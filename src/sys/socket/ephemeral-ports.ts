/** The ports that the system gives to sockets which connect without a port of their own. */
import { readFileSync } from 'node:fs';
import { platform } from '../ffi/platform.js';

const FIRST_UNPRIVILEGED = 1024;

let first = 0;
let last = 0;

/** Whether the system may give `port` to a socket by itself. */
export function isEphemeralPort(port: number): boolean {
  if (last === 0) [first, last] = range();
  return port >= first && port <= last;
}

/** Where the system does not tell, all that may be in it. */
function range(): [number, number] {
  if (platform === 'linux') {
    try {
      const [from, to] = readFileSync('/proc/sys/net/ipv4/ip_local_port_range', 'latin1').split('\t').map(Number);
      if (from > 0 && to >= from) return [from, to];
    } catch {
      // Without /proc.
    }
  }
  return [FIRST_UNPRIVILEGED, 65535];
}
