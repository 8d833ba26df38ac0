/**
 * Where rows and stress programs take their descriptors from: the kernel that this runs on, or a model of one. It has
 * the calls that every Unix has, and a clock by which waits are measured.
 */
import type { Readiness, WakeHandle } from '../../backends/contract.js';
import type { UserHandle } from '../../backends/sources/contract.js';
import type { InternetAddress } from '../../sys/socket/sockaddr.js';

/** Answers of `read` and `write` that are not a count. */
export const WOULD_BLOCK = -1;

export interface Load {
  /** Waits until all is written. @throws IoError what a write failed with, other than that its peer has gone. */
  join(): void;
}

/** Where rows take their descriptors from: this kernel, or a model. */
export interface World {
  /** 'Linux 6.18.1', 'model freebsd-14'. */
  readonly name: string;
  /** Whether it is a kernel; a model lacks what no row has needed so far. */
  readonly isReal: boolean;

  /** Nanoseconds of a clock that never jumps. */
  nowNs(): number;
  /** How many descriptors are open; undefined where the system has no list of them. */
  countOpen(): number | undefined;
  /** Wakes a wait by a backend's handle, as another thread would. */
  wake(handle: WakeHandle): void;

  /** Triggers a user event, as another thread would. */
  trigger(handle: UserHandle): void;
  /** Starts a process that does nothing. @returns its number, and what kills it by SIGKILL. */
  spawn(): { pid: number; kill(): void };
  /** A file that is open, and what changes its mode and removes its only name. */
  changingFile(): { fd: number; changeMode(): void; remove(): void };
  /** Sends SIGWINCH, which is ignored by default, to this process. @returns its number. */
  signal(): number;

  /** A connected pair of Unix stream sockets. */
  socketPair(): [number, number];
  /** [read end, write end] */
  pipe(): [number, number];
  /** Both ends of a TCP connection over the loopback: [connected, accepted]. */
  tcpPair(): [number, number];
  /** A TCP listener on a free port of the loopback. */
  listener(): { fd: number; address: InternetAddress };
  /** A port that is taken but refuses every connection: bound, and never listened on. */
  bound(): { fd: number; address: InternetAddress };
  /** Starts a connection. @returns its descriptor and what connect(2) said: 0, EINPROGRESS or why it failed. */
  startConnect(address: InternetAddress): { fd: number; errno: number };
  /** Accepts a connection that is on its way. */
  accept(listener: number): number;
  /** Whether a file can be watched at its end. macOS and NetBSD have poll(2) for that alone. */
  readonly tellsFileEnd: boolean;
  /** A regular file with some bytes, open for reading. */
  file(): number;
  directory(): number;
  /** /dev/null, open for writing; /dev/zero, for reading. */
  device(name: 'null' | 'zero'): number;
  /** A terminal; undefined where there is none. */
  terminal(): number | undefined;
  /** [read end, write end] of a named pipe. */
  fifo(): [number, number];

  /** read(2) of up to 64 KiB. @returns the count, 0 at the end, WOULD_BLOCK. @throws IoError any other failure. */
  read(fd: number, mostBytes?: number): number;
  /** write(2) of up to 64 KiB; answers as `read` does. */
  write(fd: number, lengthBytes?: number): number;
  /** Reads until it would block or ends. @returns bytes read. */
  drain(fd: number): number;
  /** Writes until not even one byte goes in. @returns bytes written. */
  fill(fd: number): number;
  /** Writes until there is no room and none comes: TCP makes room again when what it sent is acknowledged. */
  fillForGood(fd: number): void;
  /**
   * Starts to write `lengthBytes` at each descriptor, some times over, in another thread where there is one. They
   * must stay open, and no other load start, until it is joined.
   */
  startLoad(fds: readonly number[], lengthBytes: number): Load;
  /** Sends an urgent byte. @returns whether this world can. */
  sendUrgent(fd: number): boolean;
  /** shutdown(2) of the write side; nothing if the connection is gone. */
  endWriting(fd: number): void;
  /** Closes a TCP connection with RST instead of FIN. */
  reset(fd: number): void;
  /** SO_ERROR: the errno that waits, which is taken by asking. */
  takeError(fd: number): number;
  /**
   * What holds at a descriptor right now, asked by another way than the backend's: READABLE and WRITABLE as they
   * would be reported to one who asks for both.
   *
   * @param mayHaveEnded false: the peer can't have ended, and what says so is no sign. FreeBSD 15 says POLLHUP of a
   *   Unix stream that we have ended.
   */
  holds(fd: number, mayHaveEnded?: boolean): Readiness;
  /** Whether a writer may hear one wait late that its peer has gone: Unix streams of FreeBSD 15. */
  readonly tellsWritersLate: boolean;
  /** Whether `holds` knows of errors: poll(2) of FreeBSD never says POLLERR of a socket. */
  readonly seesErrors: boolean;
  dup(fd: number): number;
  /** dup2(2): `onto` is closed first if it is open. */
  dup2(fd: number, onto: number): void;
  close(fd: number): void;
}

/** What `drain` and `fill` are, wherever read and write come from. */
export abstract class CommonWorld {
  abstract read(fd: number, mostBytes?: number): number;
  abstract write(fd: number, lengthBytes?: number): number;

  drain(fd: number): number {
    let total = 0;
    for (;;) {
      const count = this.read(fd);
      if (count <= 0) return total;
      total += count;
    }
  }

  fill(fd: number): number {
    let total = 0;
    for (const stepBytes of [CHUNK_BYTES, 1]) {
      for (let count = this.write(fd, stepBytes); count > 0; count = this.write(fd, stepBytes)) total += count;
    }
    return total;
  }
}

/** The most that one read or write moves. */
export const CHUNK_BYTES = 65_536;
