/**
 * The table of registrations that every backend of Pollux keeps: who is registered, under which token, what is wanted
 * and what the kernel was last told. Struct of arrays, indexed by slot, so that a registration costs some 30 bytes and
 * no object.
 */
import { NO_TOKEN, MAX_SLOTS, nextGeneration, slotOf, tokenOf, type Token } from '../../base/token.js';
import { EBADF, EEXIST, EINVAL, ENOSPC, ENOENT } from '../../sys/ffi/errno.js';
import { isOpen } from '../../sys/file/io.js';
import { IoError } from '../../sys/ffi/io-error.js';
import { PRIORITY, READABLE, WRITABLE, type Interest, type RegistrationMode } from '../contract.js';
import { isEdge, isOneshot, REGISTRATION_MODES } from './modes.js';

/** Mode bits of a registration. */
export const ONESHOT = 1;
/** The bit of a registration by edge. */
export const EDGE = 2;
/** epoll alone. */
export const EXCLUSIVE = 4;
/** poll alone: the descriptor is a socket. */
export const SOCKET = 8;
/** kqueue alone: the filter for writing is not told that the peer has closed. */
export const DEAF_WRITER = 16;

const INITIAL_SLOTS = 64;
const NO_SLOT = -1;
/** In place of a descriptor's number where none is watched. The kernel gives out no such number. */
const NO_DESCRIPTOR = 0x7fffffff;
const INTEREST_BITS = READABLE | WRITABLE | PRIORITY;

/** The table of registrations that every backend needs: slots, generations, and what is wanted and applied. */
export class Registrations {
  /** By slot: the descriptor, or -1 where the slot is free. */
  fd: Int32Array = new Int32Array(INITIAL_SLOTS).fill(-1);
  generation: Uint32Array = new Uint32Array(INITIAL_SLOTS);
  wanted: Uint8Array = new Uint8Array(INITIAL_SLOTS);
  /** What the kernel watches now, as interest; 0 if nothing. A oneshot that fired is back at 0. */
  applied: Uint8Array = new Uint8Array(INITIAL_SLOTS);
  mode: Uint8Array = new Uint8Array(INITIAL_SLOTS);
  /** A word of the backend's own: poll keeps the index into its array here, epoll whether the kernel has an entry. */
  place: Int32Array = new Int32Array(INITIAL_SLOTS);
  /** Where the registration's event stands in the batch at hand, or -1. */
  eventIndex: Int32Array = new Int32Array(INITIAL_SLOTS).fill(-1);
  private dirty = new Uint8Array(INITIAL_SLOTS);

  /** Slots whose change waits for the next flush, in the order asked; each at most once. */
  dirtySlots: Int32Array = new Int32Array(INITIAL_SLOTS);
  dirtyCount = 0;
  /** Registrations that are alive. */
  size = 0;

  private slotOfFd = new Int32Array(INITIAL_SLOTS).fill(NO_SLOT);
  private readonly freeSlots: number[] = [];
  private used = 0;

  constructor(
    private readonly backend: string,
    /** Whether a descriptor is open; a model of a kernel has descriptors of its own. */
    private readonly isOpenHere: (fd: number) => boolean = isOpen,
  ) {}

  /**
   * Takes a slot for a descriptor.
   *
   * @throws RangeError, TypeError for arguments that make no sense.
   * @throws IoError EEXIST, EBADF, ENOSPC.
   */
  add(fd: number, interest: Interest, mode: RegistrationMode): Token {
    if (!Number.isInteger(fd) || fd < 0 || fd > 0x7fffffff) {
      throw new RangeError(`fd: ${fd} is not a descriptor; allowed: integers from 0`);
    }
    this.checkInterest(interest);
    if (!REGISTRATION_MODES.includes(mode)) {
      throw new TypeError(`mode: '${String(mode)}'; allowed: ${REGISTRATION_MODES.join(', ')}`);
    }
    if (fd >= this.slotOfFd.length) this.growNumbers(fd);
    if (this.slotOfFd[fd] !== NO_SLOT) {
      throw new IoError(EEXIST, 'register', `descriptor ${fd} with ${this.backend}`);
    }
    const slot = this.takeSlot();
    this.fd[slot] = fd;
    this.wanted[slot] = interest;
    this.applied[slot] = 0;
    this.mode[slot] = (isOneshot(mode) ? ONESHOT : 0) | (isEdge(mode) ? EDGE : 0);
    this.place[slot] = -1;
    this.slotOfFd[fd] = slot;
    this.size++;
    return tokenOf(slot, this.generation[slot]);
  }

  /** Takes a slot for something that is no descriptor; the backend knows what. @throws IoError ENOSPC. */
  addSource(): Token {
    const slot = this.takeSlot();
    this.fd[slot] = NO_DESCRIPTOR;
    this.wanted[slot] = 0;
    this.applied[slot] = 0;
    this.mode[slot] = 0;
    this.place[slot] = 0;
    this.size++;
    return tokenOf(slot, this.generation[slot]);
  }

