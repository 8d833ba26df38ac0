/** Where a socket of this machine is bound: what can be asked for, and the addresses that are tried for it. */
import { unlessAborted } from '../../base/unless-aborted.js';
import { SOL_SOCKET, SO_REUSEPORT } from '../../sys/ffi/constants.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { platform } from '../../sys/ffi/platform.js';
import { checkAddress, type Address } from '../../sys/socket/sockaddr.js';
import { setOption } from '../../sys/socket/socket.js';
import { abortSignal, anything, boolean, integer, oneOf, type OptionTable } from '../../base/options.js';
import { resolve } from './resolve.js';
import type { WaitOptions } from '../waiting.js';

const PORT_SHARING = ['off', 'prefer', 'require'] as const;
/** Whether several sockets may share a port. */
export type PortSharing = (typeof PORT_SHARING)[number];

/** Where a socket is bound. */
export interface LocalEnd extends WaitOptions {
  /** Port; 0, the default, lets the system choose one. */
  readonly port?: number;
  /**
   * An address or name of this machine. Default: all addresses, IPv6 and IPv4 ('::' and dual stack where there is
   * IPv6).
   */
  readonly host?: string;
  /** With an IPv6 host: refuse IPv4. Default false. */
  readonly ipv6Only?: boolean;
  /** A Unix socket in place of host and port: a path, or on Linux a name after a NUL byte. */
  readonly path?: string;
  /**
   * Whether several sockets may share the port and the kernel spreads what comes over them: 'require' throws where it
   * can't, 'prefer' goes on without (see `reusePort` of the socket). Default 'off'.
   */
  readonly reusePort?: PortSharing;
}

/** Without `reusePort`: of a runtime's sockets the accept model says who shares the port. */
export const LOCAL_END = {
  // 0 where there is none, but a path excludes one that was given.
  port: integer(0, 65_535),
  host: anything<string>(),
  ipv6Only: boolean(),
  path: anything<string>(),
  signal: abortSignal(),
} satisfies OptionTable<Omit<LocalEnd, 'reusePort'>>;

export const REUSE_PORT = { reusePort: oneOf(PORT_SHARING, 'off') } satisfies OptionTable<Pick<LocalEnd, 'reusePort'>>;

/**
 * The addresses to try in turn.
 *
 * @param end whose signal is not aborted yet.
 * @throws TypeError, IoError (by the promise) a host or path that makes no sense, a name without an address.
 * @throws whatever `signal` was aborted with, which is the last moment that it counts.
 */
export async function localCandidates(end: LocalEnd): Promise<Address[]> {
  const { signal } = end;
  const candidates = await unlessAborted(lookUpCandidates(end), signal);
  // Nothing was opened yet, so nothing has to be closed.
  signal?.throwIfAborted();
  return candidates;
}

async function lookUpCandidates({ host, port, path }: LocalEnd): Promise<Address[]> {
  if (path !== undefined) {
    if (host !== undefined || port !== undefined)
      throw new TypeError('path: given beside host or port; allowed: one of the two');
    const address: Address = { family: 'unix', path };
    checkAddress(address);
    return [address];
  }
  if (host !== undefined) return (await resolve(host, port ?? 0)).slice(0, 1);
  return [
    { family: 'ipv6', address: '::', port: port ?? 0 },
    { family: 'ipv4', address: '0.0.0.0', port: port ?? 0 },
  ];
}

/** What `open` makes of the first candidate that this machine has: '::' is tried on the chance that there is IPv6. */
export function openFirst<T>(candidates: readonly Address[], open: (address: Address) => T): T {
  let refusal: unknown;
  for (const address of candidates) {
    try {
      return open(address);
    } catch (error) {
      refusal = error;
      if (!['EAFNOSUPPORT', 'EADDRNOTAVAIL'].includes((error as IoError).code)) break;
    }
  }
  throw refusal;
}

/**
 * Before bind(2).
 * @returns whether the port is shared.
 * @throws IoError ENOTSUP: it is required, and the system can't.
 */
export function sharePort(fd: number, wish: PortSharing): boolean {
  if (wish === 'off') return false;
  // macOS and OpenBSD have the option, but hand everything to one of the sockets.
  if (platform === 'linux' || platform === 'freebsd') {
    try {
      setOption(fd, SOL_SOCKET, SO_REUSEPORT, 1);
      return true;
    } catch (error) {
      // SO_REUSEPORT_LB came with FreeBSD 12.
      if (wish === 'require' || !(error instanceof IoError && error.code === 'ENOPROTOOPT')) throw error;
    }
  }
  if (wish === 'prefer') return false;
  throw new IoError(
    'ENOTSUP',
    'setsockopt',
    'SO_REUSEPORT',
    `${platform} does not spread what comes over several sockets`,
  );
}
