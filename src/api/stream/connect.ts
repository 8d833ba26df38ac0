/** Connecting: to every address of a name in a sensible order, with a bound in time, and revocable. */
import { isIP, type LookupFunction } from 'node:net';
import { checkAddress, type Address, type InternetAddress, type UnixAddress } from '../../sys/socket/sockaddr.js';
import { checkObject, checkPort, exampleOf, shown } from '../../base/arguments.js';
import {
  anything,
  callback,
  checkOptions,
  integer,
  milliseconds,
  oneOf,
  valuesOf,
  type OptionTable,
} from '../../base/options.js';
import { AddressRace } from './address-race.js';
import type { Connection } from './connection.js';
import { retryOption, tryAgain, type RetryOptions } from './retry.js';
import { QUEUE_LIMITS, queueLimits, SOCKET_OPTIONS, type QueueLimits, type SocketOptions } from '../options.js';
import { LOOK_UP_BOUNDS } from '../socket/look-up-bounds.js';
import { checkHost, resolve } from '../socket/resolve.js';
import { currentReactor } from '../thread-reactor.js';

export interface ConnectOptions extends SocketOptions, Partial<QueueLimits> {
  /** TCP port, 1 to 65535. */
  readonly port?: number;
  /** A name or an address. Default 'localhost'. */
  readonly host?: string;
  /** The only family to try of a `host`. Default: both, or that of `localAddress`. */
  readonly family?: InternetAddress['family'];
  /** The address of this machine to connect from. Default: the system chooses by its routes. */
  readonly localAddress?: string;
  /** The port to connect from; 0, the default, lets the system choose one. */
  readonly localPort?: number;
  /**
   * Looks the name up, with the signature of `dns.lookup`, in place of the system's resolver: for a cache, or another
   * directory. It is asked for all addresses, and may answer with one. Not asked for an address.
   */
  readonly lookup?: LookupFunction;
  /** Tries again after a failure, the name looked up anew. Default: one attempt at each address. */
  readonly retry?: RetryOptions;
  /** How long one address is given before the next is tried beside it. Default 250 ms (RFC 8305). */
  readonly attemptDelayMs?: number;
  /** A Unix socket in place of host and port. */
  readonly path?: string;
  /** How long all may take, look-ups, attempts and rests, in milliseconds. Default: as long as the system tries. */
  readonly timeoutMs?: number;
  /** Aborting it ends the attempt; the promise rejects with its reason. */
  readonly signal?: AbortSignal;
}

/** RFC 8305, section 5: how long one address is given before the next is tried beside it. */
const ATTEMPT_DELAY_MS = 250;

const CONNECT_OPTIONS = {
  ...SOCKET_OPTIONS,
  ...QUEUE_LIMITS,
  ...LOOK_UP_BOUNDS,
  port: anything<number>(),
  host: anything<string>(),
  path: anything<string>(),
  family: oneOf(['ipv4', 'ipv6']),
  localAddress: anything<string>(),
  localPort: integer(0, 65_535),
  attemptDelayMs: milliseconds(ATTEMPT_DELAY_MS),
  lookup: callback<LookupFunction>(),
  retry: retryOption,
} satisfies OptionTable<ConnectOptions>;

const INTERNET_ADDRESS = {
  family: anything<InternetAddress['family']>(),
  address: anything<string>(),
  port: anything<number>(),
} satisfies OptionTable<InternetAddress>;
const UNIX_ADDRESS = { family: anything<'unix'>(), path: anything<string>() } satisfies OptionTable<UnixAddress>;

/**
 * Connects. All addresses of a name are tried, a new one each 250 ms or as soon as one fails; the first that answers
 * wins and the others are closed ("happy eyeballs", RFC 8305).
 *
 * @param to an address as it stands, such as that of a listener, or where to connect to and how.
 * @example
 *     const connection = await connect({ host: 'db', port: 5432, timeoutMs: 30_000, retry: { attempts: 10 } });
 * @throws IoError (by the promise) ECONNREFUSED, ENOTFOUND, ETIMEDOUT, ENOENT and what else the system says.
 * @throws RangeError, TypeError (by the promise) an option that makes no sense, named.
 * @throws whatever `signal` was aborted with.
 */
export async function connect(to: ConnectOptions | Address): Promise<Connection> {
  checkObject('options', to, exampleOf(to));
  const options = valuesOf(CONNECT_OPTIONS, isAddress(to) ? optionsOf(to) : to);
  const { port, host = 'localhost', path, signal } = options;
  const limits = queueLimits(options);
  const reactor = currentReactor();
  let addresses: () => Address[] | Promise<Address[]>;
  if (path !== undefined) {
    if (port !== undefined || options.host !== undefined)
      throw new TypeError('path: given beside host or port; allowed: one of the two');
    const beside = (['family', 'localAddress', 'localPort', 'lookup'] as const).find(
      name => options[name] !== undefined,
    );
    if (beside !== undefined) throw new TypeError(`${beside}: given beside path; allowed: beside host and port`);
    const address: Address = { family: 'unix', path };
    checkAddress(address);
    addresses = () => [address];
  } else {
    if (port === undefined) throw new TypeError('port: missing; allowed: integers from 1 to 65535, or a path instead');
    checkPort(port, 1);
    const family = familyToTry(options);
    checkHost(host);
    addresses = () => resolve(host, port, { family, lookup: options.lookup });
  }
  signal?.throwIfAborted();
  const { retry, timeoutMs } = options;
  const attempt = (leftMs: number | undefined) =>
    new AddressRace(reactor, { ...options, limits, leftMs }).winner(addresses());
  return retry === undefined ? attempt(timeoutMs) : tryAgain(reactor, retry, options, attempt);
}

/** @throws TypeError a local address that is none, or two families. */
function familyToTry({ family, host = '', localAddress }: ConnectOptions): InternetAddress['family'] | undefined {
  if (localAddress !== undefined && isIP(localAddress) === 0) {
    throw new TypeError(`localAddress: ${shown(localAddress)}; allowed: an IP address of this machine`);
  }
  const asked = { family, localAddress: familyOf(localAddress), host: familyOf(host) };
  const [first, ...others] = Object.entries(asked).filter(([, each]) => each !== undefined);
  const other = others.find(([, each]) => each !== first[1]);
  if (other !== undefined)
    throw new TypeError(`${other[0]}: of family ${other[1]}; allowed: ${first[1]}, as ${first[0]} says`);
  return first?.[1];
}

function familyOf(address = ''): InternetAddress['family'] | undefined {
  return isIP(address) === 0 ? undefined : isIP(address) === 4 ? 'ipv4' : 'ipv6';
}

function isAddress(to: ConnectOptions | Address): to is Address {
  return typeof to === 'object' && to !== null && ('address' in to || ('family' in to && !('host' in to)));
}

function optionsOf(to: Address): ConnectOptions {
  checkOptions(to.family === 'unix' ? UNIX_ADDRESS : INTERNET_ADDRESS, to, 'address');
  if (to.family === 'unix') return { path: to.path };
  // Without one the default of `host` would be taken.
  checkAddress(to);
  return { host: to.address, port: to.port };
}
