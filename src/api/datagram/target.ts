/** Where a datagram goes: what users write, checked and made into an address that the socket's family can reach. */
import { isIP, isIPv4, isIPv6 } from 'node:net';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkAddress, formatAddress, isSenderAddress, type Address } from '../../sys/socket/sockaddr.js';
import { checkPort, kindOf, shown } from '../../base/arguments.js';
import { resolve } from '../socket/resolve.js';

/** An IP address and a port, a Unix socket's path, or the `from` of a datagram. */
export type DatagramTarget = Address | { readonly host: string; readonly port: number } | { readonly path: string };

type Family = Address['family'];

/** All that a target may have. */
interface Given {
  readonly host?: string;
  readonly address?: string;
  readonly port?: number;
  readonly path?: string;
}

/**
 * @param family that of the socket that sends.
 * @throws TypeError, RangeError naming what is wrong with it.
 */
function targetAddress(to: DatagramTarget, family: Family): Address {
  const given = checkGiven(to, family);
  // The way back to a sender: the kernel itself made this address.
  if (isSenderAddress(to) && to.family === family) return to;
  if (family === 'unix') return unixTarget(given.path!);
  const host = hostOf(given);
  if (isIP(host) === 0) {
    throw new TypeError(`host: ${shown(host)}; allowed: an IP address (connect() looks names up)`);
  }
  return internetTarget(host, given.port!, family);
}

/**
 * Where a datagram of a socket goes.
 *
 * @param peer that of a connected socket.
 * @returns undefined: to the peer.
 * @throws TypeError, RangeError as `targetAddress`. @throws IoError EISCONN: `to`, although there is a peer.
 */
export function destinationOf(
  to: DatagramTarget | undefined,
  peer: Address | undefined,
  family: Family,
): Address | undefined {
  if (to === undefined) {
    if (peer === undefined) throw new TypeError('to: missing; the socket is not connected to a peer');
    return undefined;
  }
  const target = targetAddress(to, family);
  if (peer === undefined) return target;
  throw new IoError('EISCONN', 'send', formatAddress(target), `the socket is connected to ${formatAddress(peer)}`);
}

/** As `targetAddress`, for a host that may be a name. @throws IoError ENOTFOUND, EAFNOSUPPORT. */
export async function resolvedTarget(to: DatagramTarget, family: Family): Promise<Address> {
  const given = checkGiven(to, family);
  if (family === 'unix') return unixTarget(given.path!);
  const found = await resolve(hostOf(given), given.port!);
  const reachable = found.find(each => each.family === family) ?? (family === 'ipv6' ? found[0] : undefined);
  if (reachable === undefined) {
    throw new IoError('EAFNOSUPPORT', 'connect', hostOf(given), 'it has no IPv4 address, and the socket is for IPv4');
  }
  return internetTarget(reachable.address, given.port!, family);
}

function checkGiven(to: DatagramTarget, family: Family): Given {
  if (typeof to !== 'object' || to === null) {
    throw new TypeError(`to: ${kindOf(to)}; allowed: { host, port }, { path }, or the 'from' of a datagram`);
  }
  const given = to as Given;
  if (family === 'unix') {
    if (typeof given.path !== 'string') throw new TypeError('to: it has no path; this is a Unix socket');
    if (given.path === '') throw new TypeError("to: a Unix socket that is not bound can't be sent to");
  } else {
    if (given.path !== undefined) throw new TypeError('to: a path; this is a UDP socket');
    if (given.port === undefined) throw new TypeError('port: missing; allowed: integers from 1 to 65535');
    checkPort(given.port, 1);
  }
  return given;
}

function hostOf({ host, address }: Given): string {
  return (host ?? address)!;
}

function unixTarget(path: string): Address {
  const target: Address = { family: 'unix', path };
  checkAddress(target);
  return target;
}

function internetTarget(host: string, port: number, family: 'ipv4' | 'ipv6'): Address {
  if (family === 'ipv4' && isIPv6(host)) {
    throw new TypeError(`host: '${host}'; the socket is bound to an IPv4 address, and reaches no other`);
  }
  const target: Address = { family, address: family === 'ipv6' && isIPv4(host) ? `::ffff:${host}` : host, port };
  checkAddress(target);
  return target;
}
