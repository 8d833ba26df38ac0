/**
 * A backend written by somebody else: select(2), in an afternoon. It imports the public door `pollux/backends` only, and
 * passes `pollux/testing`. docs/writing-a-backend.md goes through it step by step.
 *
 *     node bin/pollux.js conformance --import dist/examples/backend/select-backend.js --backend select
 */
import { fstatSync } from 'node:fs';
import { constants } from 'node:os';
import {
  ERROR,
  EventBatch,
  IoError,
  isEdge,
  newCounters,
  ONESHOT,
  PRIORITY,
  READABLE,
  registerBackend,
  Registrations,
  wakeBackend,
  WRITABLE,
  type Backend,
  type BackendDescription,
  type BackendFactory,
  type BackendOptions,
  type Interest,
  type RegistrationMode,
  type Token,
} from 'pollux/backends';
import type { BackendGate } from 'pollux/testing';
import { DescriptorSets, hasBit, select, SET_SIZE, setBit } from './select-call.js';
import { WakePipe } from './wake-pipe.js';

const NAME = 'select';
const DEFAULT_MAX_EVENTS = 256;
const NO_SLOT = -1;
/** 25 days; a longer wait ends early with no event, and the caller waits again. */
const LONGEST_WAIT_US = 2 ** 41;

const { EBADF, EINTR, EINVAL } = constants.errno;

const description: BackendDescription = {
  edge: 'none',
  changes: 'free',
  waitCost: 'registered',
  refuses: [],
  reportsData: false,
  timeoutStepNs: 1_000,
  maxRegistrations: SET_SIZE,
};

export class SelectBackend implements Backend {
  readonly name = NAME;
  readonly modes = ['level', 'oneshot'] as const;
  readonly counters = newCounters();
  readonly events: EventBatch;

  /** Slots, generations, tokens, and what is wanted and applied: the bookkeeping that every backend needs. */
  private readonly registrations = new Registrations(NAME);
  private readonly wakePipe: WakePipe;
  /** What the kernel is asked; it overwrites the other one with its answer. */
  private readonly asked = new DescriptorSets();
  private readonly ready = new DescriptorSets();
  private readonly slotOfFd = new Int32Array(SET_SIZE).fill(NO_SLOT);
  /** Where the next harvest begins, so that a full batch does not always serve the same descriptors. */
  private start = 0;
  private closed = false;

  constructor(options: BackendOptions = {}) {
    this.events = new EventBatch(options.maxEvents ?? DEFAULT_MAX_EVENTS, this.registrations);
    // After what may throw, so that a refusal leaves no descriptor open.
    this.wakePipe = new WakePipe();
    if (this.wakePipe.readEnd >= SET_SIZE) {
      const failure = tooLarge('open', this.wakePipe.readEnd);
      this.wakePipe.close();
      throw failure;
    }
    setBit(this.asked.readable, this.wakePipe.readEnd, true);
  }

  get wakeHandle() {
    return this.wakePipe.handle;
  }

  register(fd: number, interest: Interest, mode: RegistrationMode): Token {
    this.checkOpen('register');
    const target = `descriptor ${fd} with ${NAME}`;
    if (isEdge(mode)) throw new IoError('ENOTSUP', 'register', target, 'it has no edges');
    if (fd >= SET_SIZE) throw tooLarge('register', fd);
    // Throws for arguments that make no sense, and EEXIST for a descriptor that is registered already.
    const token = this.registrations.add(fd, interest, mode);
    const slot = this.registrations.slot(token, 'register');
    // select would only tell at the next wait, and of the whole set.
    if (!isOpen(fd)) {
      this.registrations.remove(slot);
      throw new IoError(EBADF, 'register', target);
    }
    this.slotOfFd[fd] = slot;
    this.counters.changesAsked++;
    this.apply(slot, interest);
    return token;
  }

  modify(token: Token, interest: Interest): void {
    const slot = this.registrations.slot(token, 'modify');
    this.registrations.checkInterest(interest);
    this.counters.changesAsked++;
    this.apply(slot, interest);
  }

  unregister(token: Token): void {
    const slot = this.registrations.slot(token, 'unregister');
    this.counters.changesAsked++;
    this.apply(slot, 0);
    this.events.blank(slot);
    this.slotOfFd[this.registrations.fd[slot]] = NO_SLOT;
    this.registrations.remove(slot);
  }

  wouldBlock(): void {
    // Only edges need it.
  }

