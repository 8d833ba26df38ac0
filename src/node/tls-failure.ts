/** What Node's `tls` says of a failure, in the words of this package. */
import { IoError } from '../sys/ffi/io-error.js';

/** Codes that the kernel has, too: they mean the connection below, and all others mean TLS. */
const OF_THE_KERNEL: readonly string[] = [
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'EHOSTUNREACH',
  'ENETUNREACH',
];

/**
 * @param when 'during the handshake', for a peer that goes away then.
 * @returns EPROTO for what OpenSSL found, otherwise the kernel's code. Its `cause` is Node's error.
 */
export function tlsFailure(error: Error & { code?: string; syscall?: string }, when?: string): IoError {
  if (error instanceof IoError) return error;
  const { code, message, syscall = 'tls' } = error;
  const failure =
    code !== undefined && OF_THE_KERNEL.includes(code)
      ? when === undefined
        ? new IoError(code, syscall, 'TLS')
        : wentAway(when)
      : new IoError('EPROTO', 'tls', undefined, `${code === undefined ? '' : `${code}: `}${message}`);
  failure.cause = error;
  return failure;
}

export function wentAway(when: string): IoError {
  return new IoError('ECONNRESET', 'tls', undefined, `the peer went away ${when}`);
}
