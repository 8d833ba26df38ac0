/**
 * The numbers of <sys/event.h>, which differ by system: the same bit means two things on FreeBSD and macOS, and NetBSD
 * counts its filters upwards from 0. Those of FreeBSD were checked on a running kernel, the others come from headers.
 */
export interface KqueueConstants {
  readonly EVFILT_READ: number;
  readonly EVFILT_WRITE: number;
  readonly EVFILT_AIO: number;
  readonly EVFILT_VNODE: number;
  readonly EVFILT_PROC: number;
  readonly EVFILT_SIGNAL: number;
  readonly EVFILT_TIMER: number;
  readonly EVFILT_USER: number;
  /** Out-of-band data, where the system has a filter for it. */
  readonly EVFILT_EXCEPT?: number;
  /** The send buffer is empty, FreeBSD and NetBSD. */
  readonly EVFILT_EMPTY?: number;
  readonly EV_ADD: number;
  readonly EV_DELETE: number;
  readonly EV_ENABLE: number;
  readonly EV_DISABLE: number;
  readonly EV_ONESHOT: number;
  readonly EV_CLEAR: number;
  readonly EV_RECEIPT: number;
  readonly EV_DISPATCH: number;
  readonly EV_FORCEONESHOT?: number;
  readonly EV_KEEPUDATA?: number;
  readonly EV_ERROR: number;
  readonly EV_EOF: number;
  readonly NOTE_TRIGGER: number;
  readonly NOTE_LOWAT: number;
  /** READ of a file reports its end too, as poll(2) does: FreeBSD, and OpenBSD's NOTE_EOF. */
  readonly NOTE_FILE_POLL?: number;
  readonly NOTE_OOB?: number;
  readonly NOTE_SECONDS: number;
  /** 0 where milliseconds are what a timer counts when nothing is said. */
  readonly NOTE_MSECONDS: number;
  readonly NOTE_USECONDS: number;
  readonly NOTE_NSECONDS: number;
  readonly NOTE_ABSTIME: number;
  readonly NOTE_DELETE: number;
  readonly NOTE_WRITE: number;
  readonly NOTE_EXTEND: number;
  readonly NOTE_ATTRIB: number;
  readonly NOTE_LINK: number;
  readonly NOTE_RENAME: number;
  readonly NOTE_REVOKE: number;
  /** The next four FreeBSD and NetBSD have; the same bits mean something else elsewhere. */
  readonly NOTE_OPEN?: number;
  readonly NOTE_CLOSE?: number;
  readonly NOTE_CLOSE_WRITE?: number;
  readonly NOTE_READ?: number;
  readonly NOTE_EXIT: number;
  /** macOS: the exit status is told only if it is asked for, which only a parent may. */
  readonly NOTE_EXITSTATUS?: number;
}

/** What all systems share, since 4.4BSD's sons copied it from FreeBSD 4.1. */
const common = {
  EV_ADD: 0x1,
  EV_DELETE: 0x2,
  EV_ENABLE: 0x4,
  EV_DISABLE: 0x8,
  EV_ONESHOT: 0x10,
  EV_CLEAR: 0x20,
  EV_RECEIPT: 0x40,
  EV_DISPATCH: 0x80,
  EV_ERROR: 0x4000,
  EV_EOF: 0x8000,
  NOTE_TRIGGER: 0x01000000,
  NOTE_LOWAT: 0x1,
  NOTE_DELETE: 0x1,
  NOTE_WRITE: 0x2,
  NOTE_EXTEND: 0x4,
  NOTE_ATTRIB: 0x8,
  NOTE_LINK: 0x10,
  NOTE_RENAME: 0x20,
  NOTE_REVOKE: 0x40,
  NOTE_EXIT: 0x80000000,
} as const;

const openAndClose = { NOTE_OPEN: 0x80, NOTE_CLOSE: 0x100, NOTE_CLOSE_WRITE: 0x200, NOTE_READ: 0x400 } as const;

const negativeFilters = {
  EVFILT_READ: -1,
  EVFILT_WRITE: -2,
  EVFILT_AIO: -3,
  EVFILT_VNODE: -4,
  EVFILT_PROC: -5,
  EVFILT_SIGNAL: -6,
  EVFILT_TIMER: -7,
} as const;

/** NetBSD and OpenBSD number the units of timers; FreeBSD and macOS give each a bit. */
const numberedUnits = {
  NOTE_MSECONDS: 0x0,
  NOTE_SECONDS: 0x1,
  NOTE_USECONDS: 0x2,
  NOTE_NSECONDS: 0x3,
  NOTE_ABSTIME: 0x10,
} as const;

export const freebsdConstants: KqueueConstants = {
  ...common,
  ...negativeFilters,
  ...openAndClose,
  EVFILT_USER: -11,
  EVFILT_EMPTY: -13,
  EV_FORCEONESHOT: 0x100,
  EV_KEEPUDATA: 0x200,
  NOTE_FILE_POLL: 0x2,
  NOTE_SECONDS: 0x1,
  NOTE_MSECONDS: 0x2,
  NOTE_USECONDS: 0x4,
  NOTE_NSECONDS: 0x8,
  NOTE_ABSTIME: 0x10,
};

export const macosConstants: KqueueConstants = {
  ...common,
  ...negativeFilters,
  EVFILT_USER: -10,
  EVFILT_EXCEPT: -15,
  NOTE_OOB: 0x2,
  NOTE_SECONDS: 0x1,
  NOTE_MSECONDS: 0x0,
  NOTE_USECONDS: 0x2,
  NOTE_NSECONDS: 0x4,
  NOTE_ABSTIME: 0x8,
  NOTE_EXITSTATUS: 0x04000000,
};

export const openbsdConstants: KqueueConstants = {
  ...common,
  ...negativeFilters,
  ...numberedUnits,
  EVFILT_USER: -10,
  EVFILT_EXCEPT: -9,
  NOTE_FILE_POLL: 0x2,
  NOTE_OOB: 0x4,
};

export const netbsdConstants: KqueueConstants = {
  ...common,
  ...numberedUnits,
  ...openAndClose,
  EVFILT_READ: 0,
  EVFILT_WRITE: 1,
  EVFILT_AIO: 2,
  EVFILT_VNODE: 3,
  EVFILT_PROC: 4,
  EVFILT_SIGNAL: 5,
  EVFILT_TIMER: 6,
  EVFILT_USER: 8,
  EVFILT_EMPTY: 9,
};
