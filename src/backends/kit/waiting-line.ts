/**
 * The registrations that were ready when a batch had no more room, first come first served: what epoll and kqueue keep
 * in the kernel. A registration in it is passed over only while
 * those before it are taken, however often others are
 * armed again meanwhile. It is empty unless more was ready than a batch takes.
 */

const INITIAL_SLOTS = 64;
const NOBODY = -1;
/** `next` of a slot that does not stand in the line. */
const OUTSIDE = -2;

export class WaitingLine {
  /** A list in both directions, by slot, so that a registration that is disarmed leaves it without a search. */
  private next = new Int32Array(INITIAL_SLOTS).fill(OUTSIDE);
  private previous = new Int32Array(INITIAL_SLOTS);
  private head = NOBODY;
  private tail = NOBODY;

  get isEmpty(): boolean {
    return this.head === NOBODY;
  }

  /** The slot at the head; -1 where the line is empty. */
  get first(): number {
    return this.head;
  }

  /** The slot behind one that stands in the line; -1 behind the last. */
  after(slot: number): number {
    return this.next[slot];
  }

  /** Goes to the end, unless it stands there already. */
  join(slot: number): void {
    if (slot >= this.next.length) this.grow(slot);
    if (this.next[slot] !== OUTSIDE) return;
    this.next[slot] = NOBODY;
    this.previous[slot] = this.tail;
    if (this.tail === NOBODY) this.head = slot;
    else this.next[this.tail] = slot;
    this.tail = slot;
  }

  /** @returns the first, who leaves the line; -1 where it is empty. */
  take(): number {
    const slot = this.head;
    if (slot !== NOBODY) this.leave(slot);
    return slot;
  }

  leave(slot: number): void {
    if (slot >= this.next.length || this.next[slot] === OUTSIDE) return;
    const next = this.next[slot];
    const previous = this.previous[slot];
    if (previous === NOBODY) this.head = next;
    else this.next[previous] = next;
    if (next === NOBODY) this.tail = previous;
    else this.previous[next] = previous;
    this.next[slot] = OUTSIDE;
  }

  clear(): void {
    while (this.take() !== NOBODY);
  }

  private grow(slot: number): void {
    const capacity = 2 ** Math.ceil(Math.log2(slot + 1));
    const next = new Int32Array(capacity).fill(OUTSIDE);
    next.set(this.next);
    this.next = next;
    const previous = new Int32Array(capacity);
    previous.set(this.previous);
    this.previous = previous;
  }
}
