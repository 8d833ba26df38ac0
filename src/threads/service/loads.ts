/**
 * How many connections each worker of a runtime has had of a service, and has: three words a worker that all can read.
 * Sums wrap at 2^32.
 */
import type { WorkerLoad } from './options.js';

const WORDS = 3;
const ACCEPTED = 0;
const OPEN = 1;
const AWAKENED = 2;

export class Loads {
  private readonly words: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  static for(workers: number): Loads {
    return new Loads(new SharedArrayBuffer(workers * WORDS * 4));
  }

  add(worker: number): void {
    Atomics.add(this.words, worker * WORDS + ACCEPTED, 1);
    Atomics.add(this.words, worker * WORDS + OPEN, 1);
  }

  /** One that was idle, and may have been another worker's before. */
  addOpen(worker: number): void {
    Atomics.add(this.words, worker * WORDS + OPEN, 1);
    Atomics.add(this.words, worker * WORDS + AWAKENED, 1);
  }

  /** One was given to somebody else before it was served. */
  takeBack(worker: number): void {
    Atomics.sub(this.words, worker * WORDS + ACCEPTED, 1);
    Atomics.sub(this.words, worker * WORDS + OPEN, 1);
  }

  release(worker: number): void {
    Atomics.sub(this.words, worker * WORDS + OPEN, 1);
  }

  /** The worker has ended, and all its connections with it. */
  clear(worker: number): void {
    Atomics.store(this.words, worker * WORDS + OPEN, 0);
  }

  of(worker: number, name: string): WorkerLoad {
    return {
      index: worker,
      name,
      accepted: this.word(worker, ACCEPTED) >>> 0,
      awakened: this.word(worker, AWAKENED) >>> 0,
      open: this.word(worker, OPEN),
    };
  }

  private word(worker: number, which: number): number {
    return Atomics.load(this.words, worker * WORDS + which);
  }
}
