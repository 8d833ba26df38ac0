/**
 * Timers on a hierarchical wheel: arming, cancelling and postponing are O(1), and a timer costs some 40 bytes and no
 * object.
 *
 *     level 0    64 buckets of 1 ms        the next 64 ms
 *     level 1    64 buckets of 64 ms       the next 4 s
 *     level 2    64 buckets of 4 s         ...
 *     level 4    64 buckets of 4.7 h       the next 12 days; what is later is filed as far out as possible, then anew
 *
 * A bucket of a higher level is refiled into the lower ones when its time begins. A postponed timer stays where it is
 * and is refiled when its old bucket comes up, so that postponing on every byte received is one store.
 */
import { MAX_SLOTS, nextGeneration, slotOf, tokenOf, type Token } from '../../base/token.js';

/** Told when a timer is due. An owner and a tag in place of a closure. */
export interface TimerOwner {
  onTimer(tag: number): void;
}

/** Names one arming; once it ran or was cancelled it names nothing. */
export type Timer = Token;
export const NO_TIMER: Timer = -1;

const BUCKETS = 64;
const LEVELS = 5;
/** Milliseconds of one bucket, by level. */
const SPANS = Array.from({ length: LEVELS }, (_, level) => BUCKETS ** level);
const HORIZON = BUCKETS ** LEVELS - 1;
const NONE = -1;
const INITIAL_TIMERS = 64;

export class Timers {
  /** Milliseconds of the last `run`, from which delays count. */
  nowMs: number;
  /** The wheel has done everything up to this tick, a whole millisecond since `baseMs`. */
  private clock = 0;
  private readonly baseMs: number;
  /** The last tick of the run under way: what a callback arms comes later. */
  private target = 0;
  /** A callback threw, and the bucket of the current tick is not empty. */
  private unfinished = false;
  private count = 0;

  // By slot.
  private deadline = new Float64Array(INITIAL_TIMERS);
  private bucket = new Int32Array(INITIAL_TIMERS).fill(NONE);
  private next = new Int32Array(INITIAL_TIMERS);
  private previous = new Int32Array(INITIAL_TIMERS);
  private tag = new Int32Array(INITIAL_TIMERS);
  private generation = new Uint32Array(INITIAL_TIMERS);
  private readonly owners: (TimerOwner | undefined)[] = [];
  private readonly free: number[] = [];

  // By bucket, level after level.
  private readonly heads = new Int32Array(LEVELS * BUCKETS).fill(NONE);
  private readonly tails = new Int32Array(LEVELS * BUCKETS).fill(NONE);
  /** A bit per bucket that is not empty: two words a level. */
  private readonly occupied = new Uint32Array(LEVELS * 2);

  /** @param nowMs where the monotonic clock stands. */
  constructor(nowMs: number) {
    this.nowMs = nowMs;
    // A whole number, so that differences are exact and `timeoutMs` and `run` agree about what is due.
    this.baseMs = Math.floor(nowMs);
  }

  /** Timers that are armed. */
  get size(): number {
    return this.count;
  }

  /**
   * Has `owner.onTimer(tag)` called once, `delayMs` after the last `run` or up to a millisecond later, never earlier.
   *
   * @throws RangeError a delay that is negative or no number.
   */
  arm(owner: TimerOwner, tag: number, delayMs: number): Timer {
    const deadline = this.deadlineAfter(delayMs);
    const slot = this.free.pop() ?? this.newSlot();
    this.owners[slot] = owner;
    this.tag[slot] = tag;
    this.deadline[slot] = deadline;
    this.file(slot);
    this.count++;
    return tokenOf(slot, this.generation[slot]);
  }

  /** Moves a timer's deadline to `delayMs` after the last `run`. Nothing if it ran or was cancelled. */
  postpone(timer: Timer, delayMs: number): void {
    const slot = this.find(timer);
    if (slot === NONE) return;
    const deadline = this.deadlineAfter(delayMs);
    const earlier = deadline < this.deadline[slot];
    this.deadline[slot] = deadline;
    if (!earlier) return;
    this.unlink(slot);
    this.file(slot);
  }

