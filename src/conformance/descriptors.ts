/** Descriptors for rows to play with, by calls that every Unix has, and the count of those that are open. */
import { readdirSync } from 'node:fs';
import { AF_INET, SO_LINGER, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET } from '../sys/constants.js';
import { EAGAIN, EINPROGRESS, EINTR } from '../sys/errno.js';
import { close, read, write } from '../sys/io.js';
import { IoError } from '../sys/io-error.js';
import { errno } from '../sys/libc.js';
import { NativeBlock } from '../sys/memory.js';
import type { InternetAddress } from '../sys/sockaddr.js';
import { accept, bind, connect, listen, localAddress, openSocket, setOption } from '../sys/socket.js';

const CHUNK_BYTES = 65_536;
const LOOPBACK: InternetAddress = { family: 'ipv4', address: '127.0.0.1', port: 0 };
/** Sends run against this, so that filling a TCP connection takes little memory and time. */
const SEND_BUFFER_BYTES = 32_768;
const ATTEMPTS = 2_000;
/** Linux delays an acknowledgement by 40 ms, others by up to 100. */
const DELAYED_ACK_MS = 110;

const chunk = new NativeBlock(CHUNK_BYTES);

/** Answers of `readSome` and `writeSome` that are not a count. */
export const WOULD_BLOCK = -1;

/**
 * read(2).
 *
 * @returns the count, 0 at the end, WOULD_BLOCK.
 * @throws IoError any other failure.
 */
export function readSome(fd: number, mostBytes = CHUNK_BYTES): number {
  return transfer(() => read(fd, chunk.address, Math.min(mostBytes, CHUNK_BYTES)), 'read', fd);
}

/** write(2) of up to 64 KiB; answers as `readSome` does. */
export function writeSome(fd: number, lengthBytes = 1): number {
  return transfer(() => write(fd, chunk.address, Math.min(lengthBytes, CHUNK_BYTES)), 'write', fd);
}

function transfer(call: () => number, name: string, fd: number): number {
  for (;;) {
    const count = call();
    if (count >= 0) return count;
    const failure = errno();
    if (failure === EAGAIN) return WOULD_BLOCK;
    if (failure !== EINTR) throw new IoError(failure, name, `descriptor ${fd}`);
  }
}

/** Reads until it would block or ends. @returns bytes read. */
export function drain(fd: number): number {
  let total = 0;
  for (;;) {
    const count = readSome(fd);
    if (count <= 0) return total;
    total += count;
  }
}

/** Writes until not even one byte goes in. @returns bytes written. */
export function fill(fd: number): number {
  let total = 0;
  for (const stepBytes of [CHUNK_BYTES, 1]) {
    for (let count = writeSome(fd, stepBytes); count > 0; count = writeSome(fd, stepBytes)) total += count;
  }
  return total;
}

/**
 * Writes until there is no room, and none comes: what a TCP receiver has taken over makes room again when it is
 * acknowledged, which it may delay.
 */
export function fillForGood(fd: number): void {
  do {
    fill(fd);
    pause(DELAYED_ACK_MS);
  } while (fill(fd) > 0);
}

const pauseWord = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps, where the kernel needs a moment for what is under way and no descriptor tells of it. */
function pause(durationMs: number): void {
  Atomics.wait(pauseWord, 0, 0, durationMs);
}

/** A TCP listener on a free port of the loopback. */
export function openListener(): { fd: number; address: InternetAddress } {
  const { fd, address } = openBound();
  listen(fd, 128);
  return { fd, address };
}

/** A port that is taken but refuses every connection: bound, and never listened on. */
export function openBound(): { fd: number; address: InternetAddress } {
  const fd = openSocket(AF_INET, SOCK_STREAM);
  try {
    bind(fd, LOOPBACK);
    return { fd, address: localAddress(fd) as InternetAddress };
  } catch (error) {
    close(fd);
    throw error;
  }
}

/** Starts a connection. @returns its descriptor and what connect(2) said: 0, EINPROGRESS or why it failed. */
export function startConnect(address: InternetAddress): { fd: number; errno: number } {
  const fd = openSocket(AF_INET, SOCK_STREAM);
  setOption(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
  return { fd, errno: connect(fd, address) };
}

/**
 * Both ends of a TCP connection over the loopback.
 *
 * @returns [the end that connected, the end that was accepted]
 */
export function openTcpPair(): [number, number] {
  const listener = openListener();
  try {
    const client = startConnect(listener.address);
    if (client.errno !== 0 && client.errno !== EINPROGRESS) {
      close(client.fd);
      throw new IoError(client.errno, 'connect');
    }
    return [client.fd, acceptSoon(listener.fd)];
  } finally {
    close(listener.fd);
  }
}

/** Accepts a connection that is on its way; the loopback hands it over within microseconds on every kernel. */
export function acceptSoon(listener: number): number {
  for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
    const fd = accept(listener);
    if (fd >= 0) return fd;
    const failure = errno();
    if (failure !== EAGAIN && failure !== EINTR) throw new IoError(failure, 'accept');
    pause(1);
  }
  throw new Error(`accept: no connection within ${ATTEMPTS} attempts`);
}

/** Closes a TCP connection with RST instead of FIN. */
export function reset(fd: number): void {
  const linger = new Int32Array([1, 0]);
  setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(linger.buffer));
  close(fd);
}

/** How many descriptors this process has open; undefined where the system has no list of them. */
export function countOpenDescriptors(): number | undefined {
  for (const directory of ['/proc/self/fd', '/dev/fd']) {
    try {
      return readdirSync(directory).length;
    } catch {
      // The next one may exist.
    }
  }
  return undefined;
}
