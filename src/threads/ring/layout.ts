/**
 * Where things lie in the shared memory of a ring, and what a state word means. The protocol is told in
 * docs/internals/decisions/0008-ring.md; the names of its steps stand beside the code that takes them.
 *
 *     control | slots, one a sender | heads, one a unit | units of 64 bytes
 *
 * A position counts units since the beginning and wraps at 2^32; its low bits are the index of a unit, the bits above
 * are its lap. Heads lie apart from the bytes, so a stale state word is never mistaken for payload, nor payload for a
 * state.
 */
import { isSharedArrayBuffer } from '../../base/kinds.js';

import { stepsUpTo } from '../../base/sequence.js';

/** The grain of the ring: a cache line. A record takes whole units, at least one. */
export const UNIT_BYTES = 64;
const UNIT_SHIFT = 6;

// Control words. What different threads write lies on cache lines of its own.
export const UNIT_COUNT = 0;
export const SENDER_COUNT = 1;
/** 1: the receiver has gone or is going. */
export const CLOSED = 2;
/**
 * 1: the receiver has more than it can do, and asks for no more than it must have. Senders keep to it by themselves.
 */
export const HELD = 3;
/** Counts the eras that the receiver has gone through: positions of another era are not to be compared. */
export const ERA = 4;
/**
 * A place from which senders look for the next record's: an end of some record, maybe an old one. Written by senders.
 */
export const TAIL = 16;
/** Units before this position are free; written by the receiver. */
export const HEAD = 32;
/**
 * Position after the last record that the receiver has read. No unit before it is freed until it says so, so a sender
 * that finds a unit freed goes on from here.
 */
export const READ = 33;
/** 1: some slot may be waiting for room. */
export const ROOM_WANTED = 48;
const CONTROL_WORDS = 64;

// Words of a slot. Those that a sender writes with every record lie on its first line.
export const CLAIM_START = 0;
export const CLAIM_UNITS = 1;
/**
 * 0: free. Above 0: the thread that owns the slot, plus one. Below 0: the thread that clears the slot after its owner,
 * plus one, negated. Each change away from a thread's number is an exchange, so only one thread clears a slot.
 */
export const OWNER = 16;
/** 1: the owner wants to be woken when there is room; 2: when it is no longer HELD. */
export const WAITING = 17;
/** Three words that the ring only clears: how the owner is woken; the first is 0 where nobody is. */
export const OWNER_WAKE = 18;
/** 1: the owner is about to wake the receiver, whose wake handle must stay valid. The ring does not look at it. */
export const WAKING = 21;
/** How many threads are about to wake the owner. The ring does not look at it. */
export const OWNER_WAKING = 22;
/** Two words that belong to OWNER_WAKE: the user data of the event that wakes the owner. */
export const OWNER_WAKE_DATA = 23;
const SLOT_WORDS = 32;

// Words of a head.
export const STATE = 0;
export const LENGTH = 1;
export const CHANNEL = 2;
export const TAG = 3;
const HEAD_WORDS = 4;

// A state word: lap in the high 20 bits, ASLEEP in 1, sender in 8, state in 3. Memory of zeros is a ring in its first
// lap.
export const FREE = 0;
/** Owned by a sender who fills it; its length is in the sender's claim. */
export const RESERVED = 1;
export const COMMITTED = 2;
/** Skip to the end of the ring, where the next record did not fit in one piece. */
export const PADDING = 3;
/** Its sender died or gave up before it was filled. Skip it. */
export const ABANDONED = 4;
/** Committed, and its sender may still take it back: the receiver takes it by an exchange. */
export const REVOCABLE = 5;
/** Was REVOCABLE, and the receiver has it. */
export const TAKEN = 6;
/** With FREE and RESERVED: the receiver sleeps at this unit, and the sender that commits a record here wakes it. */
export const ASLEEP = 1 << 11;
const STATE_MASK = 7;
const SENDER_SHIFT = 3;
const LAP_SHIFT = 12;
const LAP_MASK = ~0xfff;

/** The most senders that a state word can name. */
export const MAX_SENDERS = 256;
/** An era is a quarter of the laps that a state word can tell apart, and of the range of positions at most. */
const ERA_LAPS_SHIFT = 32 - LAP_SHIFT - 2;
const MAX_ERA_SHIFT = 30;
/** 2^24 units, 1 GiB: half of the range in which positions can be compared would be far more. */
const MAX_UNITS = 2 ** 24;
const MIN_UNITS = 4;

/**
 * Eras after which a mark names nothing any more. A record is read in the era after that of its commit at the latest,
 * and its sender may have known an ERA of before: two eras say nothing yet. After three, positions and laps are still
 * told apart.
 */
const OLD_ERAS = 3;

/** A position and the ERA in which it was taken, so that it can be kept for ever. */
export interface RingMark {
  readonly position: number;
  readonly era: number;
}

export function stateOf(word: number): number {
  return word & STATE_MASK;
}

export function senderOf(word: number): number {
  return (word >> SENDER_SHIFT) & 0xff;
}

export function unitsFor(lengthBytes: number): number {
  return lengthBytes === 0 ? 1 : (lengthBytes + UNIT_BYTES - 1) >>> UNIT_SHIFT;
}

/** One thread's view of a ring's memory. */
export class RingMemory {
  readonly words: Int32Array;
  readonly bytes: Uint8Array;
  readonly unitCount: number;
  readonly senderCount: number;
  /** The longest record: half of the ring, so that padding and record always fit an empty one. */
  readonly maxRecordBytes: number;
  private readonly lapShift: number;
  private readonly eraShift: number;
  private readonly headsAt: number;
  private readonly bytesAt: number;

