/** The file that a Unix socket is bound to: the kernel makes it at bind(2), and nobody but us takes it away. */
import { unlinkSync } from 'node:fs';
import { IoError } from '../sys/io-error.js';
import type { Address } from '../sys/sockaddr.js';

/** @returns why it could not be removed; undefined also where there is none: TCP, UDP, abstract names, sockets without one. */
export function removeSocketFile(address: Address): IoError | undefined {
  if (address.family !== 'unix' || address.path === '' || address.path.startsWith('\0')) return undefined;
  try {
    unlinkSync(address.path);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    if (code !== 'ENOENT') return new IoError(code ?? 'EIO', 'unlink', address.path);
  }
  return undefined;
}
