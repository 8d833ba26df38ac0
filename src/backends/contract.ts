/**
 * The contract between Pollux and a readiness backend: epoll, poll, kqueue, or one of your own. docs/contract.md says
 * in prose what a backend promises and what is only a hint; `pollux conformance` checks it; docs/writing-a-backend.md
 * walks through an example.
 */
import type { Token } from '../base/token.js';
import type { EventSources } from './sources/contract.js';
import type { WakeHandle } from './wake-handle.js';

/** What a registration asks for and what an event reports: a set of bits. */
export const READABLE = 1;
/** There is room to write, or a write fails at once. */
export const WRITABLE = 2;
/** Out-of-band data (POLLPRI, EVFILT_EXCEPT). */
export const PRIORITY = 4;
/**
 * Reported only. The peer will send no more; bytes may still wait to be read. A hint: a read that returns 0 is the
 * proof.
 */
export const PEER_END = 8;
/** Reported only. Both directions are over. */
export const BOTH_END = 16;
/** Reported only. The descriptor holds an error; the next call on it returns it. */
export const ERROR = 32;

/** A set of READABLE, WRITABLE and PRIORITY; 0 asks for nothing and keeps the registration. */
export type Interest = number;
/** A set of any of the bits above. */
export type Readiness = number;

/**
 * When a registration reports. `level` and `edge` are persistent: the registration stays armed. `oneshot` and
 * `oneshot-edge` are disarmed, in all their directions, by the first event, and armed again by `modify`.
 *
 * `level` and `oneshot` report a condition as long as it holds. `edge` and `oneshot-edge` report that it began: after
 * an event, read or write until the call would block, then say so with `wouldBlock`; before that, no further event is
 * promised.
 */
export type RegistrationMode = 'level' | 'edge' | 'oneshot' | 'oneshot-edge';

/**
 * What a factory says of its backend, for `pollux doctor`, the conformance suite and the lab. Core does not read it.
 */
export interface BackendDescription {
  /** Whether the kernel provides edges or the backend imitates them with the help of `wouldBlock`. */
  readonly edge: 'kernel' | 'emulated' | 'none';
  /** Whether changes travel in the call that waits (kqueue) or one call each (epoll), or need no call at all (poll). */
  readonly changes: 'batched' | 'single' | 'free';
  /** How the cost of one wait grows: with the descriptors that are ready, or with all that are registered. */
  readonly waitCost: 'ready' | 'registered';
  /** Kinds of descriptor that `register` refuses with EPERM, beyond those that are closed. */
  readonly refuses: readonly DescriptorKind[];
  /** Whether events carry `data` (bytes to read, room to write, connections waiting). */
  readonly reportsData: boolean;
  /** The step of a timeout in nanoseconds; a wait is never shorter than asked, and longer by at most about one step. */
  readonly timeoutStepNs: number;
  /** The most registrations it can hold. */
  readonly maxRegistrations: number;
}

/** What kind of descriptor a backend may refuse. */
export type DescriptorKind = 'file' | 'directory' | 'device';

/** Running totals since `open`. Read them at any time; a backend never resets them. */
export interface BackendCounters {
  /** Every system call made by the backend itself, waits and changes included. */
  systemCalls: number;
  /** Calls of `wait`. */
  waits: number;
  /** Changes asked for by register, modify and unregister. */
  changesAsked: number;
  /**
   * Changes that reached the kernel (with poll: edits of its array). Opposite changes cancel out, so this may be less.
   */
  changesSent: number;
  /** Events handed to the caller. */
  events: number;
  /**
   * Events for the dead: those of an earlier generation, dropped by the backend, and blanked entries, which the reader
   * counts.
   */
  staleEvents: number;
  /** Waits that `wake` ended. */
  wakes: number;
}

/**
 * The events of the last `wait`, by index from 0 to `count` - 1, in arrays that the backend allocates once and fills
 * anew. Each registration has at most one entry, its directions merged. Read them before the next `wait`; an entry
 * whose registration is unregistered meanwhile is blanked by the backend (NO_TOKEN, readiness 0): skip it.
 */
export interface ReadyEvents {
  count: number;
  readonly tokens: Float64Array;
  readonly readiness: Uint8Array;
  /** READABLE: bytes to read, or connections to accept; 0 where the factory's `description.reportsData` is false. */
  readonly data: Float64Array;
  /** errno that came with the event (kqueue's fflags), or that a deferred change failed with; 0 for none. */
  readonly errors: Int32Array;
}

export type { WakeHandle };

