/** Connecting: to every address of a name in a sensible order, with a bound in time, and revocable. */
import { isIP } from 'node:net';
import { NO_TOKEN } from '../../base/token.js';
import { addAbortListener, removeAbortListener } from '../../base/shared-listeners.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import { closeDescriptor } from '../../core/driver/close-descriptor.js';
import { Connect } from '../../core/operations/connect.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { NO_TIMER, type Timer, type TimerOwner } from '../../core/reactor/timers.js';
import { IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, SOCK_STREAM, SOL_SOCKET, SO_REUSEADDR } from '../../sys/ffi/constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import {
  checkAddress,
  domainOf,
  formatAddress,
  type Address,
  type InternetAddress,
  type UnixAddress,
} from '../../sys/socket/sockaddr.js';
import { bind, openSocket, preferOption } from '../../sys/socket/socket.js';
import { checkObject, checkPort, exampleOf, shown } from '../../base/arguments.js';
import {
  anything,
  checkOptions,
  integer,
  milliseconds,
  oneOf,
  valuesOf,
  type OptionTable,
  type OptionValues,
} from '../../base/options.js';
import { Connection } from './connection.js';
import { QUEUE_LIMITS, queueLimits, SOCKET_OPTIONS, type QueueLimits, type SocketOptions } from '../options.js';
import { LOOK_UP_BOUNDS } from '../socket/look-up-bounds.js';
import { resolve } from '../socket/resolve.js';
import { settling } from '../settling.js';
import { applySocketOptions } from '../socket/socket-options.js';
import { currentReactor } from '../thread-reactor.js';
import { throwLater } from '../throw-later.js';

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
  /** How long one address is given before the next is tried beside it. Default 250 ms (RFC 8305). */
  readonly attemptDelayMs?: number;
  /** A Unix socket in place of host and port. */
  readonly path?: string;
  /** How long all may take, from the look-up of the name on, in milliseconds. Default: as long as the system tries. */
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
} satisfies OptionTable<ConnectOptions>;

const INTERNET_ADDRESS = {
  family: anything<InternetAddress['family']>(),
  address: anything<string>(),
  port: anything<number>(),
} satisfies OptionTable<InternetAddress>;
const UNIX_ADDRESS = { family: anything<'unix'>(), path: anything<string>() } satisfies OptionTable<UnixAddress>;

const NEXT_ATTEMPT = 0;
const TIMEOUT = 1;

/**
 * Connects. All addresses of a name are tried, a new one each 250 ms or as soon as one fails; the first that answers wins
 * and the others are closed ("happy eyeballs", RFC 8305).
 *
 * @param to an address as it stands, such as that of a listener, or where to connect to and how.
 * @throws IoError (by the promise) ECONNREFUSED, ENOTFOUND, ETIMEDOUT, ENOENT and what else the system says.
 * @throws RangeError, TypeError (by the promise) an option that makes no sense, named.
 * @throws whatever `signal` was aborted with.
 */
