/** The sockets that a service manager has opened and passed: systemd's LISTEN_FDS. sd_listen_fds(3). */
import process from 'node:process';
import { isMainThread } from 'node:worker_threads';
import { IoError } from '../../sys/ffi/io-error.js';
import { setCloseOnExec } from '../../sys/file/io.js';
import { givenKind, type GivenKind } from './given-descriptor.js';

/** A descriptor that was passed. */
export interface InheritedSocket {
  readonly fd: number;
  /**
   * That of the socket unit, or its `FileDescriptorName`; 'unknown' if the manager gave none. Several may share one.
   */
  readonly name: string;
  readonly kind: GivenKind;
}

/** SD_LISTEN_FDS_START */
const FIRST = 3;

let passed: readonly InheritedSocket[] | undefined;

/**
 * The sockets that systemd, or what does the same, has passed to this process and that `listenInherited` has not taken.
 * The first call removes LISTEN_FDS and its like from the environment, so that programs started later do not take them
 * for their own, and makes the descriptors close at exec(2), as sd_listen_fds(3) does.
 *
 *     for (const { fd, name, kind } of inheritedSockets()) if (kind === 'datagram') await bindDatagram({ fd });
 *
 * @returns none where nothing was passed, or where LISTEN_PID is another process's.
 * @throws IoError EINVAL: LISTEN_FDS is no number; EBADF: fewer descriptors are open than it says; ENOTSUP: a worker
 *   thread calls, whose environment is a copy. `listener.moveTo` brings a listener there.
 */
export function inheritedSockets(): readonly InheritedSocket[] {
  if (!isMainThread) {
    const explanation = 'the descriptors belong to the main thread; allowed: calls there';
    throw new IoError('ENOTSUP', 'inheritedSockets', undefined, explanation);
  }
  return (passed ??= takeFromEnvironment());
}

/** It has an owner from here on. */
export function forgetInherited({ fd }: InheritedSocket): void {
  passed = passed?.filter(socket => socket.fd !== fd);
}

function takeFromEnvironment(): InheritedSocket[] {
  const { LISTEN_FDS: count = '', LISTEN_PID: pid = '', LISTEN_FDNAMES: names = '' } = process.env;
  for (const name of ['LISTEN_FDS', 'LISTEN_PID', 'LISTEN_PIDFDID', 'LISTEN_FDNAMES'])
    Reflect.deleteProperty(process.env, name);
  if (count === '' || Number(pid) !== process.pid) return [];
  if (!/^\d{1,6}$/.test(count)) {
    throw new IoError('EINVAL', 'inheritedSockets', 'LISTEN_FDS', `'${count}'; allowed: a number of descriptors`);
  }
  const named = names === '' ? [] : names.split(':');
  return Array.from({ length: Number(count) }, (_, index) => {
    const fd = FIRST + index;
    setCloseOnExec(fd);
    return { fd, name: named[index] ?? 'unknown', kind: givenKind(fd) };
  });
}
