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
  EDQUOT: 'the disk quota is used up',
  EEXIST: 'it exists already',
  EFBIG: 'a file may not be that large here',
  EHOSTUNREACH: 'no route to the host',
  EINVAL: 'invalid argument',
  EISCONN: 'it is connected',
  EISDIR: 'it is a directory',
  ELOOP: 'too many symbolic links, or a link that must not be followed',
  EMFILE: 'the process has no descriptor left (ulimit -n)',
  ENFILE: 'the system has no descriptor left',
  EMSGSIZE: 'the datagram is longer than the system sends in one',
  ENETUNREACH: 'the network is unreachable',
  ENAMETOOLONG: 'the path, or a name in it, is too long',
  ENOBUFS: 'no buffer space left',
  ENOENT: 'there is no such thing',
  ENOMEM: 'out of memory',
  ENOSPC: 'no space left on the device',
  ENOSYS: 'this kernel has no such call',
  ENOTCONN: 'not connected',
  ENOTDIR: 'a part of the path is no directory',
  ENOTSUP: 'not supported here',
  EPERM: 'not permitted',
  EPIPE: 'the other end is closed',
  EROFS: 'the file system is read-only',
  ESPIPE: 'it has no positions to read or write at',
  ESRCH: 'there is no such process',
  ETIMEDOUT: 'it took too long',
  ETXTBSY: 'it is a program that is running',
};

/** What they mean where descriptors are watched. */
const explanationsOfWatching: Record<string, string> = {
  EEXIST: 'it is registered already',
  ENOSPC: 'a limit of the system is reached (Linux: fs.epoll.max_user_watches)',
  EPERM: 'not permitted for this kind of descriptor',
};
const watching: readonly string[] = ['epoll_ctl', 'kevent', 'register'];

const KIND = Symbol.for('pollux IoError');

/**
 * A failed system call, or an operation that failed as one would have.
 *
 * `code` and `errno` are the platform's ('ECONNREFUSED', 111 on Linux), `syscall` is what was called ('connect'),
 * `target` what it was done to ('127.0.0.1:80', 'descriptor 7').
 */
export class IoError extends Error {
  /** Also those of another copy of this package, which may share the thread's reactor. */
  static override [Symbol.hasInstance](value: unknown): boolean {
    if (this !== IoError) return super[Symbol.hasInstance](value);
    return typeof value === 'object' && value !== null && KIND in value;
  }

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
    const special = watching.includes(syscall) ? explanationsOfWatching[code] : undefined;
    const meaning = explanation ?? special ?? explanations[code];
    super(
      `${syscall}${target === undefined ? '' : ` ${target}`}: ${code}${meaning === undefined ? '' : `, ${meaning}`}`,
    );
    this.code = code;
    this.errno = typeof errno === 'string' ? errnoNumber(errno) : errno;
    this.syscall = syscall;
    this.target = target;
  }
}
Object.defineProperty(IoError.prototype, KIND, { value: true });

/**
 * The error of a call that the present state of an object does not allow, and of a wait that this state ends. No system
 * call is made. docs/guide/timeouts-and-errors.md says what each code means.
 *
 * @param target as of `IoError`, where the explanation does not say which object it is.
 */
export function wrongState(code: StateCode, call: string, explanation: string, target?: string): IoError {
  const error = new IoError(code, call, target, explanation);
  Error.captureStackTrace(error, wrongState);
  return error;
}

export type StateCode =
  | 'EALREADY' // it was done before: started, answered, subscribed to
  | 'EBADF' // the object is closed or moved
  | 'EBUSY' // the object is in use in another way
  | 'ECANCELED' // what is waited for was called off
  | 'ECONNABORTED' // the other side let go
  | 'ENOBUFS' // too much waits
  | 'ENOENT' // nothing has that name
  | 'ENOSPC' // all places are taken
  | 'ENOTSUP' // the object is not of the kind that can
  | 'EPIPE' // the direction has ended
  | 'ESRCH' // the runtime, worker or thread is not running
  | 'ETIMEDOUT'; // it took too long