  wait(timeoutNs: number): number {
    this.checkOpen('wait');
    this.events.clear();
    this.counters.waits++;
    this.counters.systemCalls++;
    this.ready.copyFrom(this.asked);
    // Rounded up, so that no wait is too short.
    const timeoutUs = timeoutNs < 0 ? -1 : Math.min(Math.ceil(timeoutNs / 1e3), LONGEST_WAIT_US);
    const count = select(SET_SIZE, this.ready, timeoutUs);
    if (count > 0) this.harvest();
    else if (count === -EBADF) this.reportClosed();
    else if (count < 0 && count !== -EINTR) throw new IoError(-count, 'select');
    this.counters.events += this.events.count;
    return this.events.count;
  }

  wake(): void {
    this.counters.systemCalls++;
    wakeBackend(this.wakePipe.handle);
  }

  has(token: Token): boolean {
    return this.registrations.has(token);
  }

  close(): void {
    if (this.closed) return;
    this.closed = true;
    this.wakePipe.close();
  }

  /** Turns the bits of `ready` into events, from `start` round all descriptors, as far as the batch has room. */
  private harvest(): void {
    if (hasBit(this.ready.readable, this.wakePipe.readEnd)) {
      this.counters.wakes++;
      this.counters.systemCalls++;
      this.wakePipe.drain();
    }
    for (let step = 0; step < SET_SIZE; step++) {
      const fd = (this.start + step) % SET_SIZE;
      const slot = this.slotOfFd[fd];
      if (slot === NO_SLOT) continue;
      const readiness =
        (hasBit(this.ready.readable, fd) ? READABLE : 0) |
        (hasBit(this.ready.writable, fd) ? WRITABLE : 0) |
        (hasBit(this.ready.exceptional, fd) ? PRIORITY : 0);
      if (readiness === 0) continue;
      if (this.events.count === this.events.capacity) {
        this.start = fd;
        return;
      }
      this.events.add(slot, readiness, 0, 0);
      if ((this.registrations.mode[slot] & ONESHOT) !== 0) this.disarm(slot);
    }
  }

  /** select refuses the whole set for one closed descriptor and doesn't say which: each is asked, and the bad one leaves. */
  private reportClosed(): void {
    for (let fd = 0; fd < SET_SIZE && this.events.count < this.events.capacity; fd++) {
      const slot = this.slotOfFd[fd];
      if (slot === NO_SLOT || this.registrations.applied[slot] === 0 || isOpen(fd)) continue;
      this.disarm(slot);
      this.events.add(slot, ERROR, 0, EBADF);
    }
  }

  /** A change that the caller asked for. */
  private apply(slot: number, interest: Interest): void {
    this.registrations.wanted[slot] = interest;
    if (this.registrations.applied[slot] === interest) return;
    this.counters.changesSent++;
    this.watch(slot, interest);
  }

  /** What an event of a oneshot registration, or of a closed descriptor, leaves behind. */
  private disarm(slot: number): void {
    this.registrations.wanted[slot] = 0;
    this.watch(slot, 0);
  }

  private watch(slot: number, interest: Interest): void {
    const fd = this.registrations.fd[slot];
    this.registrations.applied[slot] = interest;
    setBit(this.asked.readable, fd, (interest & READABLE) !== 0);
    setBit(this.asked.writable, fd, (interest & WRITABLE) !== 0);
    setBit(this.asked.exceptional, fd, (interest & PRIORITY) !== 0);
  }

  private checkOpen(what: string): void {
    if (this.closed) throw new IoError(EINVAL, what, NAME, 'the backend is closed');
  }
}

function tooLarge(what: string, fd: number): IoError {
  return new IoError('ENOSPC', what, `descriptor ${fd} with ${NAME}`, `it knows descriptors below ${SET_SIZE} only`);
}

function isOpen(fd: number): boolean {
  try {
    fstatSync(fd);
    return true;
  } catch {
    return false;
  }
}

export const selectFactory: BackendFactory = {
  name: NAME,
  preference: 1,
  description,
  probe: () => ({ available: true, reason: `select(2) is everywhere; it knows descriptors below ${SET_SIZE} only` }),
  open: options => new SelectBackend(options),
};

registerBackend(selectFactory);

/** Rows of the conformance suite that select(2) can't pass, and why: `pollux conformance` and the tests read them here. */
export const gates: readonly BackendGate[] = ['TCP', 'Unix stream'].map(stream => ({
  row: `${stream}: FIN of the peer is reported as PEER_END`,
  backend: NAME,
  reason: 'select(2) only says readable; the read that returns 0 tells the end',
}));
