/** From names to addresses, in the order in which they are worth trying. */
import type { LookupAddress, LookupAllOptions } from 'node:dns';
import { lookup as lookupOfSystem } from 'node:dns/promises';
import { isIP, isIPv6, type LookupFunction } from 'node:net';
import { IoError } from '../../sys/ffi/io-error.js';
import { checkAddress, type InternetAddress } from '../../sys/socket/sockaddr.js';

/**
 * All addresses of a host, the families in turn (RFC 8305, section 4), so that a broken family costs one attempt.
 *
 * @returns at once what an IP address means, and a promise of what a name does. A resolver that is mute takes long to
 *   give up, and can't be stopped: a caller with a deadline goes on without the promise.
 * @param how `family` is the only one to ask for, by default both; `lookup` is asked in place of the system.
 * @throws IoError (by the promise) ENOTFOUND and other answers of the resolver.
 * @throws TypeError a host that is neither a name nor an address.
 */
export function resolve(host: string, port: number, how: LookUp = {}): InternetAddress[] | Promise<InternetAddress[]> {
  checkHost(host);
  return isIP(host) !== 0 ? [internetAddress(host, port)] : lookUp(host, port, how);
}

/** @throws TypeError it is neither a name nor an address. */
export function checkHost(host: string): void {
  if (typeof host === 'string' && host !== '' && !/[\s\0/]/.test(host)) return;
  throw new TypeError(`host: '${String(host)}'; allowed: an IP address or a host name`);
}

/** How a name is looked up. */
export interface LookUp {
  readonly family?: InternetAddress['family'] | undefined;
  readonly lookup?: LookupFunction | undefined;
}

const FAMILIES = { ipv4: 4, ipv6: 6 } as const;

async function lookUp(host: string, port: number, { family, lookup }: LookUp): Promise<InternetAddress[]> {
  const options = { all: true, order: 'verbatim', family: family === undefined ? 0 : FAMILIES[family] } as const;
  let found: readonly LookupAddress[];
  try {
    found = await (lookup === undefined ? lookupOfSystem(host, options) : answerOf(lookup, host, options));
  } catch (failure) {
    const { code } = failure as NodeJS.ErrnoException;
    // A mistake of a look-up of the program's own.
    if (code === undefined) throw failure;
    throw Object.assign(new IoError(code, 'getaddrinfo', host, 'the name has no address'), { cause: failure });
  }
  const addresses = found.map(({ address }) => internetAddress(address, port));
  const usable = addresses.filter(each => family === undefined || each.family === family);
  if (usable.length > 0) return interleaved(usable);
  throw new IoError('ENOTFOUND', 'getaddrinfo', host, `the name has no address of ${family ?? 'any family'}`);
}

/** What a function with the signature of `dns.lookup` answers: all addresses, or one. */
function answerOf(lookup: LookupFunction, host: string, options: LookupAllOptions): Promise<readonly LookupAddress[]> {
  return new Promise((resolve, reject) => {
    lookup(host, options, (failure, found, family = 0) => {
      if (failure) reject(failure);
      else resolve(typeof found === 'string' ? [{ address: found, family }] : found);
    });
  });
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
