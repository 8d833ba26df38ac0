/** What connections and listeners have in common: a descriptor of their own, socket options, and a say in when the process ends. */
import type { AsyncScope } from '../../core/reactor/async-scope.js';
import { closeDescriptor } from '../../core/driver/close-descriptor.js';
import type { Descriptor } from '../../core/operations/operation.js';
import type { Reactor } from '../../core/reactor/reactor.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { getOption, setOption } from '../../sys/socket/socket.js';
import { checkInteger, shown } from '../../base/arguments.js';
import { checkBytes } from './sendable.js';
import { setBufferBytes, setKeepAlive, setLinger, setNoDelay, type KeepAliveOptions } from './socket-options.js';

/** What connections, listeners and datagram sockets have in common. */
export abstract class Socket {
  private referenced = true;

  /**
   * @param descriptor of a non-blocking socket, in the care of the reactor's driver; it belongs to this object from now on.
   * @internal
   */
  constructor(
    /** The reactor whose thread it lives in. */
    readonly reactor: Reactor,
    protected readonly descriptor: Descriptor,
  ) {
    descriptor.owner = this;
    reactor.enter(true);
  }

  /** In which the callbacks run that the user sets: the one that the object was made in. */
  protected get scope(): AsyncScope {
    return this.descriptor.scope;
  }

  /** Whether the descriptor is closed. */
  abstract get isClosed(): boolean;

  /** The kernel's number, for calls that Pollux does not have; -1 once closed. It stays this object's. */
  get fd(): number {
    // From here on it may be duplicated, or be given to a child.
    if (this.descriptor.origin === 'own') this.descriptor.origin = 'shared';
    return this.ownFd;
  }

  /** @internal As `fd`, for calls of Pollux's own: the number goes no further. */
  get ownFd(): number {
    return this.isClosed ? -1 : this.descriptor.fd;
  }

  /** @internal */
  get isSocket(): boolean {
    return this.descriptor.origin !== 'pipe';
  }

  /** TCP_NODELAY. @throws IoError */
  setNoDelay(enable = true): void {
    setNoDelay(this.openFd(), enable);
  }

  /** SO_KEEPALIVE and TCP_KEEPIDLE, TCP_KEEPINTVL, TCP_KEEPCNT. @throws RangeError, IoError */
  setKeepAlive(enable = true, keepAlive?: KeepAliveOptions): void {
    setKeepAlive(this.openFd(), enable, keepAlive);
  }

  /** SO_SNDBUF, SO_RCVBUF; the kernel may double or clip them. @throws RangeError, IoError */
  setBufferBytes(direction: 'send' | 'receive', lengthBytes: number): void {
    if (direction !== 'send' && direction !== 'receive') {
      throw new TypeError(`direction: ${shown(direction)}; allowed: 'send', 'receive'`);
    }
    setBufferBytes(this.openFd(), `${direction}BufferBytes`, lengthBytes);
  }

  /** SO_LINGER. @param seconds 0 makes `destroy` reset the connection; undefined is the system's default. */
  setLinger(seconds: number | undefined): void {
    setLinger(this.openFd(), seconds);
  }

  /** setsockopt(2), as it is. @param value an int, or the bytes of a structure. @throws IoError, TypeError, RangeError */
  setOption(level: number, name: number, value: number | Uint8Array): void {
    checkInt('level', level);
    checkInt('name', name);
    if (typeof value === 'number') checkInt('value', value);
    else checkBytes('value', value, 'a number, a Uint8Array');
    setOption(this.openFd(), level, name, value);
  }

  /** getsockopt(2), as it is: the bytes of the value. @throws IoError, RangeError */
  getOption(level: number, name: number): Uint8Array {
    checkInt('level', level);
    checkInt('name', name);
    return getOption(this.openFd(), level, name);
  }

  /** Keeps the process alive while this is open (the default). */
  ref(): this {
    return this.keepAlive(true);
  }

  /** Lets the process exit although this is open. It is served as long as the process lives. */
  unref(): this {
    return this.keepAlive(false);
  }

  /** Gives everything back to the kernel. */
  protected releaseDescriptor(): void {
    this.reactor.receiveBuffer.forget(this);
    try {
      closeDescriptor(this.reactor.driver, this.descriptor);
    } finally {
      this.reactor.leave(this.referenced);
    }
  }

  /** Lets go of the descriptor and leaves it open: somebody else gets it. */
  protected detachDescriptor(): number {
    this.reactor.receiveBuffer.forget(this);
    this.reactor.driver.remove(this.descriptor);
    this.reactor.leave(this.referenced);
    return this.descriptor.fd;
  }

  private openFd(): number {
    if (this.isClosed) throw new IoError('EBADF', 'setsockopt', undefined, 'the socket is closed');
    return this.descriptor.fd;
  }

  private keepAlive(keep: boolean): this {
    if (this.referenced !== keep && !this.isClosed) this.reactor.reference(keep ? 1 : -1);
    this.referenced = keep;
    return this;
  }
}

/** @throws RangeError what is no int of C's, or no unsigned one. */
function checkInt(name: string, value: number): void {
  checkInteger(name, value, -0x80000000, 0xffffffff);
}
