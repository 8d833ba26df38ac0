/**
 * Edge mode: descriptors to try without an event, since a budget cut them off or an operation was added. They are tried
 * in the order in which they were listed: one that is listed again comes after the others.
 */
import type { Descriptor } from '../operations/operation.js';

/** A bit of `Descriptor.maybeReady` that is no readiness. */
const LISTED = 128;

export class ReadyList {
  private listed: Descriptor[] = [];
  private trying: Descriptor[] = [];
  private tried = 0;

  get isEmpty(): boolean {
    return this.trying.length === 0 && this.listed.length === 0;
  }

  /** Whether some have not been tried of those that were listed at the last `turnOver`. */
  get hasUntried(): boolean {
    return this.tried < this.trying.length;
  }

  add(descriptor: Descriptor): void {
    if ((descriptor.maybeReady & LISTED) !== 0) return;
    descriptor.maybeReady |= LISTED;
    this.listed.push(descriptor);
  }

  /** Begins with those that are listed now, if all of those before have been taken. @returns whether it did. */
  turnOver(): boolean {
    if (this.tried < this.trying.length) return false;
    this.trying.length = 0;
    this.tried = 0;
    [this.trying, this.listed] = [this.listed, this.trying];
    return true;
  }

  /** The next to try, off the list; undefined: `turnOver` brings those that were listed since. */
  take(): Descriptor | undefined {
    if (this.tried === this.trying.length) return undefined;
    const descriptor = this.trying[this.tried++];
    descriptor.maybeReady &= ~LISTED;
    return descriptor;
  }
}
