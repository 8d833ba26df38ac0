/** The socket calls. Hot ones return -1 and leave errno; those that make and configure throw IoError. */
import {
  AF_UNIX,
  MSG_DONTWAIT,
  MSG_NOSIGNAL,
  SOCK_CLOEXEC,
  SOCK_NONBLOCK,
  SOCK_STREAM,
  SOL_SOCKET,
  SHUT_WR,
  SO_ERROR,
  SO_MEMINFO,
  SO_NOSIGPIPE,
} from '../ffi/constants.js';
import { EAGAIN, EINPROGRESS, EINTR, ENOTCONN, EPIPE, isRefusal } from '../ffi/errno.js';
import { close, setCloseOnExec, setNonBlocking } from '../file/io.js';
import { IoError } from '../ffi/io-error.js';
import { declare, errno, hasFunction } from '../ffi/libc.js';
import { NativeBlock, storeWord } from '../ffi/memory.js';
import { platform } from '../ffi/platform.js';
import { formatAddress, SockaddrBlock, type Address } from './sockaddr.js';
import { holder, owners } from '../file/owned-descriptors.js';

type Transfer = (fd: number, address: number, lengthBytes: number, flags: number) => number;

/** recv(2), up to 2 GiB - 1. */
export const recv = declare<Transfer>('recv', 'int', ['int', 'uintptr_t', 'size_t', 'int']);

/** send(2), up to 2 GiB - 1. */
export const send = declare<Transfer>('send', 'int', ['int', 'uintptr_t', 'size_t', 'int']);

/** sendmsg(2); the address is that of a struct msghdr. */
export const sendmsg = declare<(fd: number, address: number, flags: number) => number>('sendmsg', 'int', [
  'int',
  'uintptr_t',
  'int',
]);

/** recvmsg(2); the address is that of a struct msghdr, which it fills in. */
export const recvmsg = declare<(fd: number, address: number, flags: number) => number>('recvmsg', 'int', [
  'int',
  'uintptr_t',
  'int',
]);

/**
 * Room for a struct msghdr of every 64-bit platform: glibc's and musl's has 56 bytes, those of the BSDs and macOS 48.
 */
const MSGHDR_BYTES = 56;
const MSG_NAME_WORD = 0;
const MSG_NAMELEN_WORD = 2;
const MSG_IOV_WORD = 4;
const MSG_IOVLEN_WORD = 6;
/** Behind the length of the control data, which is 64 bits wide (on musl with padding) on Linux and 32 elsewhere. */
const MSG_FLAGS_WORD = platform === 'linux' ? 12 : 11;

/** A struct msghdr with one table of buffers, perhaps an address, and no control data. */
export class MessageHeader {
  private readonly block = new NativeBlock(MSGHDR_BYTES);
  readonly address = this.block.address;
  count = 0;

  /**
   * @param iovecsAddress of the struct iovec array; the caller keeps it alive.
   * @param name where a datagram goes to or comes from. Without it no address is given: one of no length is EINVAL on
   *   FreeBSD.
   */
  constructor(
    readonly iovecsAddress: number,
    private readonly name?: SockaddrBlock,
  ) {
    storeWord(this.block.u32, MSG_IOV_WORD, iovecsAddress);
    if (name !== undefined) storeWord(this.block.u32, MSG_NAME_WORD, name.address);
  }

  /** Before sendmsg: the address is as long as its block says. Before recvmsg: after `name.reset()`, the whole room. */
  giveName(): void {
    this.block.u32[MSG_NAMELEN_WORD] = this.name!.lengthBytes;
  }

  /** After recvmsg: the block learns the length of the address that the kernel wrote. */
  takeName(): void {
    this.name!.lengthBytes = this.block.u32[MSG_NAMELEN_WORD];
  }

  /** After recvmsg: what the kernel says of the message, such as MSG_TRUNC. */
  get flags(): number {
    return this.block.u32[MSG_FLAGS_WORD];
  }

  /** How many entries of the table count. (size_t on glibc, int elsewhere: the low word is the same.) */
  setCount(count: number): void {
    this.count = count;
    this.block.u32[MSG_IOVLEN_WORD] = count;
  }
}

/** shutdown(2). */
export const shutdown = declare<(fd: number, how: number) => number>('shutdown', 'int', ['int', 'int']);

/**
 * Sends FIN behind what was sent. A peer that has gone is news that comes another way.
 *
 * @returns that a sandbox refuses it: then only closing sends it, and who was about to do so loses no more than
 *   patience.
 */
export function endWriting(fd: number): IoError | undefined {
  if (shutdown(fd, SHUT_WR) === 0 || !isRefusal(errno())) return undefined;
  return new IoError(errno(), 'shutdown', `descriptor ${fd}`);
}