  isSource(slot: number): boolean {
    return this.fd[slot] === NO_DESCRIPTOR;
  }

  /** @throws RangeError for bits that no interest has. */
  checkInterest(interest: Interest): void {
    if (!Number.isInteger(interest) || (interest & ~INTEREST_BITS) !== 0) {
      throw new RangeError(`interest: ${interest}; allowed: bits of READABLE (1), WRITABLE (2), PRIORITY (4)`);
    }
  }

  /** Frees the slot; from now on the token is dead. */
  remove(slot: number): void {
    if (!this.isSource(slot)) this.slotOfFd[this.fd[slot]] = NO_SLOT;
    this.fd[slot] = -1;
    this.wanted[slot] = 0;
    this.applied[slot] = 0;
    this.generation[slot] = nextGeneration(this.generation[slot]);
    this.freeSlots.push(slot);
    this.size--;
  }

  has(token: Token): boolean {
    return this.find(token) !== NO_SLOT;
  }

  /** @throws IoError ENOENT if the token is dead. */
  slot(token: Token, syscall: string): number {
    const slot = this.find(token);
    if (slot === NO_SLOT)
      throw new IoError(ENOENT, syscall, `token ${token} of ${this.backend}`, 'not registered (any more)');
    return slot;
  }

  token(slot: number): Token {
    return this.fd[slot] < 0 ? NO_TOKEN : tokenOf(slot, this.generation[slot]);
  }

  /** Whether the kernel's two words of user data name a living registration. */
  isAlive(slot: number, generation: number): boolean {
    return slot < this.used && this.generation[slot] === generation && this.fd[slot] >= 0;
  }

  /** Queues the slot for the next flush, once. */
  markDirty(slot: number): void {
    if (this.dirty[slot] !== 0) return;
    this.dirty[slot] = 1;
    this.dirtySlots[this.dirtyCount++] = slot;
  }

  /**
   * The slot of the `index`-th queued change, taken off the queue's books, or -1 if it has been freed since. (A slot
   * that was freed and taken again is flushed with what its new owner wants.)
   */
  takeDirty(index: number): number {
    const slot = this.dirtySlots[index];
    this.dirty[slot] = 0;
    return this.fd[slot] < 0 ? NO_SLOT : slot;
  }

  /** Forgets the first `count` queued changes, which `takeDirty` has taken. */
  dropDirty(count: number): void {
    if (count < this.dirtyCount) this.dirtySlots.copyWithin(0, count, this.dirtyCount);
    this.dirtyCount -= count;
  }

  private find(token: Token): number {
    if (!(token >= 0)) return NO_SLOT;
    const slot = slotOf(token);
    return slot < this.used && this.fd[slot] >= 0 && tokenOf(slot, this.generation[slot]) === token ? slot : NO_SLOT;
  }

  private takeSlot(): number {
    const free = this.freeSlots.pop();
    if (free !== undefined) return free;
    if (this.used === MAX_SLOTS)
      throw new IoError(ENOSPC, 'register', this.backend, `at most ${MAX_SLOTS} registrations`);
    if (this.used === this.fd.length) this.growSlots();
    return this.used++;
  }

  private growSlots(): void {
    const capacity = this.fd.length * 2;
    this.fd = grown(this.fd, new Int32Array(capacity).fill(-1));
    this.generation = grown(this.generation, new Uint32Array(capacity));
    this.wanted = grown(this.wanted, new Uint8Array(capacity));
    this.applied = grown(this.applied, new Uint8Array(capacity));
    this.mode = grown(this.mode, new Uint8Array(capacity));
    this.place = grown(this.place, new Int32Array(capacity));
    this.eventIndex = grown(this.eventIndex, new Int32Array(capacity).fill(-1));
    this.dirty = grown(this.dirty, new Uint8Array(capacity));
    this.dirtySlots = grown(this.dirtySlots, new Int32Array(capacity));
  }

  private growNumbers(fd: number): void {
    // The kernel gives out the lowest free number, so the table follows what is open; an absurd number must not size
    // it.
    if (!this.isOpenHere(fd)) throw new IoError(EBADF, 'register', `descriptor ${fd} with ${this.backend}`);
    const capacity = 2 ** Math.ceil(Math.log2(fd + 1));
    this.slotOfFd = grown(this.slotOfFd, new Int32Array(capacity).fill(NO_SLOT));
  }
}

function grown<T extends Int32Array | Uint32Array | Uint8Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}

/** EINVAL in the words of a backend that was closed. */
export function closedError(backend: string, syscall: string): IoError {
  return new IoError(EINVAL, syscall, backend, 'the backend is closed');
}
