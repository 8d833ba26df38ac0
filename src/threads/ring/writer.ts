/**
 * The sending side of a ring. Several threads write at once, without a lock: who is stopped in the middle, or dies,
 * holds up nobody but the receiver, and that until `releaseSender` at the latest.
 */
import {
  ABANDONED,
  ASLEEP,
  CHANNEL,
  CLAIM_START,
  CLAIM_UNITS,
  CLOSED,
  COMMITTED,
  ERA,
  FREE,
  HEAD,
  LENGTH,
  PADDING,
  READ,
  RESERVED,
  REVOCABLE,
  RingMemory,
  STATE,
  TAG,
  TAIL,
  TAKEN,
  ROOM_WANTED,
  WAITING,
  stateOf,
  unitsFor,
  type RingMark,
} from './layout.js';
import { isBefore } from '../../base/sequence.js';

/** What `reserve` answers instead of an offset. */
export const FULL = -1;
export const GONE = -2;
/** As FULL, and it falls to the caller to wake the receiver, which slept where there is padding now. */
export const FULL_ASLEEP = -3;

export class RingWriter {
  readonly memory: RingMemory;
  /** Shared with the receiver; write only what `reserve` gave, and only until `commit`. */
  readonly bytes: Uint8Array;
  /** From where on records of this sender are this writer's; undefined: there is none. */
  first: RingMark | undefined = undefined;
  private readonly slot: number;
  /** What is remembered of the era below: where HEAD was, and a place to look for the next record's. */
  private era = -1;
  private knownHead = 0;
  private place = 0;
  private claimedUnits = 0;
  /** The record under way, and its head. */
  private position = 0;
  private head = 0;
  private lengthBytes = -1;

  /** @param sender a slot that `claimSlot` gave to this thread. */
  constructor(
    buffer: SharedArrayBuffer,
    readonly sender: number,
  ) {
    this.memory = new RingMemory(buffer);
    this.bytes = this.memory.bytes;
    this.slot = this.memory.slot(sender);
    this.beginEra();
  }

  /**
   * Takes room for one record. Fill it at once and `commit` it; the receiver comes no further until then.
   *
   * @returns where in `bytes` the record begins; FULL or FULL_ASLEEP: no room; or GONE: the receiver takes no more.
   * @throws RangeError longer than `memory.maxRecordBytes`.
   */
  reserve(lengthBytes: number): number {
    const { memory } = this;
    const { words, unitCount } = memory;
    if (!(lengthBytes >= 0 && lengthBytes <= memory.maxRecordBytes)) {
      throw new RangeError(`lengthBytes: ${lengthBytes}; allowed: 0 to ${memory.maxRecordBytes}`);
    }
    const units = unitsFor(lengthBytes);
    // Atomics cost ten times a plain access, so what is only a hint is read plainly: whatever it says, the exchanges
    // below decide, and pass() looks properly.
    if (words[CLOSED] !== 0) return GONE;
    if (words[ERA] !== this.era) this.beginEra();
    // Step "look": from where this sender was last, or from where somebody else has come since.
    let place = words[TAIL];
    if (isBefore(place, this.place)) place = this.place;
    let passed = false;
    let asleep = 0;
    for (;;) {
      const left = unitCount - memory.index(place);
      const needed = left < units ? left : units;
      if ((place + needed - this.knownHead) >>> 0 > unitCount) {
        this.knownHead = Atomics.load(words, HEAD);
        const used = (place + needed - this.knownHead) | 0;
        if (used > unitCount && used <= 2 * unitCount) {
          this.place = place;
          // For the receiver, who tells of room by it.
          words[TAIL] = place;
          return asleep === 0 ? FULL : FULL_ASLEEP;
        }
        if (used <= 0 || used > unitCount) {
          // An old place, which somebody left in TAIL long ago.
          place = Atomics.load(words, READ);
          passed = true;
          continue;
        }
      }
      const state = memory.head(place) + STATE;
      const free = memory.word(place, FREE, 0);
      const found = words[state];
      if (found !== free && found !== (free | ASLEEP)) {
        place = this.pass(place);
        passed = true;
      } else if (left < units) {
        // Step "pad": settled by the one exchange, so nobody has to come back for it.
        if (Atomics.compareExchange(words, state, found, memory.word(place, PADDING, this.sender)) === found) {
          // A sender that writes over the receiver's mark takes it along to the record that it commits.
          asleep |= found & ASLEEP;
          place = (place + left) | 0;
        }
      } else {
        // Worked out before the exchange: V8 forgets what it knows of `memory` at it.
        const offset = memory.offset(place);
        const reserved = memory.word(place, RESERVED, this.sender) | asleep | (found & ASLEEP);
        this.claim(place, units);
        this.position = place;
        this.head = state - STATE;
        // Step "reserve". Success says that `place` was current: nobody has taken this unit in this lap.
        if (Atomics.compareExchange(words, state, found, reserved) === found) {
          this.place = (place + units) | 0;
          // Step "advance": only where there are other senders, so that not each of them passes the same records.
          if (passed) words[TAIL] = this.place;
          this.lengthBytes = lengthBytes;
          return offset;
        }
      }
    }
  }

