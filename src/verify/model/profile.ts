/** How the kqueues of the systems differ, as far as the model goes. */
import { kqueueSystems, type KqueueSystem } from '../../sys/poll/kevent-layout.js';

export type ProfileName =
  'freebsd-15' | 'freebsd-14' | 'freebsd-12' | 'freebsd-11' | 'macos' | 'openbsd' | 'netbsd-10' | 'netbsd-11';

export interface Profile {
  readonly name: ProfileName;
  readonly system: KqueueSystem;
  /** A real kernel was recorded; one was run and what differed was written down; or it was only read about. */
  readonly source: 'recorded' | 'reported' | 'from the manual';
  /** An error entry has EV_ERROR beside the flags of its change, not in their place (xnu). */
  readonly errorKeepsFlags: boolean;
  /** EV_ADD also enables a knote that was disabled. */
  readonly addEnables: boolean;
  /** A oneshot knote that is queued is looked at again before it is reported (OpenBSD). */
  readonly rechecksOneshot: boolean;
  /** EV_ADD of a running timer starts it anew. */
  readonly addRestartsTimer: boolean;
  /** A change whose filter is 0 is passed over; NetBSD has EVFILT_READ there. */
  readonly skipsFilterZero: boolean;
  /** Both ends of a pipe can be read and written. */
  readonly twoWayPipes: boolean;
  /** WRITE on a pipe without reader is refused with EPIPE, and not reported as EOF. */
  readonly refusesDeadPipe: boolean;
  /** An absolute timer, once it fired, carries EV_CLEAR as the others do. */
  readonly absoluteTimerClears: boolean;
  /** What read(2) and write(2) on a kqueue descriptor say. */
  readonly queueIoErrno: 'EOPNOTSUPP' | 'ENXIO';
  /** WRITE on a Unix stream is told that the peer has closed. */
  readonly tellsUnixWriteEnd: boolean;
  /** What is written to a Unix stream whose reader has shut it down is taken. */
  readonly takesForDeafUnix: boolean;
  /** READ and WRITE of /dev/null and its like are taken, and always ready; otherwise all filters are refused. */
  readonly watchesDevices: boolean;
  /** The filter of jails, of which the model has none. */
  readonly jailFilter: number | undefined;
  /** What an empty directory of tmpfs takes. */
  readonly tmpfsDirectoryBytes: number;
}

const freebsd14: Profile = {
  name: 'freebsd-14',
  system: kqueueSystems['freebsd-12'],
  source: 'recorded',
  errorKeepsFlags: false,
  addEnables: false,
  rechecksOneshot: false,
  addRestartsTimer: true,
  skipsFilterZero: true,
  twoWayPipes: true,
  refusesDeadPipe: true,
  absoluteTimerClears: false,
  queueIoErrno: 'EOPNOTSUPP',
  tellsUnixWriteEnd: true,
  takesForDeafUnix: true,
  watchesDevices: false,
  jailFilter: undefined,
  tmpfsDirectoryBytes: 0,
};

export const profiles: Readonly<Record<ProfileName, Profile>> = {
  'freebsd-15': {
    ...freebsd14,
    name: 'freebsd-15',
    source: 'reported',
    tellsUnixWriteEnd: false,
    takesForDeafUnix: false,
    watchesDevices: true,
    jailFilter: -14,
    tmpfsDirectoryBytes: 512,
  },
  'freebsd-14': freebsd14,
  'freebsd-12': { ...freebsd14, name: 'freebsd-12', source: 'from the manual' },
  'freebsd-11': {
    ...freebsd14,
    name: 'freebsd-11',
    system: kqueueSystems['freebsd-11'],
    source: 'from the manual',
    addRestartsTimer: false,
  },
  macos: {
    ...freebsd14,
    name: 'macos',
    system: kqueueSystems.macos,
    source: 'from the manual',
    errorKeepsFlags: true,
    addEnables: true,
    twoWayPipes: false,
    refusesDeadPipe: false,
    absoluteTimerClears: true,
    queueIoErrno: 'ENXIO',
  },
  openbsd: {
    ...freebsd14,
    name: 'openbsd',
    system: kqueueSystems.openbsd,
    source: 'from the manual',
    rechecksOneshot: true,
    twoWayPipes: true,
    absoluteTimerClears: true,
    queueIoErrno: 'ENXIO',
  },
  'netbsd-10': {
    ...freebsd14,
    name: 'netbsd-10',
    system: kqueueSystems['netbsd-10'],
    source: 'from the manual',
    skipsFilterZero: false,
    twoWayPipes: false,
    absoluteTimerClears: true,
    queueIoErrno: 'ENXIO',
  },
  'netbsd-11': {
    ...freebsd14,
    name: 'netbsd-11',
    system: kqueueSystems['netbsd-11'],
    source: 'from the manual',
    skipsFilterZero: false,
    twoWayPipes: false,
    absoluteTimerClears: true,
    queueIoErrno: 'ENXIO',
  },
};

/** @throws TypeError no such profile. */
export function profileNamed(name: string): Profile {
  const profile = (profiles as Readonly<Record<string, Profile | undefined>>)[name];
  if (profile === undefined) {
    throw new TypeError(`profile: '${name}'; allowed: ${Object.keys(profiles).join(', ')}`);
  }
  return profile;
}
