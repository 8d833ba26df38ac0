/** Where the client of a secure connection is, in the words of Pollux. */
import type { TLSSocket } from 'node:tls';
import type { Peer } from '../http/http-connection.js';

export function remoteAddressOf({ remoteAddress, remotePort, remoteFamily }: TLSSocket): Peer['remoteAddress'] {
  if (remoteAddress === undefined || remotePort === undefined) return undefined;
  return { family: remoteFamily === 'IPv6' ? 'ipv6' : 'ipv4', address: remoteAddress, port: remotePort };
}