  /**
   * Hands the record to the receiver.
   *
   * @param channel, tag two numbers that travel with it, 32 bits each; the ring does not look at them.
   * @param revocable whether `revoke` may take it back.
   * @returns true: the receiver sleeps, and it falls to the caller to wake it.
   */
  commit(channel: number, tag: number, revocable = false): boolean {
    const { head } = this;
    const { words } = this.memory;
    words[head + CHANNEL] = channel;
    words[head + TAG] = tag;
    return this.settle(revocable ? REVOCABLE : COMMITTED);
  }

  /** Where the record lies that was committed last, for `revoke`. */
  get last(): RingMark {
    return { position: this.position, era: this.era };
  }

  /**
   * Takes a revocable record back, unless the receiver has it.
   *
   * @param mark `last`, as it was after its commit, however long ago.
   * @returns whether it was taken back; exactly one of the two sides gets a record.
   */
  revoke(mark: RingMark): boolean {
    const { memory, sender } = this;
    if (memory.isOld(mark)) return false;
    const { position } = mark;
    const revocable = memory.word(position, REVOCABLE, sender);
    // Step "revoke". The lap in the word tells this record from a later one at the same place.
    return (
      Atomics.compareExchange(
        memory.words,
        memory.head(position) + STATE,
        revocable,
        memory.word(position, ABANDONED, sender),
      ) === revocable
    );
  }

  /** Whether the receiver has taken a revocable record and not given its room back: it may still be looking at it. */
  isTaken(mark: RingMark): boolean {
    const { memory, sender } = this;
    if (memory.isOld(mark)) return false;
    const { position } = mark;
    return Atomics.load(memory.words, memory.head(position) + STATE) === memory.word(position, TAKEN, sender);
  }

  /** Gives up a record that was reserved. @returns as `commit`. */
  abandon(): boolean {
    return this.settle(ABANDONED);
  }

  /**
   * Asks to be woken when there is room; then try again at once, before waiting, since room may have come meanwhile.
   * Waking ends it.
   *
   * @param untilUnheld only once the receiver ceases to hold senders back (HELD).
   */
  wantRoom(untilUnheld = false): void {
    Atomics.store(this.memory.words, this.slot + WAITING, untilUnheld ? 2 : 1);
    Atomics.store(this.memory.words, ROOM_WANTED, 1);
  }

  /** Whether room is still wanted: neither woken for it nor taken back. */
  get wantsRoom(): boolean {
    return Atomics.load(this.memory.words, this.slot + WAITING) !== 0;
  }

  /** Takes `wantRoom` back. */
  forgetRoom(): void {
    Atomics.store(this.memory.words, this.slot + WAITING, 0);
  }

  get isClosed(): boolean {
    return Atomics.load(this.memory.words, CLOSED) !== 0;
  }

  private settle(state: typeof COMMITTED | typeof REVOCABLE | typeof ABANDONED): boolean {
    if (this.lengthBytes < 0) throw new Error('commit: nothing is reserved');
    const { head } = this;
    const { words } = this.memory;
    words[head + LENGTH] = this.lengthBytes;
    this.lengthBytes = -1;
    const settled = this.memory.word(this.position, state, this.sender);
    // Step "commit": a thread that sees this store sees the plain stores above. It also tells whether the receiver
    // sleeps.
    return (Atomics.exchange(words, head + STATE, settled) & ASLEEP) !== 0;
  }

  /** Step "claim": before the reservation, so that a thread that finds the reservation can know its length. */
  private claim(place: number, units: number): void {
    const { words } = this.memory;
    words[this.slot + CLAIM_START] = place;
    if (units === this.claimedUnits) return;
    this.first ??= { position: place, era: this.era };
    Atomics.store(words, this.slot + CLAIM_UNITS, units);
    this.claimedUnits = units;
  }

  /**
   * Step "pass".
   *
   * @returns the place behind the record that is at this one; or this one, if it changed under our eyes or is free.
   */
  private pass(place: number): number {
    const { memory } = this;
    const found = Atomics.load(memory.words, memory.head(place) + STATE);
    // Of a later lap: it was freed long ago, and READ was moved before that. Of an earlier one it can't be: HEAD has
    // passed.
    if (!memory.sameLap(found, place)) return Atomics.load(memory.words, READ);
    return stateOf(found) === FREE ? place : (place + memory.spanOfFound(place, found)) | 0;
  }

  /** Learns anew what this sender knew of positions, which it can't compare with those of another era. */
  private beginEra(): void {
    const { words } = this.memory;
    this.era = Atomics.load(words, ERA);
    this.knownHead = Atomics.load(words, HEAD);
    this.place = Atomics.load(words, READ);
  }
}
