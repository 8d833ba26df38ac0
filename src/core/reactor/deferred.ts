/** What is told at the end of a turn: callbacks that must not run within the call that caused them. */

/** Something to be told at the end of the turn, and not within the call that caused it. */
export interface Deferred {
  onDeferred(): void;
}

export class DeferredList {
  private list: Deferred[] = [];

  get isEmpty(): boolean {
    return this.list.length === 0;
  }

  add(deferred: Deferred): void {
    this.list.push(deferred);
  }

  /** An exception of one leaves those behind it for the next call. */
  run(): void {
    // What is deferred meanwhile waits for the next turn, so that no chain of callbacks can hold this one for ever.
    const batch = this.list;
    if (batch.length === 0) return;
    this.list = [];
    let index = 0;
    try {
      while (index < batch.length) batch[index++].onDeferred();
    } finally {
      if (index < batch.length) this.list = batch.slice(index).concat(this.list);
    }
  }
}
