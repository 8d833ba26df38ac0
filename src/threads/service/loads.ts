/** How many connections each thread of a runtime has had of a service, and has: three words a thread that all can read. Sums wrap at 2^32. */
import type { ThreadLoad } from './options.js';

const WORDS = 3;
const ACCEPTED = 0;
const OPEN = 1;
const AWAKENED = 2;

export class Loads {
  private readonly words: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  static for(threads: number): Loads {
    return new Loads(new SharedArrayBuffer(threads * WORDS * 4));
  }

  add(thread: number): void {
    Atomics.add(this.words, thread * WORDS + ACCEPTED, 1);
    Atomics.add(this.words, thread * WORDS + OPEN, 1);
  }

  /** One that was idle, and may have been another thread's before. */
  addOpen(thread: number): void {
    Atomics.add(this.words, thread * WORDS + OPEN, 1);
    Atomics.add(this.words, thread * WORDS + AWAKENED, 1);
  }

  /** One was given to somebody else before it was served. */
  takeBack(thread: number): void {
    Atomics.sub(this.words, thread * WORDS + ACCEPTED, 1);
    Atomics.sub(this.words, thread * WORDS + OPEN, 1);
  }

  release(thread: number): void {
    Atomics.sub(this.words, thread * WORDS + OPEN, 1);
  }

  /** The thread has ended, and all its connections with it. */
  clear(thread: number): void {
    Atomics.store(this.words, thread * WORDS + OPEN, 0);
  }

  of(thread: number, name: string): ThreadLoad {
    return {
      index: thread,
      name,
      accepted: this.word(thread, ACCEPTED) >>> 0,
      awakened: this.word(thread, AWAKENED) >>> 0,
      open: this.word(thread, OPEN),
    };
  }

  private word(thread: number, which: number): number {
    return Atomics.load(this.words, thread * WORDS + which);
  }
}