  /** @returns false if it ran already or was cancelled. */
  cancel(timer: Timer): boolean {
    const slot = this.find(timer);
    if (slot === NONE) return false;
    this.unlink(slot);
    this.release(slot);
    return true;
  }

  /** How long nothing needs to be done, in milliseconds: 0 if something is due, -1 if there is no timer. */
  timeoutMs(nowMs: number): number {
    if (this.unfinished) return 0;
    const tick = this.nextTick();
    return tick === NONE ? -1 : Math.max(0, this.baseMs + tick - nowMs);
  }

  /**
   * Runs everything that is due, in the order of deadlines, and of arming within a millisecond (but for timers that
   * were postponed or armed more than 12 days ahead). Callbacks may arm, postpone and cancel anything. If one throws,
   * the error comes out here and the next `run` goes on with the others.
   *
   * @returns how many ran.
   */
  run(nowMs: number): number {
    this.nowMs = Math.max(nowMs, this.nowMs);
    this.target = Math.floor(this.nowMs - this.baseMs);
    let ran = this.unfinished ? this.expire() : 0;
    for (let tick = this.nextTick(); tick !== NONE && tick <= this.target; tick = this.nextTick()) {
      this.clock = tick;
      this.refile();
      ran += this.expire();
    }
    this.clock = this.target;
    return ran;
  }

  private deadlineAfter(delayMs: number): number {
    if (!(delayMs >= 0 && delayMs < Infinity)) {
      throw new RangeError(`delayMs: ${delayMs}; allowed: milliseconds from 0`);
    }
    return Math.max(Math.ceil(this.nowMs - this.baseMs + delayMs), this.target + 1);
  }

  private find(timer: Timer): number {
    if (!(timer >= 0)) return NONE;
    const slot = slotOf(timer);
    const lives = slot < this.owners.length && this.bucket[slot] !== NONE;
    return lives && tokenOf(slot, this.generation[slot]) === timer ? slot : NONE;
  }

  /** Puts a timer at the end of the bucket that its deadline belongs to, seen from the clock. */
  private file(slot: number): void {
    const bucket = this.bucketOf(slot);
    const tail = this.tails[bucket];
    this.bucket[slot] = bucket;
    this.next[slot] = NONE;
    this.previous[slot] = tail;
    if (tail === NONE) this.heads[bucket] = slot;
    else this.next[tail] = slot;
    this.tails[bucket] = slot;
    this.occupy(bucket);
  }

  /** As `file`, at the front. */
  private fileFirst(slot: number): void {
    const bucket = this.bucketOf(slot);
    const head = this.heads[bucket];
    this.bucket[slot] = bucket;
    this.next[slot] = head;
    this.previous[slot] = NONE;
    if (head === NONE) this.tails[bucket] = slot;
    else this.previous[head] = slot;
    this.heads[bucket] = slot;
    this.occupy(bucket);
  }

  private bucketOf(slot: number): number {
    const distance = Math.min(this.deadline[slot] - this.clock, HORIZON);
    let level = 0;
    while (distance >= SPANS[level] * BUCKETS) level++;
    const position = Math.floor((this.clock + distance) / SPANS[level]) % BUCKETS;
    return level * BUCKETS + position;
  }

  private occupy(bucket: number): void {
    // 32 buckets a word, levels and their halves in order.
    this.occupied[bucket >> 5] |= 1 << (bucket & 31);
  }

  private unlink(slot: number): void {
    const bucket = this.bucket[slot];
    const next = this.next[slot];
    const previous = this.previous[slot];
    if (previous === NONE) this.heads[bucket] = next;
    else this.next[previous] = next;
    if (next === NONE) this.tails[bucket] = previous;
    else this.previous[next] = previous;
    this.bucket[slot] = NONE;
    if (this.heads[bucket] === NONE) {
      this.occupied[bucket >> 5] &= ~(1 << (bucket & 31));
    }
  }

