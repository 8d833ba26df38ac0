/** From names to addresses, in the order in which they are worth trying. */
import { lookup } from 'node:dns/promises';
import { isIP, isIPv6 } from 'node:net';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkAddress, type InternetAddress } from '../../sys/socket/sockaddr.js';

/**
 * All addresses of a host, the families in turn (RFC 8305, section 4), so that a broken family costs one attempt.
 *
 * @returns at once what an IP address means, and a promise of what a name does. A resolver that is mute takes long to give
 *   up, and can't be stopped: whoever has a bound in time goes on without the promise.
 * @param family the only one to ask for. Default: both.
 * @throws IoError (by the promise) ENOTFOUND and other answers of the resolver.
 * @throws TypeError a host that is neither a name nor an address.
 */
export function resolve(
  host: string,
  port: number,
  family?: InternetAddress['family'],
): InternetAddress[] | Promise<InternetAddress[]> {
  if (typeof host !== 'string' || host === '' || /[\s\0/]/.test(host)) {
    throw new TypeError(`host: '${String(host)}'; allowed: an IP address or a host name`);
  }
  return isIP(host) !== 0 ? [internetAddress(host, port)] : lookUp(host, port, family);
}

async function lookUp(host: string, port: number, family?: InternetAddress['family']): Promise<InternetAddress[]> {
  let found;
  try {
    found = await lookup(host, {
      all: true,
      order: 'verbatim',
      family: family === undefined ? 0 : family === 'ipv4' ? 4 : 6,
    });
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    throw new IoError(code ?? 'ENOTFOUND', 'getaddrinfo', host, 'the name has no address');
  }
  const addresses = found.map(({ address }) => internetAddress(address, port));
  return interleaved(addresses);
}

function internetAddress(address: string, port: number): InternetAddress {
  const result: InternetAddress = { family: isIPv6(address) ? 'ipv6' : 'ipv4', address, port };
  checkAddress(result);
  return result;
}

function interleaved(addresses: InternetAddress[]): InternetAddress[] {
  const first = addresses.filter(({ family }) => family === addresses[0].family);
  const second = addresses.filter(({ family }) => family !== addresses[0].family);
  const result: InternetAddress[] = [];
  for (let index = 0; index < Math.max(first.length, second.length); index++) {
    if (index < first.length) result.push(first[index]);
    if (index < second.length) result.push(second[index]);
  }
  return result;
}