export async function connect(to: ConnectOptions | Address): Promise<Connection> {
  checkObject('options', to, exampleOf(to));
  const options = valuesOf(CONNECT_OPTIONS, isAddress(to) ? optionsOf(to) : to);
  const { port, host = 'localhost', path, signal } = options;
  const limits = queueLimits(options);
  let addresses: Address[] | Promise<Address[]>;
  if (path !== undefined) {
    if (port !== undefined || options.host !== undefined)
      throw new TypeError('path: given beside host or port; allowed: one of the two');
    const beside = (['family', 'localAddress', 'localPort'] as const).find(name => options[name] !== undefined);
    if (beside !== undefined) throw new TypeError(`${beside}: given beside path; allowed: beside host and port`);
    const address: Address = { family: 'unix', path };
    checkAddress(address);
    addresses = [address];
  } else {
    if (port === undefined) throw new TypeError('port: missing; allowed: integers from 1 to 65535, or a path instead');
    checkPort(port, 1);
    signal?.throwIfAborted();
    addresses = resolve(host, port, familyToTry(options));
  }
  signal?.throwIfAborted();
  return new Race(currentReactor(), limits, options).winner(addresses);
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

interface Attempt {
  readonly descriptor: Descriptor;
  readonly operation: Connect;
}

/** Attempts at several addresses, of which one wins; it begins with the look-up of the name. */
class Race implements TimerOwner {
  /** Of the call, since a race begins within it. */
  private readonly scope = new AsyncScope('POLLUX_CONNECTION');
  private readonly outcome = settling<Connection>();
  private readonly running = new Set<Attempt>();
  private readonly failures: Error[] = [];
  /** Undefined while the name is looked up. */
  private addresses: readonly Address[] | undefined = undefined;
  private next = 0;
  private over = false;
  private attemptTimer: Timer = NO_TIMER;
  private timeoutTimer: Timer = NO_TIMER;
  private readonly onAbort = () => this.lose(this.options.signal!.reason);

  constructor(
    private readonly reactor: Reactor,
    private readonly limits: QueueLimits,
    private readonly options: OptionValues<typeof CONNECT_OPTIONS>,
  ) {}

  winner(addresses: Address[] | Promise<Address[]>): Promise<Connection> {
    const { timeoutMs, signal } = this.options;
    this.reactor.enter(true);
    if (signal !== undefined) addAbortListener(signal, this.onAbort);
    if (timeoutMs !== undefined) this.timeoutTimer = this.reactor.arm(this, TIMEOUT, timeoutMs);
    if (Array.isArray(addresses)) this.begin(addresses);
    else addresses.then(found => this.begin(found)).catch(failure => this.lose(failure));
    return this.outcome.promise;
  }

  private begin(addresses: readonly Address[]): void {
    this.addresses = addresses;
    this.tryNext();
  }

  onTimer(tag: number): void {
    if (tag === NEXT_ATTEMPT) {
      this.attemptTimer = NO_TIMER;
      this.tryNext();
      return;
    }
    this.timeoutTimer = NO_TIMER;
    const { timeoutMs, host = 'localhost', port } = this.options;
    const target = this.addresses?.map(formatAddress).join(', ') ?? `${host}:${port}`;
    const whose = this.addresses === undefined ? 'no answer of the name server' : 'no answer';
    this.lose(new IoError('ETIMEDOUT', 'connect', target, `${whose} within ${timeoutMs} ms`));
  }

  private tryNext(): void {
    this.reactor.disarm(this.attemptTimer);
    this.attemptTimer = NO_TIMER;
    const addresses = this.addresses!;
    while (!this.over && this.next < addresses.length) {
      try {
        this.attempt(addresses[this.next++]);
      } catch (error) {
        this.failures.push(error as Error);
        continue;
      }
      if (this.next < addresses.length)
        this.attemptTimer = this.reactor.arm(this, NEXT_ATTEMPT, this.options.attemptDelayMs);
      return;
    }
    if (!this.over && this.running.size === 0) this.lose(summary(this.failures));
  }

  private attempt(address: Address): void {
    const { driver } = this.reactor;
    const isTcp = address.family !== 'unix';
    const fd = openSocket(domainOf(address), SOCK_STREAM);
    const descriptor = driver.add(fd, this.scope);
    descriptor.origin = 'own';
    const operation = new Connect(address, driver.counters, () => this.attemptEnded(attempt));
    const attempt: Attempt = { descriptor, operation };
    this.running.add(attempt);
    try {
      applySocketOptions(fd, this.options, isTcp);
      if (address.family !== 'unix') bindLocal(fd, address.family, this.options);
      // Told later in the turn: until then it can be aborted like any other.
      if (driver.submit(descriptor, operation)) {
        this.reactor.defer({ onDeferred: () => this.attemptEnded(attempt) });
      }
    } catch (error) {
      this.abandon(attempt);
      throw error;
    }
  }

  private attemptEnded(attempt: Attempt): void {
    if (!this.running.has(attempt)) return;
    this.settle(attempt);
    if (!this.over) this.tryNext();
  }

  private settle(attempt: Attempt): void {
    const { failure } = attempt.operation;
    if (failure !== undefined) {
      this.failures.push(failure);
      this.abandon(attempt);
      return;
    }
    // From here on its descriptor is the connection's.
    this.running.delete(attempt);
    this.finish();
    const connection = new Connection(this.reactor, attempt.descriptor, { limits: this.limits, unread: 'left' });
    // What waited for the handshake waits for the peer from now on, by one change of the registration.
    if (attempt.descriptor.token !== NO_TOKEN) connection.inbound.updateReceiving();
    this.outcome.resolve(connection);
  }

  private lose(reason: unknown): void {
    if (this.over) return;
    this.finish();
    this.outcome.reject(reason as Error);
  }

  private finish(): void {
    this.over = true;
    if (this.options.signal !== undefined) removeAbortListener(this.options.signal, this.onAbort);
    this.reactor.disarm(this.attemptTimer);
    this.reactor.disarm(this.timeoutTimer);
    for (const attempt of this.running) {
      try {
        this.abandon(attempt);
      } catch (error) {
        // Neither the others nor whoever waits for the outcome have a part in it.
        throwLater(this.reactor, error);
      }
    }
    this.reactor.leave(true);
  }

  /** Closes an attempt's descriptor, once: its number may be another's the moment after. */
  private abandon(attempt: Attempt): void {
    if (!this.running.delete(attempt)) return;
    closeDescriptor(this.reactor.driver, attempt.descriptor);
  }
}

/** Binds a socket to where it shall connect from, if that was said. @throws IoError EADDRINUSE, EADDRNOTAVAIL, EACCES. */
function bindLocal(
  fd: number,
  family: InternetAddress['family'],
  { localAddress, localPort = 0 }: ConnectOptions,
): void {
  if (localAddress === undefined && localPort === 0) return;
  // A port that an earlier connection has left in TIME_WAIT is as good; none that was named is left to connect(2).
  if (localPort !== 0) preferOption(fd, SOL_SOCKET, SO_REUSEADDR, 1);
  else if (IP_BIND_ADDRESS_NO_PORT >= 0) preferOption(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, 1);
  bind(fd, { family, address: localAddress ?? (family === 'ipv4' ? '0.0.0.0' : '::'), port: localPort });
}

/** One failure is told as it is; of several the first, with all of them in its words and as its cause. */
function summary(failures: Error[]): Error {
  const [first] = failures;
  if (failures.length === 1 || !(first instanceof IoError)) return first;
  const target = failures.map(failure => (failure as IoError).target).join(', ');
  const codes = [...new Set(failures.map(failure => (failure as IoError).code))].join(', ');
  const error = new IoError(first.errno, first.syscall, target, `every address failed (${codes})`);
  error.cause = new AggregateError(failures);
  return error;
}
