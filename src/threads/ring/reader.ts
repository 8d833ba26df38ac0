/** The receiving side of a ring: one thread, records in order, read where they lie. */
import {
  ABANDONED,
  ASLEEP,
  CHANNEL,
  CLOSED,
  ERA,
  FREE,
  HEAD,
  HELD,
  LENGTH,
  PADDING,
  READ,
  RESERVED,
  REVOCABLE,
  ROOM_WANTED,
  RingMemory,
  STATE,
  TAG,
  TAIL,
  TAKEN,
  WAITING,
  senderOf,
  stateOf,
} from './layout.js';
import { stepsBetween } from '../../base/sequence.js';

export class RingReader {
  readonly memory: RingMemory;
  /** The record that `next` found lies here, from `start` to `end`, until `release`. */
  readonly bytes: Uint8Array;
  start = 0;
  end = 0;
  /** Numbers that the sender gave it. */
  channel = 0;
  tag = 0;
  /** The slot of its sender. */
  sender = 0;
  /** Records given up by their senders, or by their senders' deaths. */
  abandoned = 0;
  private released: number;
  private position: number;

  constructor(buffer: SharedArrayBuffer) {
    this.memory = new RingMemory(buffer);
    this.bytes = this.memory.bytes;
    this.released = Atomics.load(this.memory.words, HEAD);
    this.position = this.released;
  }

  /** Goes to the next record. @returns whether there is one; if not, the fields keep what they had. */
  next(): boolean {
    const { memory } = this;
    const { words } = memory;
    for (;;) {
      const { position } = this;
      const head = memory.head(position);
      const found = Atomics.load(words, head + STATE);
      const state = stateOf(found);
      // After a whole lap that was read and not released, what is found is a record of the lap before.
      if (state === FREE || state === RESERVED || !memory.sameLap(found, position)) return false;
      const next = (position + memory.span(position, found)) | 0;
      if (state === REVOCABLE) {
        // Step "take". Lost: its sender has taken it back, and the next look finds that.
        const taken = memory.word(position, TAKEN, senderOf(found));
        if (Atomics.compareExchange(words, head + STATE, found, taken) !== found) continue;
      }
      this.position = next;
      words[READ] = next;
      if (state !== PADDING && state !== ABANDONED) {
        this.start = memory.offset(position);
        this.end = this.start + words[head + LENGTH];
        this.channel = words[head + CHANNEL];
        this.tag = words[head + TAG];
        this.sender = senderOf(found);
        return true;
      }
      if (state === ABANDONED) this.abandoned++;
    }
  }

  /** Gives the room of everything read so far back to the senders. */
  release(): void {
    const { memory, position } = this;
    const { words, unitCount } = memory;
    let at = this.released;
    if (at === position) return;
    // Before any unit is freed: it is where a sender goes on who finds one of them.
    Atomics.store(words, READ, position);
    if (memory.eraOf(at) !== memory.eraOf(position)) Atomics.add(words, ERA, 1);
    // Step "free": every unit says that it is free in the next lap, and only then HEAD says so too.
    for (; at !== position; at = (at + 1) | 0)
      words[memory.head(at) + STATE] = memory.word((at + unitCount) | 0, FREE, 0);
    this.released = position;
    Atomics.store(words, HEAD, position);
  }

  /** Units that are read and not yet released. */
  get unreleasedUnits(): number {
    return stepsBetween(this.released, this.position);
  }

  /**
   * Whether some sender is to be told of room: it asked, and half of the ring is free. Call it after `release`; then
   * ask `takeWaiting` of every slot.
   */
  takeRoomWanted(): boolean {
    const { words, unitCount } = this.memory;
    if (Atomics.load(words, ROOM_WANTED) === 0) return false;
    // A sender that found no room has left in TAIL where. More than a lap ahead is an old place, from before positions
    // wrapped.
    const used = stepsBetween(this.released, Atomics.load(words, TAIL));
    if (used > unitCount >> 1 && used <= unitCount) return false;
    Atomics.store(words, ROOM_WANTED, 0);
    return true;
  }

  /** Whether this slot's owner waits for room, and is to be woken now. */
  takeWaiting(sender: number): boolean {
    const { words } = this.memory;
    const slot = this.memory.slot(sender);
    const waiting = Atomics.load(words, slot + WAITING);
    if (waiting === 0 || (waiting === 2 && Atomics.load(words, HELD) !== 0)) return false;
    Atomics.store(words, slot + WAITING, 0);
    return true;
  }

  /** Asks senders to hold back what can wait, or ceases to; then `takeWaiting` of every slot tells whom to wake. */
  hold(held: boolean): void {
    Atomics.store(this.memory.words, HELD, held ? 1 : 0);
  }

  /**
   * Says that the receiver is about to sleep.
   *
   * @returns true: there is nothing, and a sender that commits a record from now on wakes us. false: a record has come.
   */
  beginSleep(): boolean {
    const { memory, position } = this;
    const at = memory.head(position) + STATE;
    for (;;) {
      const found = Atomics.load(memory.words, at);
      if (this.isWork(found)) return false;
      // A lap that was read and not released: nobody can commit anything before we are awake again.
      if (!memory.sameLap(found, position)) return true;
      // Step "sleep": lost to a sender that reserves or commits.
      if (Atomics.compareExchange(memory.words, at, found, found | ASLEEP) === found) return true;
    }
  }

  endSleep(): void {
    Atomics.and(this.memory.words, this.memory.head(this.position) + STATE, ~ASLEEP);
  }

  /** A hint whether `next` has something to do, which costs no atomic access: `isReady` says for certain. */
  get mayBeReady(): boolean {
    return this.isWork(this.memory.words[this.memory.head(this.position) + STATE]);
  }

  /** Whether `next` has something to do. */
  get isReady(): boolean {
    return this.isWork(Atomics.load(this.memory.words, this.memory.head(this.position) + STATE));
  }

  /** Whether nothing was sent that has not been read: not even a record that its sender is writing. */
  get isEmpty(): boolean {
    const found = Atomics.load(this.memory.words, this.memory.head(this.position) + STATE);
    return stateOf(found) === FREE || !this.memory.sameLap(found, this.position);
  }

  private isWork(found: number): boolean {
    const state = stateOf(found);
    return state !== FREE && state !== RESERVED && this.memory.sameLap(found, this.position);
  }

  /** From now on `reserve` says GONE. What is in the ring can still be read. */
  close(): void {
    Atomics.store(this.memory.words, CLOSED, 1);
  }
}
