/**
 * The file that a Unix socket is bound to: the kernel makes it at bind(2), and nobody but us takes it away.
 *
 * A name is no identity: another program may have removed the file and bound the name anew. So device and inode are
 * kept from bind on, and compared. While our socket is open the kernel keeps its inode, and no other file can get the
 * number; so the file is removed before the descriptor is closed. Between the comparison and unlink(2) there is a
 * moment in which the file may still be exchanged: no system has a call for both.
 *
 * These calls are made in the thread, as bind(2) is, which waits for the file system as they do: who listens by a name
 * on one that hangs has waited for it before the first of them.
 */
import { lstatSync, unlinkSync } from 'node:fs';
import { resolve } from 'node:path';
import { IoError } from '../../sys/ffi/io-error.js';
import type { Address } from '../../sys/socket/sockaddr.js';

/** What is kept of it. It travels with the socket to other threads. */
export interface SocketFile {
  /** From the root: the working directory may change. */
  readonly path: string;
  /** Inode numbers go up to 2^64. */
  readonly device: bigint;
  readonly inode: bigint;
}

/** After bind(2). @returns undefined where there is none: TCP, UDP, abstract names, sockets without a name. */
export function socketFileOf(address: Address): SocketFile | undefined {
  if (address.family !== 'unix' || address.path === '' || address.path.startsWith('\0')) return undefined;
  const path = resolve(address.path);
  const stats = lstatSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && { path, device: stats.dev, inode: stats.ino };
}

/** Before close(2). @returns why it could not be removed; undefined also where it is gone, or another's by now. */
export function removeSocketFile(file: SocketFile | undefined): IoError | undefined {
  if (file === undefined) return undefined;
  try {
    const stats = lstatSync(file.path, { bigint: true });
    if (stats.dev === file.device && stats.ino === file.inode) unlinkSync(file.path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT' && code !== 'ENOTDIR') return new IoError(code ?? 'EIO', 'unlink', file.path);
  }
  return undefined;
}
