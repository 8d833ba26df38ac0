/** Watching any descriptor for readiness: serial lines, pipes, devices, sockets of other libraries. */
import { describeBy } from '../../base/inspection.js';
import { PRIORITY, READABLE, WRITABLE, type Interest, type RegistrationMode } from '../../backends/contract.js';
import { AsyncScope } from '../../core/reactor/async-scope.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError, wrongState } from '../../sys/ffi/io-error.js';
import { checkFunction, checkInteger, MAX_DESCRIPTOR } from '../../base/arguments.js';
import { boolean, checkOptions, oneOf, valuesOf, type OptionTable } from '../../base/options.js';
import { ref, unref } from '../keep-alive.js';
import { currentReactor } from '../thread-reactor.js';

export type { RegistrationMode };

/** What a watch tells of. */
export interface WatchInterest {
  readonly readable?: boolean;
  readonly writable?: boolean;
  /** Out-of-band data. */
  readonly priority?: boolean;
}

/** Options of `watch`. */
export interface WatchOptions {
  /**
   * 'level' (the default) reports as long as the descriptor is ready; 'edge' reports that it became ready, see
   * `Watch.wouldBlock`. Both go on. 'oneshot' and 'oneshot-edge' report once, and are armed again by `modify`.
   */
  readonly mode?: RegistrationMode;
}

const INTEREST = { readable: boolean(), writable: boolean(), priority: boolean() } satisfies OptionTable<WatchInterest>;
const WATCH_OPTIONS = {
  mode: oneOf(['level', 'edge', 'oneshot', 'oneshot-edge'], 'level'),
} satisfies OptionTable<WatchOptions>;

/** What a watched descriptor is ready for. A hint: the next call on it decides. */
export interface WatchReadiness {
  readonly readable: boolean;
  readonly writable: boolean;
  readonly priority: boolean;
  /** The bits of `pollux/backends`, with PEER_END, BOTH_END and ERROR. */
  readonly bits: number;
  /** Bytes to read or connections to accept where the system tells (kqueue); otherwise 0. */
  readonly data: number;
  /** The descriptor is no longer watched: it was closed, or the kernel refused. */
  readonly failure: IoError | undefined;
}

/**
 * Watches a descriptor, which stays yours: close the watch before you close it.
 *
 * @param onReady called in a turn of the reactor, once per event.
 * @throws IoError EBADF (closed), EPERM (a kind that can't be polled: regular files with epoll), EEXIST (watched
 *   already).
 * @throws TypeError nothing is asked for, or something that does not exist.
 * @throws RangeError a number that is no descriptor.
 */
export function watch(
  fd: number,
  interest: WatchInterest,
  onReady: (ready: WatchReadiness) => void,
  options: WatchOptions = {},
): Watch {
  const bits = interestBits(interest);
  checkInteger('fd', fd, 0, MAX_DESCRIPTOR);
  checkFunction('onReady', onReady);
  const values = valuesOf(WATCH_OPTIONS, options);
  if (bits === 0) throw new TypeError('interest: nothing is asked for; allowed: readable, writable, priority');
  return new Watch(currentReactor(), fd, bits, onReady, values);
}

/** A descriptor under watch. `watch` makes one. */
export class Watch {
  private readonly token: number;
  private readonly scope = new AsyncScope('POLLUX_WATCH');
  private isOpen = true;
  /** @internal */
  isReferenced = true;

  /** @internal Made by `watch`. */
  constructor(
    readonly reactor: Reactor,
    /** The watched descriptor, the caller's. */
    readonly fd: number,
    interest: Interest,
    private readonly handler: (ready: WatchReadiness) => void,
    { mode }: Required<WatchOptions>,
  ) {
    this.token = reactor.driver.watch(fd, interest, mode, this);
    reactor.enter(true);
  }

  /** Changes what is watched, or arms a oneshot again; {} rests. @throws IoError EBADF: the watch is closed. */
  modify(interest: WatchInterest): void {
    this.checkOpen('modify');
    this.reactor.driver.rewatch(this.token, interestBits(interest));
  }

  /** With mode 'edge': says that a call in these directions would have blocked, which asks for the next edge. */
  wouldBlock(interest: WatchInterest): void {
    this.checkOpen('wouldBlock');
    this.reactor.driver.wouldBlock(this.token, interestBits(interest));
  }

  /** Ends it, at once. The descriptor stays open. Twice is allowed. */
  close(): void {
    if (!this.isOpen) return;
    this.isOpen = false;
    this.reactor.driver.unwatch(this.token);
    this.reactor.leave(this.isReferenced);
  }

  [Symbol.dispose](): void {
    this.close();
  }

  get isClosed(): boolean {
    return !this.isOpen;
  }

  /** Keeps the process alive, as it does from the beginning. */
  ref(): this {
    return ref(this);
  }

  /** Lets the process exit although this watch is open. */
  unref(): this {
    return unref(this);
  }

  /** @internal */
  onReady(bits: number, data: number, errno: number): void {
    const failure = errno === 0 ? undefined : new IoError(errno, 'watch', `descriptor ${this.fd}`);
    if (failure !== undefined) this.close();
    this.scope.run(this.handler, undefined, {
      readable: (bits & READABLE) !== 0,
      writable: (bits & WRITABLE) !== 0,
      priority: (bits & PRIORITY) !== 0,
      bits,
      data,
      failure,
    });
  }

  private checkOpen(method: string): void {
    if (!this.isOpen) throw wrongState('EBADF', method, `the watch of descriptor ${this.fd} is closed`);
  }

  static {
    describeBy('Watch', Watch.prototype, ({ fd, isOpen }) => ({ state: isOpen ? 'open' : 'closed', fd }));
  }
}

function interestBits(interest: WatchInterest): Interest {
  checkOptions(INTEREST, interest, 'interest');
  return (interest.readable ? READABLE : 0) | (interest.writable ? WRITABLE : 0) | (interest.priority ? PRIORITY : 0);
}
