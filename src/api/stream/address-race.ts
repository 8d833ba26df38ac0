/**
 * Attempts at several addresses, of which one wins (RFC 8305, "happy eyeballs"); it begins with the look-up of the
 * name.
 */
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
import { domainOf, formatAddress, type Address, type InternetAddress } from '../../sys/socket/sockaddr.js';
import { bind, openSocket, preferOption } from '../../sys/socket/socket.js';
import { Connection } from './connection.js';
import type { QueueLimits, SocketOptions } from '../options.js';
import { settling } from '../settling.js';
import { applySocketOptions } from '../socket/socket-options.js';
import { throwLater } from '../throw-later.js';

/** What a race is run by. */
export interface RaceOptions extends SocketOptions {
  /** For errors. */
  readonly host?: string | undefined;
  readonly port?: number | undefined;
  readonly localAddress?: string | undefined;
  readonly localPort?: number | undefined;
  /** How long one address is given before the next is tried beside it. */
  readonly attemptDelayMs: number;
  readonly limits: QueueLimits;
  readonly signal?: AbortSignal | undefined;
  /** How long all may take, for errors, and what of that is left. */
  readonly timeoutMs?: number | undefined;
  readonly leftMs?: number | undefined;
}

const NEXT_ATTEMPT = 0;
const TIMEOUT = 1;

interface Attempt {
  readonly descriptor: Descriptor;
  readonly operation: Connect;
}

export class AddressRace implements TimerOwner {
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
    private readonly options: RaceOptions,
  ) {}

  /** Once. @returns the connection that came first, or why there is none. */
  winner(addresses: Address[] | Promise<Address[]>): Promise<Connection> {
    const { leftMs, signal } = this.options;
    this.reactor.enter(true);
    if (signal !== undefined) addAbortListener(signal, this.onAbort);
    if (leftMs !== undefined) this.timeoutTimer = this.reactor.arm(this, TIMEOUT, leftMs);
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
    const connection = new Connection(attempt.descriptor, {
      reactor: this.reactor,
      limits: this.options.limits,
      unread: 'left',
    });
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
        // It concerns neither the other attempts nor the caller that waits for the outcome.
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

/**
 * Binds a socket to where it shall connect from, if that was said.
 * @throws IoError EADDRINUSE, EADDRNOTAVAIL, EACCES.
 */
function bindLocal(fd: number, family: InternetAddress['family'], { localAddress, localPort = 0 }: RaceOptions): void {
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