  /** @throws TypeError the buffer is no ring. */
  constructor(readonly buffer: SharedArrayBuffer) {
    if (!isSharedArrayBuffer(buffer) || buffer.byteLength < CONTROL_WORDS * 4) {
      throw new TypeError('buffer: not the memory of a ring; allowed: what createRing returned');
    }
    this.words = new Int32Array(buffer);
    this.bytes = new Uint8Array(buffer);
    this.unitCount = this.words[UNIT_COUNT];
    this.senderCount = this.words[SENDER_COUNT];
    this.headsAt = CONTROL_WORDS + this.senderCount * SLOT_WORDS;
    this.bytesAt = 4 * (this.headsAt + this.unitCount * HEAD_WORDS);
    if (this.unitCount < MIN_UNITS || buffer.byteLength !== this.bytesAt + this.unitCount * UNIT_BYTES) {
      throw new TypeError('buffer: not the memory of a ring; allowed: what createRing returned');
    }
    this.lapShift = 31 - Math.clz32(this.unitCount);
    this.eraShift = Math.min(this.lapShift + ERA_LAPS_SHIFT, MAX_ERA_SHIFT);
    this.maxRecordBytes = (this.unitCount >> 1) * UNIT_BYTES;
  }

  index(position: number): number {
    return position & (this.unitCount - 1);
  }

  /** The index of a head's first word. */
  head(position: number): number {
    return this.headsAt + (position & (this.unitCount - 1)) * HEAD_WORDS;
  }

  /** The index of a slot's first word. */
  slot(sender: number): number {
    return CONTROL_WORDS + sender * SLOT_WORDS;
  }

  /** Where the bytes of a position begin. */
  offset(position: number): number {
    return this.bytesAt + (position & (this.unitCount - 1)) * UNIT_BYTES;
  }

  /** The state word of a position in its lap. */
  word(position: number, state: number, sender: number): number {
    return ((position >>> this.lapShift) << LAP_SHIFT) | (sender << SENDER_SHIFT) | state;
  }

  /** Whether a state word speaks of the lap of `position`. */
  sameLap(word: number, position: number): boolean {
    return ((word ^ ((position >>> this.lapShift) << LAP_SHIFT)) & LAP_MASK) === 0;
  }

  /**
   * Whether all that was in the ring when the mark was taken is read, and its position may be a later record's by now.
   */
  isOld({ era }: RingMark): boolean {
    return stepsUpTo(era, Atomics.load(this.words, ERA)) >= OLD_ERAS;
  }

  eraOf(position: number): number {
    return position >>> this.eraShift;
  }

  /**
   * Units that a settled record at `position` takes, one that is not RESERVED. For the receiver, since it may be freed.
   */
  span(position: number, word: number): number {
    if (stateOf(word) === PADDING) return this.unitCount - this.index(position);
    return unitsFor(this.words[this.head(position) + LENGTH]);
  }

  /**
   * Units that a record takes which was found at `position`, RESERVED or not.
   *
   * @returns 0: it has changed since, so that the length may be another record's.
   */
  spanOfFound(position: number, found: number): number {
    const { words } = this;
    const state = stateOf(found);
    if (state === PADDING) return this.unitCount - this.index(position);
    const head = this.head(position);
    const units =
      state === RESERVED
        ? Atomics.load(words, this.slot(senderOf(found)) + CLAIM_UNITS)
        : unitsFor(Atomics.load(words, head + LENGTH));
    // Its sender claims no other before it commits this one, and nobody writes another length before this one is freed.
    return Atomics.load(words, head + STATE) === found ? units : 0;
  }
}

/**
 * Memory for a ring.
 *
 * @param lengthBytes room for records: a power of two, at least 256. A record may take half of it.
 * @param senderCount how many senders it can have at a time, up to 256.
 * @param beginsAt the position where the empty ring begins: for tests of what happens when positions wrap.
 * @throws RangeError a length or a count outside what is allowed.
 */
export function createRing(lengthBytes: number, senderCount: number, beginsAt = 0): SharedArrayBuffer {
  const units = lengthBytes / UNIT_BYTES;
  if (!(Number.isInteger(units) && units >= MIN_UNITS && units <= MAX_UNITS && (units & (units - 1)) === 0)) {
    throw new RangeError(
      `lengthBytes: ${lengthBytes}; allowed: a power of two from ${MIN_UNITS * UNIT_BYTES} to ${MAX_UNITS * UNIT_BYTES}`,
    );
  }
  if (!(Number.isInteger(senderCount) && senderCount >= 1 && senderCount <= MAX_SENDERS)) {
    throw new RangeError(`senderCount: ${senderCount}; allowed: 1 to ${MAX_SENDERS}`);
  }
  const headWords = CONTROL_WORDS + senderCount * SLOT_WORDS + units * HEAD_WORDS;
  const buffer = new SharedArrayBuffer(headWords * 4 + lengthBytes);
  const words = new Int32Array(buffer);
  words[UNIT_COUNT] = units;
  words[SENDER_COUNT] = senderCount;
  if (beginsAt !== 0) setBeginning(new RingMemory(buffer), beginsAt);
  return buffer;
}

/** Makes an empty ring look as if so much had gone through it. */
function setBeginning(memory: RingMemory, beginsAt: number): void {
  const { words, unitCount } = memory;
  words[TAIL] = words[HEAD] = words[READ] = beginsAt;
  for (let unit = 0; unit < unitCount; unit++) {
    const position = (beginsAt + unit) | 0;
    words[memory.head(position) + STATE] = memory.word(position, FREE, 0);
  }
}
