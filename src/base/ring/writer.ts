/**
 * The sending side of a ring. Several threads write at once, without a lock: who is stopped in the middle, or dies, holds
 * up nobody but the receiver, and that until `releaseSender` at the latest.
 */
import {
  ABANDONED,
  CHANNEL,
  CLAIM_START,
  CLAIM_UNITS,
  CLOSED,
  COMMITTED,
  FREE,
  HEAD,
  LENGTH,
  PADDING,
  RESERVED,
  REVOCABLE,
  RingMemory,
  SLEEPING,
  STATE,
  TAG,
  TAIL,
  TAKEN,
  ROOM_WANTED,
  WAITING,
  senderOf,
  stateOf,
  unitsFor,
} from './layout.js';

/** What `reserve` answers instead of an offset. */
export const FULL = -1;
export const GONE = -2;

export class RingWriter {
  readonly memory: RingMemory;
  /** Shared with the receiver; write only what `reserve` gave, and only until `commit`. */
  readonly bytes: Uint8Array;
  /** The position from which on records of this sender are this writer's. */
  readonly firstPosition: number;
  private readonly slot: number;
  private knownHead: number;
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
    this.knownHead = Atomics.load(this.memory.words, HEAD);
    this.firstPosition = Atomics.load(this.memory.words, TAIL);
  }

  /**
   * Takes room for one record. Fill it at once and `commit` it; the receiver comes no further until then.
   *
   * @returns where in `bytes` the record begins; FULL, and nothing changed; or GONE: the receiver takes no more.
   * @throws RangeError longer than `memory.maxRecordBytes`.
   */
  reserve(lengthBytes: number): number {
    const { memory } = this;
    const { words, unitCount } = memory;
    if (!(lengthBytes >= 0 && lengthBytes <= memory.maxRecordBytes)) {
      throw new RangeError(`lengthBytes: ${lengthBytes}; allowed: 0 to ${memory.maxRecordBytes}`);
    }
    const units = unitsFor(lengthBytes);
    // Atomics cost ten times a plain access, so what is only a hint is read plainly: whatever it says, the exchanges below
    // decide, and help() looks properly.
    if (words[CLOSED] !== 0) return GONE;
    for (;;) {
      const tail = words[TAIL];
      const left = unitCount - memory.index(tail);
      const needed = left < units ? left : units;
      if (((tail + needed - this.knownHead) | 0) > unitCount) {
        this.knownHead = Atomics.load(words, HEAD);
        if (((tail + needed - this.knownHead) | 0) > unitCount) return FULL;
      }
      const state = memory.head(tail) + STATE;
      const free = memory.word(tail, FREE, 0);
      if (words[state] !== free) {
        this.help(tail);
      } else if (left < units) {
        // Step "pad": settled by the one exchange, so nobody has to come back for it.
        if (Atomics.compareExchange(words, state, free, memory.word(tail, PADDING, this.sender)) === free) {
          Atomics.compareExchange(words, TAIL, tail, (tail + left) | 0);
        }
      } else {
        // Worked out before the exchanges: V8 forgets what it knows of `memory` at each.
        const offset = memory.offset(tail);
        const reserved = memory.word(tail, RESERVED, this.sender);
        this.claim(tail, units);
        this.position = tail;
        this.head = state - STATE;
        // Step "reserve". Success says that `tail` was current: nobody has taken this unit in this lap.
        if (Atomics.compareExchange(words, state, free, reserved) === free) {
          // Step "advance": whoever comes first, we or one who helps.
          Atomics.compareExchange(words, TAIL, tail, (tail + units) | 0);
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

  /** The position of the record that was committed last, for `revoke`. */
  get lastPosition(): number {
    return this.position;
  }

  /**
   * Takes a revocable record back, unless the receiver has it.
   *
   * @returns whether it was taken back; exactly one of the two sides gets a record.
   */
  revoke(position: number): boolean {
    const { memory, sender } = this;
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
  isTaken(position: number): boolean {
    const { memory, sender } = this;
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
    // Step "commit": the plain stores above are seen by whoever sees this one.
    Atomics.store(words, head + STATE, this.memory.word(this.position, state, this.sender));
    // Step "ask": the receiver says that it sleeps before it looks once more; one of the two sees the other.
    return Atomics.load(words, SLEEPING) !== 0 && Atomics.compareExchange(words, SLEEPING, 1, 0) === 1;
  }

  /** Step "claim": before the reservation, so that whoever finds that can know its length. */
  private claim(tail: number, units: number): void {
    const { words } = this.memory;
    words[this.slot + CLAIM_START] = tail;
    if (units === this.claimedUnits) return;
    Atomics.store(words, this.slot + CLAIM_UNITS, units);
    this.claimedUnits = units;
  }

  /** Step "help": moves TAIL past a record whose sender has not come to do it. */
  private help(tail: number): void {
    const { memory } = this;
    const found = Atomics.load(memory.words, memory.head(tail) + STATE);
    if (stateOf(found) === FREE) return;
    // Of another lap: TAIL has gone on since it was read.
    if (!memory.sameLap(found, tail)) return;
    const units =
      stateOf(found) === RESERVED
        ? Atomics.load(memory.words, memory.slot(senderOf(found)) + CLAIM_UNITS)
        : memory.span(tail, found);
    // If the length is another record's by now, TAIL has gone on before that, and the exchange does nothing.
    Atomics.compareExchange(memory.words, TAIL, tail, (tail + units) | 0);
  }
}
