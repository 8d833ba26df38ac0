/** Sets of IP addresses, given as networks: '10.0.0.0/8', '2001:db8::/32', or single addresses. */
import { BlockList, isIPv4, isIPv6 } from 'node:net';
import { shown } from '../../../base/arguments.js';

type Family = 'ipv4' | 'ipv6';

/** An address of IPv4 as a socket for both families has it, in its two ways to be written. */
const MAPPED = /^::ffff:(?:(\d+\.\d+\.\d+\.\d+)|([\da-f]{1,4}):([\da-f]{1,4}))$/i;

export class Networks {
  /** One a family: '::/0' is every address of IPv6 and none of IPv4. */
  private readonly lists: Record<Family, BlockList> = { ipv4: new BlockList(), ipv6: new BlockList() };

  /** @throws TypeError a network that is none, by the name of the option. */
  constructor(given: string | readonly string[], name: string) {
    for (const network of Array.isArray(given) ? given : [given]) this.add(network as string, name);
  }

  /** @param address an IP address; anything else is in no network. */
  has(address: string): boolean {
    const plain = plainAddress(address);
    const family = familyOf(plain);
    return family !== undefined && this.lists[family].check(plain, family);
  }

  private add(network: string, name: string): void {
    const [address, length, ...rest] = typeof network === 'string' ? network.split('/') : [''];
    const family = familyOf(address);
    const most = family === 'ipv4' ? 32 : 128;
    const prefix = length === undefined ? most : /^\d{1,3}$/.test(length) ? Number(length) : NaN;
    if (family === undefined || MAPPED.test(address) || rest.length > 0 || !(prefix <= most)) {
      throw new TypeError(`${name}: ${shown(network)}; allowed: networks such as '10.0.0.0/8' or '2001:db8::/32'`);
    }
    this.lists[family].addSubnet(address, prefix, family);
  }
}

/** Of IPv4 as '::ffff:10.0.0.1' the plain form; of any other the same. */
export function plainAddress(address: string): string {
  const [, dotted, high, low] = MAPPED.exec(address) ?? [];
  if (dotted !== undefined) return dotted;
  if (high === undefined) return address;
  const words = [parseInt(high, 16), parseInt(low, 16)];
  return words.flatMap(word => [word >> 8, word & 0xff]).join('.');
}

function familyOf(address: string): Family | undefined {
  return isIPv4(address) ? 'ipv4' : isIPv6(address) ? 'ipv6' : undefined;
}
