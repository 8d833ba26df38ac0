/**
 * O_NONBLOCK belongs to the open file description, which other processes may share: a pipe that a shell has given to
 * several of them, a terminal, an inherited socket. What Pollux adopts gets a description of its own where that can
 * be had. A socket has but one, and stays as it is: each call on it says that it does not wait. Elsewhere the flag is
 * set, and taken back before the descriptor is closed.
 */
import { constants, readlinkSync } from 'node:fs';
import process from 'node:process';
import { F_GETFD, F_GETFL, F_SETFD, F_SETFL, O_CLOEXEC, O_NONBLOCK } from '../ffi/constants.js';
import { O_NOCTTY } from './file-constants.js';
import { accessMode, beforeClose, close, dup2, fcntl } from './io.js';
import { declare } from '../ffi/libc.js';
import { holder, owners } from './owned-descriptors.js';
import { platform } from '../ffi/platform.js';

const nativeOpen = declare<(path: string, flags: number) => number>('open', 'int', ['str', 'int']);

/** A device may keep a state for each open, and then another open is another thing. Pipes and terminals have none. */
const REOPENABLE = /^(pipe:\[\d+\]|\/dev\/pts\/\d+|\/dev\/tty\w*|\/dev\/console)$/;

/** Descriptors whose flag is to be taken back. */
const borrowed = new Set<number>();
/** Sockets that were adopted without it. */
const blocking = new Set<number>();

/**
 * Makes a descriptor of a pipe or a device non-blocking, and leaves those alone that share its description, which may
 * be a socket's. The number stays.
 *
 * @throws IoError EBADF.
 */
export function makeNonBlocking(fd: number, kind: 'socket' | 'fifo' | 'character device'): void {
  if (kind !== 'socket' && platform === 'linux' && reopen(fd, kind)) return;
  const flags = fcntl(fd, F_GETFL, 0);
  if ((flags & O_NONBLOCK) !== 0) return;
  beforeClose(giveBack);
  if (kind === 'socket') {
    blocking.add(fd);
    return;
  }
  fcntl(fd, F_SETFL, flags | O_NONBLOCK);
  if (borrowed.size === 0) process.once('exit', giveAllBack);
  borrowed.add(fd);
}

/**
 * Whether only calls that say so themselves do not wait: there is no such way to say it to sendfile(2) and splice(2).
 */
export function isLeftBlocking(fd: number): boolean {
  return blocking.has(fd);
}

/** The description goes on to another owner in this process, as it is. */
export function keepNonBlocking(fd: number): void {
  borrowed.delete(fd);
}

/** @returns whether the number has a description of its own now. */
function reopen(fd: number, kind: 'fifo' | 'character device'): boolean {
  const path = `/proc/self/fd/${fd}`;
  try {
    // A pipe with a name has that of its file. The kernel makes the link's target up: no file system is asked.
    if (kind !== 'fifo' && !REOPENABLE.test(readlinkSync(path))) return false;
  } catch {
    // There is no /proc.
    return false;
  }
  const flags = accessMode(fd) | (fcntl(fd, F_GETFL, 0) & constants.O_APPEND);
  const descriptorFlags = fcntl(fd, F_GETFD, 0);
  const reopened = nativeOpen(path, flags | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
  if (reopened >= 0) owners[reopened] = holder;
  // Another user's, or nobody is at the other end.
  if (reopened < 0) return false;
  dup2(reopened, fd);
  close(reopened);
  fcntl(fd, F_SETFD, descriptorFlags);
  return true;
}

function giveBack(fd: number): void {
  blocking.delete(fd);
  if (!borrowed.delete(fd)) return;
  fcntl(fd, F_SETFL, fcntl(fd, F_GETFL, 0) & ~O_NONBLOCK);
}

function giveAllBack(): void {
  for (const fd of [...borrowed]) giveBack(fd);
}
