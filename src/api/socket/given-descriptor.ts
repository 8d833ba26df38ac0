/** What is asked of a descriptor that came from elsewhere before a socket is made of it. */
import { checkInteger, MAX_DESCRIPTOR } from '../../base/arguments.js';
import { SOCK_DGRAM, SOCK_STREAM, SOL_SOCKET, SO_ACCEPTCONN, SO_TYPE } from '../../sys/ffi/constants.js';
import { isRefusal } from '../../sys/ffi/errno.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { descriptorKind } from '../../sys/file/file-stat.js';
import { setCloseOnExec, setNonBlocking } from '../../sys/file/io.js';
import { own } from '../../sys/file/owned-descriptors.js';
import { getIntOption } from '../../sys/socket/socket.js';
import { currentReactor } from '../thread-reactor.js';

/** 'stream' is one that does not listen. */
export type GivenKind = 'listener' | 'stream' | 'datagram' | 'other';

/** @throws IoError EBADF. */
export function givenKind(fd: number): GivenKind {
  if (descriptorKind(fd) !== 'socket') return 'other';
  const type = answerOf(fd, SO_TYPE);
  if (type === SOCK_DGRAM) return 'datagram';
  if (type !== SOCK_STREAM && type !== undefined) return 'other';
  return answerOf(fd, SO_ACCEPTCONN) === 0 ? 'stream' : 'listener';
}

/**
 * An option of a socket; undefined where the system does not tell: a sandbox refuses the question, or macOS, which does
 * not know SO_ACCEPTCONN. Then a socket is taken for what it is given as.
 */
export function answerOf(fd: number, option: number): number | undefined {
  try {
    return getIntOption(fd, SOL_SOCKET, option);
  } catch (error) {
    if (error instanceof IoError && (isRefusal(error.errno) || error.code === 'ENOPROTOOPT')) return undefined;
    throw error;
  }
}

/**
 * Takes a socket into Pollux's care: it is non-blocking, closed at exec(2), and this thread's.
 *
 * @throws RangeError no descriptor. @throws IoError EBADF; EINVAL: of another kind; EEXIST: it is watched.
 */
export function takeSocket(call: string, fd: number, wanted: 'listener' | 'datagram'): void {
  checkInteger('fd', fd, 0, MAX_DESCRIPTOR);
  const kind = givenKind(fd);
  const refuse = (code: string, why: string) => new IoError(code, call, `descriptor ${fd}`, why);
  if (kind !== wanted) throw refuse('EINVAL', `${WORDS[kind]}; allowed: ${ALLOWED[wanted]}`);
  if (currentReactor().driver.isWatched(fd)) throw refuse('EEXIST', 'it is watched: close the watch');
  setNonBlocking(fd);
  setCloseOnExec(fd);
  own(fd);
}

const WORDS: Record<GivenKind, string> = {
  listener: 'it is a socket that listens: listen({ fd }) takes such',
  stream: 'it is a stream socket that does not listen: adopt(fd) takes such',
  datagram: 'it is a socket for datagrams: bindDatagram({ fd }) takes such',
  other: 'it is neither a stream socket nor one for datagrams',
};
const ALLOWED = { listener: 'stream sockets that listen', datagram: 'sockets for datagrams' };
