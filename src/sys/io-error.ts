/** What a system call refused: the one error type for everything that the kernel says no to. */
import { errnoName, errnoNumber } from './errno.js';

const explanations: Record<string, string> = {
  EACCES: 'permission denied',
  EADDRINUSE: 'the address is in use',
  EADDRNOTAVAIL: 'the address is not one of this machine',
  EAGAIN: 'it would block',
  EBADF: 'the descriptor is closed or was never open',
  EBUSY: 'it is in use',
  ECANCELED: 'it was cancelled',
  ECONNABORTED: 'the connection was aborted',
  ECONNREFUSED: 'nobody listens there',
  ECONNRESET: 'the peer reset the connection',
  EEXIST: 'it is registered already',
  EHOSTUNREACH: 'no route to the host',
  EINVAL: 'invalid argument',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links, or a link that must not be followed',
  EMFILE: 'the process has no descriptor left (ulimit -n)',
  ENFILE: 'the system has no descriptor left',
  ENETUNREACH: 'the network is unreachable',
  ENOBUFS: 'no buffer space left',
  ENOENT: 'there is no such thing',
  ENOMEM: 'out of memory',
  ENOSPC: 'a limit of the system is reached',
  ENOSYS: 'this kernel has no such call',
  ENOTCONN: 'not connected',
  ENOTDIR: 'a part of the path is no directory',
  ENOTSUP: 'not supported here',
  EPERM: 'not permitted for this kind of descriptor',
  EPIPE: 'the other end is closed',
  ESRCH: 'there is no such process',
  ETIMEDOUT: 'it took too long',
};

/**
 * A failed system call, or an operation that failed as one would have.
 *
 * `code` and `errno` are the platform's ('ECONNREFUSED', 111 on Linux), `syscall` is what was called ('connect'), `target`
 * what it was done to ('127.0.0.1:80', 'descriptor 7').
 */
export class IoError extends Error {
  override readonly name = 'IoError';
  readonly code: string;
  readonly errno: number;
  readonly syscall: string;
  readonly target: string | undefined;

  /**
   * @param errno the number that the call left, positive; or a name, for a failure that Pollux itself found out.
   * @param explanation what to say in place of the errno's usual meaning.
   */
  constructor(errno: number | string, syscall: string, target?: string, explanation?: string) {
    const code = typeof errno === 'string' ? errno : errnoName(errno);
    const meaning = explanation ?? explanations[code];
    super(
      `${syscall}${target === undefined ? '' : ` ${target}`}: ${code}${meaning === undefined ? '' : `, ${meaning}`}`,
    );
    this.code = code;
    this.errno = typeof errno === 'string' ? errnoNumber(errno) : errno;
    this.syscall = syscall;
    this.target = target;
  }
}