  private release(slot: number): void {
    this.owners[slot] = undefined;
    this.generation[slot] = nextGeneration(this.generation[slot]);
    this.free.push(slot);
    this.count--;
  }

  /** The next tick at which a bucket comes up, on any level. */
  private nextTick(): number {
    let nearest = NONE;
    for (let level = 0; level < LEVELS; level++) {
      if (this.occupied[level * 2] === 0 && this.occupied[level * 2 + 1] === 0) continue;
      const current = Math.floor(this.clock / SPANS[level]);
      const tick = (current + this.distanceToOccupied(level, current % BUCKETS)) * SPANS[level];
      if (nearest === NONE || tick < nearest) nearest = tick;
    }
    return nearest;
  }

  /**
   * Buckets from `position` to the next that is occupied, 1 to 64: what lies in the current one is a whole round away.
   */
  private distanceToOccupied(level: number, position: number): number {
    const low = this.occupied[level * 2];
    const high = this.occupied[level * 2 + 1];
    const behind = (position + 1) % BUCKETS;
    let found = firstBit(low, high, behind);
    if (found === NONE) found = firstBit(low, high, 0);
    return ((found - position - 1 + BUCKETS) % BUCKETS) + 1;
  }

  /**
   * Moves the timers of higher buckets that begin at the clock's tick to the lower levels. Of two timers with one
   * deadline the one further up was armed first. So what comes down goes to the front, from the last to the first, and
   * the highest level comes last.
   */
  private refile(): void {
    for (let level = 1; level < LEVELS && this.clock % SPANS[level] === 0; level++) {
      const bucket = level * BUCKETS + ((this.clock / SPANS[level]) % BUCKETS);
      // Nothing comes back to this bucket: from here its span is less than a round of the level below.
      for (let slot = this.tails[bucket]; slot !== NONE; slot = this.tails[bucket]) {
        this.unlink(slot);
        this.fileFirst(slot);
      }
    }
  }

  /** Runs the bucket of the clock's tick. */
  private expire(): number {
    const bucket = this.clock % BUCKETS;
    let ran = 0;
    this.unfinished = true;
    for (let slot = this.heads[bucket]; slot !== NONE; slot = this.heads[bucket]) {
      this.unlink(slot);
      if (this.deadline[slot] > this.clock) {
        this.file(slot);
        continue;
      }
      const owner = this.owners[slot]!;
      this.release(slot);
      ran++;
      owner.onTimer(this.tag[slot]);
    }
    this.unfinished = false;
    return ran;
  }

  private newSlot(): number {
    const slot = this.owners.length;
    if (slot === MAX_SLOTS) throw new RangeError(`timers: at most ${MAX_SLOTS} at once`);
    this.owners.push(undefined);
    if (slot === this.deadline.length) {
      this.deadline = grown(this.deadline, new Float64Array(slot * 2));
      this.bucket = grown(this.bucket, new Int32Array(slot * 2).fill(NONE));
      this.next = grown(this.next, new Int32Array(slot * 2));
      this.previous = grown(this.previous, new Int32Array(slot * 2));
      this.tag = grown(this.tag, new Int32Array(slot * 2));
      this.generation = grown(this.generation, new Uint32Array(slot * 2));
    }
    return slot;
  }
}

/** The lowest bit at or after `position` in 64 bits, or -1. */
function firstBit(low: number, high: number, position: number): number {
  if (position < 32) {
    const lowBits = low & (-1 << position);
    if (lowBits !== 0) return 31 - Math.clz32(lowBits & -lowBits);
  }
  const highBits = high & (-1 << Math.max(position - 32, 0));
  return highBits === 0 ? NONE : 63 - Math.clz32(highBits & -highBits);
}

function grown<T extends Float64Array | Int32Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old);
  return larger;
}