/**
 * A readiness backend. It belongs to one thread; only its `wakeHandle` may be used from another.
 *
 * It keeps wanted and applied interest apart: a change only marks a registration dirty, opposite changes cancel out,
 * and `wait` brings the kernel up to date. (`register` may go to the kernel at once, to report a refusal where it was
 * asked.) What the kernel refuses is reported where it was asked: by `register` and `modify` if the backend can know at
 * once, otherwise as an event with ERROR and its errno, and the registration then has no interest. Nothing is ever
 * silently deaf.
 *
 * It holds no policy: budgets, fairness, retries and timers are core's.
 */
export interface Backend {
  readonly name: string;
  /** The modes that `register` takes: the one trait that core reads. */
  readonly modes: readonly RegistrationMode[];
  readonly counters: BackendCounters;
  readonly events: ReadyEvents;
  readonly wakeHandle: WakeHandle;
  /**
   * Optional: what the backend's kernel watches beside descriptors (timers, processes, files, signals, user events), as
   * registrations of the backend. Without it they are made descriptors, and registered like any other.
   */
  readonly sources?: EventSources;

  /**
   * Starts to watch a descriptor.
   *
   * @param fd an open descriptor; it stays the caller's, who unregisters before closing it.
   * @param interest bits of READABLE, WRITABLE, PRIORITY; 0 watches nothing until `modify`.
   * @returns the token that events carry, good until `unregister`.
   * @throws IoError EBADF (closed), EPERM (a kind that can't be polled), EEXIST (registered already), ENOSPC, ENOMEM,
   *   ENOTSUP (a mode that `modes` lacks).
   * @throws RangeError, TypeError for arguments outside what is allowed.
   */
  register(fd: number, interest: Interest, mode: RegistrationMode): Token;

  /**
   * Optional: starts to watch a descriptor that other backends watch as well, so that when it becomes readable the
   * kernel wakes one of those that wait, or a few, but not all. READABLE, mode 'level'; `modify` takes 0 and READABLE.
   * Without it the kernel always wakes all.
   *
   * @throws as `register`.
   */
  registerExclusive?(fd: number): Token;

  /**
   * Changes what is watched; on a oneshot registration that fired it also arms it again. A condition that holds already
   * is reported once its direction is newly asked for, with edge too; an edge seen before may be reported once more.
   *
   * @throws IoError ENOENT: the token is not registered (any more).
   */
  modify(token: Token, interest: Interest): void;

  /**
   * Ends a registration, at once: the kernel is told before this returns, events of it that were harvested and not yet
   * read are blanked, and the token is dead. Call it before close(2).
   *
   * @throws IoError ENOENT: the token is not registered (any more).
   */
  unregister(token: Token): void;

  /**
   * Optional: as `unregister`, for a descriptor that the caller closes before anything else is asked of the backend,
   * and of which there is no duplicate, in this process or another. Where the close takes the kernel's entry along, the
   * kernel is told nothing.
   *
   * @throws as `unregister`.
   */
  forget?(token: Token): void;

  /**
   * Says that a call on an edge-triggered registration would have blocked in the directions of `interest`, which asks
   * for the next edge there. Nothing to do where the kernel provides edges.
   */
  wouldBlock(token: Token, interest: Interest): void;

  /**
   * Flushes the changes, waits for readiness and fills `events`.
   *
   * @param timeoutNs how long to block: 0 not at all, -1 for ever. A signal may end the wait early, with no event.
   * @returns `events.count`; 0 after a timeout, a wake or a signal.
   */
  wait(timeoutNs: number): number;

  /**
   * Ends the current or the next `wait`, from the thread that owns the backend; others use `wakeBackend(wakeHandle)`.
   */
  wake(): void;

  /** Whether `token` names a living registration. */
  has(token: Token): boolean;

  /** Gives the kernel's objects back. Registered descriptors stay open. Closing twice does nothing. */
  close(): void;
}

/** One sentence for people: why a backend can or can't run here, and what would change that. */
export interface BackendProbe {
  readonly available: boolean;
  /** Why, in a sentence: 'epoll_create1 works (Linux 6.18)', 'no kqueue on linux'. */
  readonly reason: string;
  /** What to do about it where it isn't available and something can be done. */
  readonly fix?: string;
}

/** What a factory's `open` is told. */
export interface BackendOptions {
  /** Room for events of one wait. Default 1024. */
  readonly maxEvents?: number;
}

/** How a backend is made known to the registry. */
export interface BackendFactory {
  readonly name: string;
  /** Higher is tried first. epoll has 100, poll 10. */
  readonly preference: number;
  readonly description: BackendDescription;
  /** Asks the running kernel; cheap, and without a lasting effect. */
  probe(): BackendProbe;
  /** @throws IoError what the kernel refused. */
  open(options?: BackendOptions): Backend;
}
