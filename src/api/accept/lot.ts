/**
 * Whose each idle connection of a service is: a word for each descriptor number, that all threads see. A connection that
 * is parked is nobody's, until one claims it by taking the word back to zero: who is served an event for it, or who
 * finds that it has been idle for too long. So it has one owner at a time, whatever is late.
 */

/** Not parked. */
const NOBODYS_BUSINESS = 0;

export class ParkingLot {
  private readonly words: Int32Array;

  constructor(readonly buffer: SharedArrayBuffer) {
    this.words = new Int32Array(buffer);
  }

  /** @param descriptors how many the process may have. */
  static for(descriptors: number): ParkingLot {
    return new ParkingLot(new SharedArrayBuffer(4 * descriptors));
  }

  /** Whether there is a word for it. */
  hasRoom(fd: number): boolean {
    return fd < this.words.length;
  }

  /** @param nowS seconds since something. */
  park(fd: number, nowS: number): void {
    Atomics.store(this.words, fd, nowS + 1);
  }

  /** @returns whether it was parked; it is the caller's then. */
  claim(fd: number): boolean {
    return Atomics.exchange(this.words, fd, NOBODYS_BUSINESS) !== NOBODYS_BUSINESS;
  }

  /** Claims all that were parked before `untilS`. */
  claimOld(untilS: number): number[] {
    const claimed: number[] = [];
    this.words.forEach((word, fd) => {
      if (word === NOBODYS_BUSINESS || word - 1 >= untilS) return;
      if (Atomics.compareExchange(this.words, fd, word, NOBODYS_BUSINESS) === word) claimed.push(fd);
    });
    return claimed;
  }
}
