/** The world of the kernel that this runs on. */

import { chmodSync, constants, existsSync, mkdtempSync, openSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { constants as osConstants, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import process from 'node:process';
import {
  PEER_END,
  ERROR,
  BOTH_END,
  READABLE,
  WRITABLE,
  type Readiness,
  type WakeHandle,
} from '../../backends/contract.js';
import type { UserHandle } from '../../backends/sources/contract.js';
import { triggerUserEvent } from '../../backends/sources/trigger.js';
import { wakeBackend } from '../../backends/kit/wake.js';
import { AF_INET, SHUT_WR, SO_ERROR, SO_LINGER, SO_SNDBUF, SOCK_STREAM, SOL_SOCKET } from '../../sys/ffi/constants.js';
import { EAGAIN, EINPROGRESS, EINTR, ENOTCONN } from '../../sys/ffi/errno.js';
import { scanDescriptors } from '../../sys/file/descriptor-scan.js';
import { mkfifo } from '../../sys/file/fifo.js';
import { close, dup, dup2, pipe, read, write } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { errno } from '../../sys/ffi/libc.js';
import { NativeBlock } from '../../sys/ffi/memory.js';
import { kernelRelease, platform } from '../../sys/ffi/platform.js';
import { reapChild, spawnChild } from '../../sys/process/child.js';
import { poll, PollfdArray, POLLERR, POLLHUP, POLLIN, POLLOUT, POLLRDHUP } from '../../sys/poll/poll.js';
import type { InternetAddress } from '../../sys/socket/sockaddr.js';
import {
  accept,
  bind,
  connect,
  getIntOption,
  listen,
  localAddress,
  openSocket,
  send,
  setOption,
  shutdown,
  socketpair,
} from '../../sys/socket/socket.js';
import { LoadThread } from './loads/load-thread.js';
import { CHUNK_BYTES, CommonWorld, WOULD_BLOCK, type Load, type World } from './world.js';

const LOOPBACK: InternetAddress = { family: 'ipv4', address: '127.0.0.1', port: 0 };
/** Sends run against this, so that filling a TCP connection takes little memory and time. */
const SEND_BUFFER_BYTES = 32_768;
const ATTEMPTS = 2_000;
/** Linux delays an acknowledgement by 40 ms, others by up to 100. */
const DELAYED_ACK_MS = 110;
const PSEUDO_TERMINALS = '/dev/ptmx';
/** The same number on every system. */
const MSG_OOB = 1;

const chunk = new NativeBlock(CHUNK_BYTES);
const question = new PollfdArray(1);
const pauseWord = new Int32Array(new SharedArrayBuffer(4));

/** Sleeps, where the kernel needs a moment for what is under way and no descriptor tells of it. */
function pause(durationMs: number): void {
  Atomics.wait(pauseWord, 0, 0, durationMs);
}

class RealWorld extends CommonWorld implements World {
  readonly name = kernelRelease;
  readonly isReal = true;
  readonly seesErrors = platform !== 'freebsd';
  readonly tellsWritersLate = platform === 'freebsd' && parseInt(release(), 10) >= 15;
  readonly tellsFileEnd = platform !== 'darwin' && platform !== 'netbsd';
  private loadThread: LoadThread | undefined;
  private readonly children = new Set<number>();

  nowNs(): number {
    return Number(process.hrtime.bigint());
  }

  countOpen(): number {
    try {
      return readdirSync('/proc/self/fd').length;
    } catch {
      // FreeBSD has no such list, and in /dev/fd the first three alone.
      return scanDescriptors().length;
    }
  }

  wake(handle: WakeHandle): void {
    wakeBackend(handle);
  }

  trigger(handle: UserHandle): void {
    triggerUserEvent(handle);
  }

  spawn(): { pid: number; kill(): void } {
    const { children } = this;
    if (children.size === 0) process.once('exit', () => children.forEach(pid => process.kill(pid, 'SIGKILL')));
    // A row may want to know how its own has ended, so it is reaped later.
    for (const pid of children) if (reapChild(pid, 'look') !== undefined) children.delete(pid);
    const pid = spawnChild(process.execPath, ['-e', 'setTimeout(() => {}, 60_000)']);
    children.add(pid);
    return { pid, kill: () => process.kill(pid, 'SIGKILL') };
  }

  changingFile(): { fd: number; changeMode(): void; remove(): void } {
    const directory = mkdtempSync(join(tmpdir(), 'pollux-'));
    const path = join(directory, 'file');
    const fd = openSync(path, 'w+');
    return { fd, changeMode: () => chmodSync(path, 0o600), remove: () => rmSync(directory, { recursive: true }) };
  }

  signal(): number {
    const number = osConstants.signals.SIGWINCH;
    process.kill(process.pid, number);
    return number;
  }

  socketPair(): [number, number] {
    return socketpair();
  }

  pipe(): [number, number] {
    return pipe();
  }

  tcpPair(): [number, number] {
    const listener = this.listener();
    try {
      const client = this.startConnect(listener.address);
      if (client.errno !== 0 && client.errno !== EINPROGRESS) {
        close(client.fd);
        throw new IoError(client.errno, 'connect');
      }
      return [client.fd, this.accept(listener.fd)];
    } finally {
      close(listener.fd);
    }
  }

  listener(): { fd: number; address: InternetAddress } {
    const { fd, address } = this.bound();
    listen(fd, 128);
    return { fd, address };
  }

  bound(): { fd: number; address: InternetAddress } {
    const fd = openSocket(AF_INET, SOCK_STREAM);
    try {
      bind(fd, LOOPBACK);
      return { fd, address: localAddress(fd) as InternetAddress };
    } catch (error) {
      close(fd);
      throw error;
    }
  }

  startConnect(address: InternetAddress): { fd: number; errno: number } {
    const fd = openSocket(AF_INET, SOCK_STREAM);
    setOption(fd, SOL_SOCKET, SO_SNDBUF, SEND_BUFFER_BYTES);
    return { fd, errno: connect(fd, address) };
  }

  /** The loopback hands a connection over within microseconds on every kernel. */
  accept(listener: number): number {
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const fd = accept(listener);
      if (fd >= 0) return fd;
      const failure = errno();
      if (failure !== EAGAIN && failure !== EINTR) throw new IoError(failure, 'accept');
      pause(1);
    }
    throw new Error(`accept: no connection within ${ATTEMPTS} attempts`);
  }

  file(): number {
    return inDirectory(directory => {
      const path = join(directory, 'file');
      writeFileSync(path, 'some bytes');
      return openSync(path, constants.O_RDONLY);
    });
  }

  directory(): number {
    return inDirectory(directory => openSync(directory, constants.O_RDONLY));
  }

  device(name: 'null' | 'zero'): number {
    return openSync(`/dev/${name}`, name === 'null' ? constants.O_WRONLY : constants.O_RDONLY);
  }

  terminal(): number | undefined {
    if (!existsSync(PSEUDO_TERMINALS)) return undefined;
    return openSync(PSEUDO_TERMINALS, constants.O_RDWR | constants.O_NOCTTY);
  }

  fifo(): [number, number] {
    return inDirectory(directory => {
      const path = join(directory, 'fifo');
      mkfifo(path);
      const reader = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
      return [reader, openSync(path, constants.O_WRONLY | constants.O_NONBLOCK)];
    });
  }

  read(fd: number, mostBytes = CHUNK_BYTES): number {
    return transfer(() => read(fd, chunk.address, Math.min(mostBytes, CHUNK_BYTES)), 'read', fd);
  }

  write(fd: number, lengthBytes = 1): number {
    return transfer(() => write(fd, chunk.address, Math.min(lengthBytes, CHUNK_BYTES)), 'write', fd);
  }

  fillForGood(fd: number): void {
    do {
      this.fill(fd);
      pause(DELAYED_ACK_MS);
    } while (this.fill(fd) > 0);
  }

  startLoad(fds: readonly number[], lengthBytes: number): Load {
    this.loadThread ??= new LoadThread();
    return this.loadThread.start(fds, lengthBytes);
  }

  sendUrgent(fd: number): boolean {
    if (send(fd, chunk.address, 1, MSG_OOB) !== 1) throw new IoError(errno(), 'send', `descriptor ${fd}`);
    return true;
  }

  endWriting(fd: number): void {
    if (shutdown(fd, SHUT_WR) < 0 && errno() !== ENOTCONN) throw new IoError(errno(), 'shutdown', `descriptor ${fd}`);
  }

  reset(fd: number): void {
    const linger = new Int32Array([1, 0]);
    setOption(fd, SOL_SOCKET, SO_LINGER, new Uint8Array(linger.buffer));
    close(fd);
  }

  takeError(fd: number): number {
    return getIntOption(fd, SOL_SOCKET, SO_ERROR);
  }

  /** poll(2), with all that implies what: it is the ground truth of stress programs. */
  holds(fd: number, mayHaveEnded = true): Readiness {
    question.set(0, fd, POLLIN | POLLOUT | POLLRDHUP);
    poll(question, 1, 0);
    const revents = question.takeRevents(0) & (mayHaveEnded ? ~0 : ~(POLLRDHUP | POLLHUP));
    let readiness = ((revents & POLLIN) !== 0 ? READABLE : 0) | ((revents & POLLOUT) !== 0 ? WRITABLE : 0);
    if ((revents & POLLRDHUP) !== 0) readiness |= PEER_END | READABLE;
    if ((revents & POLLHUP) !== 0) readiness |= BOTH_END | PEER_END | READABLE | WRITABLE;
    if ((revents & POLLERR) !== 0) readiness |= ERROR | READABLE | WRITABLE;
    return readiness;
  }

  dup(fd: number): number {
    return dup(fd);
  }

  dup2(fd: number, onto: number): void {
    dup2(fd, onto);
  }

  close(fd: number): void {
    close(fd);
  }
}

export const realWorld: World = new RealWorld();

function transfer(call: () => number, name: string, fd: number): number {
  for (;;) {
    const count = call();
    if (count >= 0) return count;
    const failure = errno();
    if (failure === EAGAIN) return WOULD_BLOCK;
    if (failure !== EINTR) throw new IoError(failure, name, `descriptor ${fd}`);
  }
}

/** What is opened there outlives the directory. */
function inDirectory<Result>(open: (directory: string) => Result): Result {
  const directory = mkdtempSync(join(tmpdir(), 'pollux-conformance-'));
  try {
    return open(directory);
  } finally {
    rmSync(directory, { recursive: true });
  }
}