const nativeSocket = declare<(domain: number, type: number, protocol: number) => number>('socket', 'int', [
  'int',
  'int',
  'int',
]);
const nativeSocketpair = declare<(domain: number, type: number, protocol: number, address: number) => number>(
  'socketpair',
  'int',
  ['int', 'int', 'int', 'uintptr_t'],
);
const nativeListen = declare<(fd: number, backlog: number) => number>('listen', 'int', ['int', 'int']);
const withAddress = ['int', 'uintptr_t', 'uint'];
const nativeBind = declare<(fd: number, address: number, lengthBytes: number) => number>('bind', 'int', withAddress);
const nativeConnect = declare<(fd: number, address: number, lengthBytes: number) => number>(
  'connect',
  'int',
  withAddress,
);
const fillsAddress = ['int', 'uintptr_t', 'uintptr_t'];
type FillAddress = (fd: number, address: number, lengthAddress: number) => number;
const getsockname = declare<FillAddress>('getsockname', 'int', fillsAddress);
const getpeername = declare<FillAddress>('getpeername', 'int', fillsAddress);
const nativeAccept = declare<FillAddress>('accept', 'int', fillsAddress);
const nativeAccept4 = declare<(fd: number, address: number, lengthAddress: number, flags: number) => number>(
  'accept4',
  'int',
  ['int', 'uintptr_t', 'uintptr_t', 'int'],
);
type Option = (fd: number, level: number, name: number, address: number, length: number) => number;
const optionTypes = ['int', 'int', 'int', 'uintptr_t'];
const nativeSetsockopt = declare<Option>('setsockopt', 'int', [...optionTypes, 'uint']);
const nativeGetsockopt = declare<Option>('getsockopt', 'int', [...optionTypes, 'uintptr_t']);

let hasAccept4 = platform !== 'darwin' && hasFunction('accept4');
const hasTypeFlags = SOCK_NONBLOCK > 0;

/** One block a thread: no call below keeps it past its return. */
const sockaddr = new SockaddrBlock();
/** A value of up to 256 bytes (struct accept_filter_arg), and its socklen_t behind it. */
const OPTION_BYTES = 256;
const option = new NativeBlock(OPTION_BYTES + 8);

function ready(fd: number): number {
  if (!hasTypeFlags) {
    setNonBlocking(fd);
    setCloseOnExec(fd);
  }
  if (SO_NOSIGPIPE > 0) setOption(fd, SOL_SOCKET, SO_NOSIGPIPE, 1);
  return fd;
}

/**
 * A non-blocking, close-on-exec socket.
 *
 * @throws IoError EMFILE, ENFILE, ENOBUFS, EAFNOSUPPORT.
 */
export function openSocket(domain: number, type: number): number {
  const fd = nativeSocket(domain, hasTypeFlags ? type | SOCK_NONBLOCK | SOCK_CLOEXEC : type, 0);
  if (fd >= 0) owners[fd] = holder;
  if (fd < 0) throw new IoError(errno(), 'socket');
  return ready(fd);
}

/** A connected pair of Unix sockets, non-blocking and close-on-exec. @throws IoError EMFILE, ENFILE. */
export function socketpair(type = SOCK_STREAM): [number, number] {
  const flags = hasTypeFlags ? SOCK_NONBLOCK | SOCK_CLOEXEC : 0;
  const result = nativeSocketpair(AF_UNIX, type | flags, 0, option.address);
  if (result === 0) {
    owners[option.i32[0]] = holder;
    owners[option.i32[1]] = holder;
  }
  if (result < 0) throw new IoError(errno(), 'socketpair');
  const ends: [number, number] = [option.i32[0], option.i32[1]];
  ends.forEach(ready);
  return ends;
}

/** bind(2). @throws IoError EADDRINUSE, EADDRNOTAVAIL, EACCES. */
export function bind(fd: number, address: Address): void {
  sockaddr.encode(address);
  if (nativeBind(fd, sockaddr.address, sockaddr.lengthBytes) < 0)
    throw new IoError(errno(), 'bind', formatAddress(address));
}

/**
 * listen(2). The kernel clips `backlog` to its own limit (somaxconn).
 *
 * @param title what it is called in messages.
 * @throws IoError EADDRINUSE.
 */
export function listen(fd: number, backlog: number, title = `descriptor ${fd}`): void {
  if (nativeListen(fd, backlog) < 0) throw new IoError(errno(), 'listen', title);
}

/**
 * connect(2) on a non-blocking socket.
 *
 * @returns 0 when connected at once, EINPROGRESS when readiness to write will tell, otherwise the errno that it
 *   failed with.
 */
export function connect(fd: number, address: Address): number {
  sockaddr.encode(address);
  if (nativeConnect(fd, sockaddr.address, sockaddr.lengthBytes) === 0) return 0;
  const failure = errno();
  // Interrupted, the attempt goes on in the kernel like one in progress (connect(2)).
  return failure === EINTR ? EINPROGRESS : failure;
}

/**
 * accept(2): the next connection, non-blocking and close-on-exec.
 *
 * @returns its descriptor, or -1 with `errno()`.
 */
