/** The addresses of a name, and for how long they may be taken for true. */
import { lookup, Resolver } from 'node:dns/promises';
import { IoError } from '../../../index.js';

export interface NameRecords {
  /** At least one. */
  readonly addresses: readonly string[];
  /** The shortest lifetime of the records; undefined: the system knows the name by itself, and no lifetime. */
  readonly lifetimeMs: number | undefined;
}

/** How long one question to a name server may take, and how often it is asked. */
const RESOLVER = { timeout: 2_000, tries: 2 };

/**
 * Asks the name servers, since they alone know lifetimes. A name that they do not know may be in the system's own
 * table.
 *
 * @param servers as of `dns.setServers`; none are the system's.
 * @throws IoError (by the promise) ENOTFOUND: nobody knows it.
 */
export async function lookUp(name: string, servers: readonly string[]): Promise<NameRecords> {
  const resolver = new Resolver(RESOLVER);
  if (servers.length > 0) resolver.setServers(servers);
  const answers = await Promise.allSettled([
    resolver.resolve4(name, { ttl: true }),
    resolver.resolve6(name, { ttl: true }),
  ]);
  const records = answers.flatMap(answer => (answer.status === 'fulfilled' ? answer.value : []));
  if (records.length > 0) {
    const lifetimeMs = Math.min(...records.map(({ ttl }) => ttl)) * 1000;
    return { addresses: unique(records.map(({ address }) => address)), lifetimeMs };
  }
  try {
    const found = await lookup(name, { all: true });
    return { addresses: unique(found.map(({ address }) => address)), lifetimeMs: undefined };
  } catch (error) {
    const failure = new IoError('ENOTFOUND', 'getaddrinfo', name, 'neither name servers nor the system know it');
    failure.cause = error;
    throw failure;
  }
}

function unique(addresses: readonly string[]): readonly string[] {
  return [...new Set(addresses)].sort();
}