export function accept(fd: number): number {
  if (hasAccept4) {
    const accepted = nativeAccept4(fd, 0, 0, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (accepted >= 0) owners[accepted] = holder;
    if (accepted >= 0 || !isRefusal(errno())) return accepted;
  }
  const accepted = nativeAccept(fd, 0, 0);
  if (accepted >= 0) owners[accepted] = holder;
  if (accepted < 0) return accepted;
  // The call itself was refused, and not a connection.
  hasAccept4 = false;
  return ready(accepted);
}

/** getsockname(2). @throws IoError EBADF, ENOTSOCK. */
export function localAddress(fd: number): Address {
  sockaddr.reset();
  if (getsockname(fd, sockaddr.address, sockaddr.lengthAddress) < 0) {
    throw new IoError(errno(), 'getsockname', `descriptor ${fd}`);
  }
  return sockaddr.decode();
}

/** getpeername(2). @throws IoError ENOTCONN, EBADF. */
export function remoteAddress(fd: number): Address {
  sockaddr.reset();
  if (getpeername(fd, sockaddr.address, sockaddr.lengthAddress) < 0) {
    throw new IoError(errno(), 'getpeername', `descriptor ${fd}`);
  }
  return sockaddr.decode();
}

/**
 * setsockopt(2) with an int, or with the bytes of a structure.
 *
 * @throws IoError ENOPROTOOPT, EINVAL, EBADF.
 * @throws RangeError a structure of more than 256 bytes.
 */
export function setOption(fd: number, level: number, name: number, value: number | Uint8Array): void {
  let lengthBytes = 4;
  if (typeof value === 'number') {
    option.i32[0] = value;
  } else {
    if (value.length > OPTION_BYTES) throw new RangeError(`value: ${value.length} bytes; at most ${OPTION_BYTES}`);
    option.bytes.set(value);
    lengthBytes = value.length;
  }
  if (nativeSetsockopt(fd, level, name, option.address, lengthBytes) < 0) {
    throw new IoError(errno(), 'setsockopt', `option ${name} of level ${level} on descriptor ${fd}`);
  }
}

/**
 * setsockopt(2) of what makes a socket better and is not needed: a sandbox may refuse it.
 * @throws IoError as `setOption`.
 */
export function preferOption(fd: number, level: number, name: number, value: number | Uint8Array): void {
  try {
    setOption(fd, level, name, value);
  } catch (error) {
    if (!(error instanceof IoError && isRefusal(error.errno))) throw error;
  }
}

/** getsockopt(2): the bytes of the value, in a copy. @throws IoError ENOPROTOOPT, EBADF. */
export function getOption(fd: number, level: number, name: number): Uint8Array {
  loadOption(fd, level, name);
  return option.bytes.slice(0, option.u32[OPTION_BYTES / 4]);
}

function loadOption(fd: number, level: number, name: number): void {
  option.u32[OPTION_BYTES / 4] = OPTION_BYTES;
  if (nativeGetsockopt(fd, level, name, option.address, option.address + OPTION_BYTES) < 0) {
    throw new IoError(errno(), 'getsockopt', `option ${name} of level ${level} on descriptor ${fd}`);
  }
}

/** Index of the datagrams dropped, among the 32-bit numbers of SO_MEMINFO. */
const MEMINFO_DROPS = 8;

/**
 * Datagrams that came to a socket and were dropped, as its receive buffer was full or their checksum wrong: the
 * number that SO_RXQ_OVFL tells with datagrams that come later. It counts modulo 2^32.
 *
 * @returns undefined where the system does not tell.
 */
export function droppedDatagrams(fd: number): number | undefined {
  if (SO_MEMINFO < 0) return undefined;
  option.u32[OPTION_BYTES / 4] = OPTION_BYTES;
  const result = nativeGetsockopt(fd, SOL_SOCKET, SO_MEMINFO, option.address, option.address + OPTION_BYTES);
  if (result < 0 || option.u32[OPTION_BYTES / 4] <= 4 * MEMINFO_DROPS) return undefined;
  return option.u32[MEMINFO_DROPS];
}

/** getsockopt(2) of an int option. @throws IoError as `getOption`. */
export function getIntOption(fd: number, level: number, name: number): number {
  loadOption(fd, level, name);
  return option.i32[0];
}

/**
 * What broke a socket, as an errno; 0: nothing that is known. It is told once (SO_ERROR). Where a sandbox refuses to
 * be asked, a call that sends no byte meets the error.
 */
export function pendingError(fd: number): number {
  option.u32[OPTION_BYTES / 4] = OPTION_BYTES;
  const result = nativeGetsockopt(fd, SOL_SOCKET, SO_ERROR, option.address, option.address + OPTION_BYTES);
  if (result === 0) return option.i32[0];
  if (!isRefusal(errno())) return errno();
  const code = isReadyToSend(fd) ? 0 : errno();
  return NO_ERRORS.has(code) ? 0 : code;
}

/** Not connected yet, and closed for sending: states, which an error of the socket comes before. */
const NO_ERRORS = new Set([EAGAIN, ENOTCONN, EPIPE]);

/** Whether it is connected and takes bytes; otherwise `errno()` says why not. */
export function isReadyToSend(fd: number): boolean {
  return send(fd, option.address, 0, MSG_DONTWAIT | MSG_NOSIGNAL) >= 0;
}

/** Closes `fd`, which is being given up after `failure`, and throws `failure`. */
export function closeAndThrow(fd: number, failure: unknown): never {
  close(fd);
  throw failure;
}
